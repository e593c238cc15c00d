{# The state of each learner on each day, up to the last on which anything was heard of any learner. #}
{{ config(materialized='view') }}

with heard as (
    select
        greatest(
            max(happening.begin_date),
            max(happening.end_date) filter (where happening.event = 'activity') - 1
        ) as last_day
    from {{ ref('fct_learner_event') }} as happening
)

select
    lifecycle.student_key,
    calendar_day.date_day as as_of_date,
    calendar_day.term_key,
    lifecycle.lifecycle_state,
    calendar_day.date_day - lifecycle.begin_date + 1 as days_in_state,
    lifecycle.rule_version
from {{ ref('mart_student_lifecycle') }} as lifecycle
cross join heard
inner join {{ ref('dim_date') }} as calendar_day
    on
        lifecycle.begin_date <= calendar_day.date_day
        and (lifecycle.end_date is null or lifecycle.end_date > calendar_day.date_day)
        and heard.last_day >= calendar_day.date_day
