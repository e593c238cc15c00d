{#
    When students were in programmes: spans of days, dated by the programme. Terms are read together, since a later
    term's sheet tells when a programme ended that an earlier one's has open.
#}
{{ config(materialized='view') }}

with sheet as (
    select
        stated.school_key,
        term.term_key,
        lead(term.administrative_start) over (partition by stated.school_key order by term.ordinal) as followed_on
    from (
        select distinct
            program.school_key,
            program.term_key
        from {{ ref('fct_student_program') }} as program
    ) as stated
    inner join {{ ref('dim_academic_term') }} as term on stated.term_key = term.term_key
),

-- of a participation that several terms state the last of them speaks, whichever school keeps the record then
ranked as (
    select
        program.*,
        term.ordinal,
        max(term.ordinal) over (partition by program.student_key, program.program, program.begin_date) as last_ordinal
    from {{ ref('fct_student_program') }} as program
    inner join {{ ref('dim_academic_term') }} as term on program.term_key = term.term_key
),

-- where the school's next sheet is silent of it, it is told of no longer than until then; `least` passes over nulls
span as (
    select
        ranked.student_key,
        ranked.subgroup_key,
        ranked.begin_date,
        coalesce(least(ranked.end_date, sheet.followed_on), 'infinity') as end_date,
        max(ranked.ordinal) as ordinal,
        max(ranked.rule_version) as rule_version
    from ranked
    inner join sheet on ranked.school_key = sheet.school_key and ranked.term_key = sheet.term_key
    where
        ranked.ordinal = ranked.last_ordinal
        and ranked.participates
        and ranked.subgroup_key <> {{ edu_key('subgroup', "''") }}
    group by
        ranked.student_key, ranked.subgroup_key, ranked.begin_date,
        coalesce(least(ranked.end_date, sheet.followed_on), 'infinity')
),

begun as (
    select
        span.*,
        case
            when
                span.begin_date <= max(span.end_date) over (
                    partition by span.student_key, span.subgroup_key
                    order by span.begin_date, span.end_date
                    rows between unbounded preceding and 1 preceding
                )
                then 0
            else 1
        end as begins
    from span
    where span.begin_date < span.end_date
),

joined as (
    select
        begun.*,
        sum(begun.begins) over (
            partition by begun.student_key, begun.subgroup_key
            order by begun.begin_date, begun.end_date
        ) as place
    from begun
),

spell as (
    select
        joined.student_key,
        joined.subgroup_key,
        min(joined.begin_date) as valid_from,
        nullif(max(joined.end_date), 'infinity') as valid_to,
        max(joined.ordinal) as ordinal,
        max(joined.rule_version) as rule_version
    from joined
    group by joined.student_key, joined.subgroup_key, joined.place
)

select
    spell.student_key,
    spell.subgroup_key,
    spell.valid_from,
    spell.valid_to,
    term.term_key as last_stated_term_key,
    spell.rule_version
from spell
inner join {{ ref('dim_academic_term') }} as term on spell.ordinal = term.ordinal
