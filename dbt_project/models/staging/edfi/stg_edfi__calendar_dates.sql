{# A day is in session where one of its events says so (seed calendar_event_codes). #}
with event as (
    select
        day.calendar_reference_school_id as school_id,
        day.calendar_reference_calendar_code as calendar_code,
        day.date as calendar_date,
        trim(regexp_split_to_table(
            coalesce({{ edfi_codes('day.calendar_events', 'calendarEventDescriptor') }}, ''), ','
        )) as calendar_event,
        day.term_key,
        day._feed,
        day._load_id,
        day._ingested_at
    from {{ source('raw_zone', 'edfi__calendar_dates') }} as day
    where {{ edfi_stands('day') }}
)

select
    event.school_id,
    event.calendar_code,
    event.calendar_date,
    coalesce(bool_or(code.is_instructional), false) as is_instructional,
    cast(null as text) as bell_schedule,
    event.term_key,
    event._feed,
    event._load_id,
    event._ingested_at
from event
left join {{ ref('calendar_event_codes') }} as code
    on code.system = 'edfi' and event.calendar_event = code.calendar_event
group by
    event.school_id, event.calendar_code, event.calendar_date, event.term_key, event._feed, event._load_id,
    event._ingested_at
