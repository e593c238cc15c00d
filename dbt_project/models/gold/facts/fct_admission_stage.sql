{# Steps of applications; a stage that was entered twice is reached on its first day. #}
with application as (
    select distinct on (given.application_id)
        given.application_id,
        given.school_id,
        given.grade_level,
        given.entry_year
    from {{ ref('conformed_admission_application') }} as given
    where {{ in_term('given') }}
    order by given.application_id asc, given._load_id desc
)

select
    {{ this_term() }} as term_key,
    {{ edu_key('application', 'event.application_id') }} as application_key,
    event.stage,
    {{ edu_key('school', 'application.school_id') }} as school_key,
    coalesce(application.grade_level, 'unknown') as grade_level,
    application.entry_year,
    min(event.reached_date) as reached_date,
    max(event._load_id) as _load_id,
    application.school_id
from {{ ref('conformed_admission_stage_event') }} as event
inner join application on event.application_id = application.application_id
where {{ in_term('event') }}
group by event.application_id, event.stage, application.school_id, application.grade_level, application.entry_year
