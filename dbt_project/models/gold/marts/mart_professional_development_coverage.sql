{#
    Who has reached the hours that the academic year asks of the role, in the year to date. Hours are carried with the
    person over terms, schools and roles; the role is the one held at the end of the term.
#}
{{ config(materialized='view') }}

with asked as (
    select distinct
        as_of.term_key as as_of_term_key,
        as_of.academic_year,
        as_of.ordinal,
        development.school_key,
        development.role,
        development.topic,
        development.hours_required,
        development.rule_version,
        assignment.staff_key
    from {{ ref('mart_professional_development') }} as development
    inner join {{ ref('dim_academic_term') }} as as_of on development.term_key = as_of.term_key
    inner join {{ ref('fct_staff_assignment') }} as assignment
        on
            development.term_key = assignment.term_key
            and development.school_key = assignment.school_key
            and development.role = assignment.role
            and assignment.is_held
    where development.hours_required is not null
),

learned as (
    select
        term.academic_year,
        term.ordinal,
        learning.staff_key,
        learning.topic,
        sum(learning.hours) as hours
    from {{ ref('fct_professional_learning') }} as learning
    inner join {{ ref('dim_academic_term') }} as term on learning.term_key = term.term_key
    where learning.is_counted
    group by term.academic_year, term.ordinal, learning.staff_key, learning.topic
),

to_date as (
    select
        asked.as_of_term_key,
        asked.school_key,
        asked.role,
        asked.topic,
        asked.staff_key,
        asked.hours_required,
        asked.rule_version,
        coalesce(sum(learned.hours), 0) as hours_completed
    from asked
    left join learned
        on
            asked.academic_year = learned.academic_year
            and asked.ordinal >= learned.ordinal
            and asked.staff_key = learned.staff_key
            and asked.topic = learned.topic
    group by
        asked.as_of_term_key, asked.school_key, asked.role, asked.topic, asked.staff_key, asked.hours_required,
        asked.rule_version
)

select
    to_date.as_of_term_key,
    to_date.school_key,
    to_date.role,
    to_date.topic,
    to_date.hours_required,
    count(distinct to_date.staff_key) as staff_required,
    count(distinct to_date.staff_key) filter (where to_date.hours_completed >= to_date.hours_required) as staff_covered,
    sum(to_date.hours_completed) as hours_completed,
    sum(least(to_date.hours_completed, to_date.hours_required)) as hours_counted,
    to_date.rule_version
from to_date
group by
    to_date.as_of_term_key, to_date.school_key, to_date.role, to_date.topic, to_date.hours_required,
    to_date.rule_version
