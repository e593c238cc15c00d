{#
    Identifiers that a person has to look at: those whose student no register describes, and accounts without a number
    whose holder's names a student of the register has. Nothing is built from this view.
#}
{{ config(materialized='view') }}

with rule as (
    select
        term.term_key,
        candidate.matched_by,
        candidate.confidence,
        candidate.rule_version
    from {{ ref('rule_student_identifier') }} as candidate
    inner join {{ source('etl', 'network') }} as network
        on candidate.authority = {{ authority_of('rule_student_identifier') }}
    inner join {{ source('etl', 'term') }} as term
        on
            term.instructional_start >= coalesce(candidate.effective_from, '-infinity')
            and term.instructional_start < coalesce(candidate.effective_to, 'infinity')
),

unmatched as (
    select
        bridge.term_key,
        bridge.feed,
        bridge.identifier
    from {{ ref('bridge_student_identifier') }} as bridge
    where bridge.matched_by = 'unmatched' and bridge.must_be_registered
),

-- a state's number that the register gives to several students
of_state as (
    select distinct
        unmatched.term_key,
        unmatched.feed,
        unmatched.identifier,
        demographic.student_id as candidate_id,
        'state_number' as matched_by
    from unmatched
    inner join {{ ref('conformed_student_demographic') }} as demographic
        on
            unmatched.term_key = demographic.term_key
            and unmatched.identifier = 'state:' || demographic.state_student_id
),

person as (
    select distinct
        student.term_key,
        student.student_id,
        lower(trim(student.given_name)) as given_name,
        lower(trim(student.family_name)) as family_name,
        student.grade_level,
        demographic.birth_date
    from {{ ref('conformed_student') }} as student
    left join {{ ref('conformed_student_demographic') }} as demographic
        on
            student.term_key = demographic.term_key
            and student.student_id = demographic.student_id
),

-- of one student the surest of several rows
by_name as (
    select distinct on (account.term_key, account._feed, account.account_id, person.student_id)
        account.term_key,
        account._feed as feed,
        account.account_id as identifier,
        person.student_id as candidate_id,
        case
            when account.birth_date = person.birth_date then 'name_and_birth_date'
            when account.grade_level = person.grade_level then 'name_and_grade'
            else 'name'
        end as matched_by
    from {{ ref('conformed_student_account') }} as account
    inner join person
        on
            account.term_key = person.term_key
            and lower(trim(account.given_name)) = person.given_name
            and lower(trim(account.family_name)) = person.family_name
            and coalesce(account.birth_date, person.birth_date) is not distinct from
            coalesce(person.birth_date, account.birth_date)
    order by
        account.term_key asc, account._feed asc, account.account_id asc, person.student_id asc,
        account.birth_date = person.birth_date desc nulls last,
        account.grade_level = person.grade_level desc nulls last
),

candidate as (
    select * from of_state
    union all
    select * from by_name
),

listed as (
    select
        candidate.term_key,
        candidate.feed,
        candidate.identifier,
        candidate.candidate_id,
        candidate.matched_by
    from candidate
    union all
    select
        unmatched.term_key,
        unmatched.feed,
        unmatched.identifier,
        cast(null as text) as candidate_id,
        'unmatched' as matched_by
    from unmatched
    left join of_state
        on
            unmatched.term_key = of_state.term_key
            and unmatched.feed = of_state.feed
            and unmatched.identifier = of_state.identifier
    where of_state.identifier is null
)

select
    listed.term_key,
    listed.feed,
    listed.identifier,
    count(listed.candidate_id) over (
        partition by listed.term_key, listed.feed, listed.identifier
    ) as candidates,
    listed.candidate_id,
    listed.matched_by,
    rule.confidence,
    rule.rule_version
from listed
left join rule
    on
        listed.term_key = rule.term_key
        and listed.matched_by = rule.matched_by
