{#
    A student's day. A day may have several events, such as tardy and a part absent: the one by which most of it was
    missed speaks. The duration of an event is the share missed, but of one that says present.

    Many systems send exceptions alone. Where the feed says so (`attendance: exceptions`), who is a member of a school
    and has no event on a day in session was there, up to the last day for which the school has sent any event: what
    lies behind it is not reported yet, and a school that has sent none is unreported. Otherwise silence says nothing.
#}
with event as (
    select distinct on (item.term_key, item._feed, student_id, school_id, item.event_date)
        item.student_reference_student_unique_id as student_id,
        item.school_reference_school_id as school_id,
        item.event_date as attendance_date,
        {{ edfi_code('item.attendance_event_category_descriptor') }} as attendance_code,
        case when code.category <> 'present' then item.event_duration end as absent_portion,
        item.term_key,
        item._feed,
        item._load_id,
        item._ingested_at
    from {{ source('raw_zone', 'edfi__student_school_attendance_events') }} as item
    left join {{ ref('attendance_codes') }} as code
        on
            code.system = 'edfi'
            and {{ edfi_code('item.attendance_event_category_descriptor') }} = code.attendance_code
            and item.event_date >= coalesce(code.effective_from, '-infinity')
            and item.event_date < coalesce(code.effective_to, 'infinity')
    where {{ edfi_stands('item') }}
    order by
        item.term_key asc, item._feed asc, student_id asc, school_id asc, item.event_date asc,
        case when code.category <> 'present' then coalesce(item.event_duration, code.default_absent_portion) end
        desc nulls last,
        code.category = 'tardy' desc nulls last, attendance_code asc
),

reported as (
    select
        event.term_key,
        event._feed,
        event.school_id,
        max(event.attendance_date) as last_date,
        max(event._load_id) as _load_id,
        max(event._ingested_at) as _ingested_at
    from event
    inner join {{ source('etl', 'feed') }} as feed on event._feed = feed.feed and feed.attendance = 'exceptions'
    group by event.term_key, event._feed, event.school_id
),

present as (
    select distinct
        member.student_id,
        member.school_id,
        school_day.school_date as attendance_date,
        reported.term_key,
        reported._feed,
        reported._load_id,
        reported._ingested_at
    from reported
    inner join {{ source('etl', 'school_day') }} as school_day
        on
            reported.term_key = school_day.term_key
            and {{ network_school('reported.school_id') }} = school_day.school_id
            and reported.last_date >= school_day.school_date
    inner join {{ ref('stg_edfi__student_school_associations') }} as member
        on
            reported.term_key = member.term_key
            and reported._feed = member._feed
            and reported.school_id = member.school_id
            and not member.is_no_show
            and school_day.school_date >= member.entry_date
            and school_day.school_date < coalesce(member.exit_date, 'infinity')
    left join event
        on
            member.term_key = event.term_key
            and member._feed = event._feed
            and member.student_id = event.student_id
            and member.school_id = event.school_id
            and school_day.school_date = event.attendance_date
    where event.student_id is null
)

select
    event.student_id,
    event.school_id,
    event.attendance_date,
    event.attendance_code,
    'edfi' as system,
    event.absent_portion,
    event.term_key,
    event._feed,
    event._load_id,
    event._ingested_at
from event
union all
select
    present.student_id,
    present.school_id,
    present.attendance_date,
    'In Attendance' as attendance_code,
    'edfi' as system,
    cast(null as numeric) as absent_portion,
    present.term_key,
    present._feed,
    present._load_id,
    present._ingested_at
from present
