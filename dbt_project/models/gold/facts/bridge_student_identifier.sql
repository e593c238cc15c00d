{#
    One row an identifier by which a feed's rows of the term name a student, with the student whom facts know by it: the
    number in force of the merges, of a state's number the student of the register. Conformed unions resolve alike.
#}
with rule as (
    {{ rule_of_term('rule_student_identifier') }}
),

identifier as (
    select
        stated._feed as feed,
        stated.system,
        stated.identifier,
        bool_or(stated.must_be_registered) as must_be_registered
    from {{ ref('student_identifiers') }} as stated
    where {{ in_term('stated') }}
    group by stated._feed, stated.system, stated.identifier
),

register as (
    select distinct student.student_id
    from {{ ref('conformed_student') }} as student
    where {{ in_term('student') }}
),

found as (
    select
        identifier.feed,
        identifier.system,
        identifier.identifier,
        identifier.must_be_registered,
        coalesce(merged.student_id, by_state.student_id, identifier.identifier) as student_id,
        case
            when merged.student_id is not null then 'merged_number'
            else coalesce(by_state.matched_by, 'register_number')
        end as matched_by,
        merged.student_id is not null as is_merged
    from identifier
    left join {{ ref('dim_student_number') }} as merged
        on identifier.identifier = merged.student_number and not merged._is_dropped
    left join {{ ref('student_of_state_number') }} as by_state
        on {{ in_term('by_state') }} and identifier.identifier = by_state.identifier
),

matched as (
    select
        found.feed,
        found.system,
        found.identifier,
        found.must_be_registered,
        found.student_id,
        case when register.student_id is null then 'unmatched' else found.matched_by end as matched_by,
        found.is_merged
    from found
    left join register on found.student_id = register.student_id
)

select
    {{ this_term() }} as term_key,
    matched.identifier,
    matched.feed,
    matched.system,
    {{ edu_key('student', 'matched.student_id') }} as student_key,
    matched.matched_by,
    rule.confidence,
    matched.is_merged,
    matched.must_be_registered,
    rule.rule_version,
    matched.student_id
from matched
left join rule on matched.matched_by = rule.matched_by
