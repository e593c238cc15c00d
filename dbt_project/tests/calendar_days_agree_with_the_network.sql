{{ config(severity='warn', meta={
    'what': 'the days in session of the network file are the instructional days of the schools\' own calendars',
    'why': 'days enrolled are the network file\'s: a day that the school did not teach is unreported or absent for'
        ~ ' everybody, one that it taught and the file does not know makes every report of it one outside of membership',
    'mend': 'correct the closures or term dates in the network file, deploy and build the term again; or have the'
        ~ ' calendar corrected in the student information system',
    'names': ['school_id', 'first_day', 'last_day', 'days', 'difference'],
}) }}

{# Of schools of which a calendar was sent; a day of any of a school's calendars counts. #}
with taught as (
    select distinct
        day.school_id,
        day.calendar_date as school_date
    from {{ ref('conformed_calendar_day') }} as day
    where {{ in_term('day') }} and day.is_instructional
),

declared as (
    select
        school_day.school_id,
        school_day.school_date
    from {{ source('etl', 'school_day') }} as school_day
    where
        {{ in_term('school_day') }}
        and school_day.school_id in (
            select day.school_id
            from {{ ref('conformed_calendar_day') }} as day
            where {{ in_term('day') }}
        )
),

differing as (
    select
        coalesce(taught.school_id, declared.school_id) as school_id,
        coalesce(taught.school_date, declared.school_date) as school_date,
        case when declared.school_id is null then 'in the calendar alone' else 'in the network file alone' end
            as difference
    from taught
    full join declared on taught.school_id = declared.school_id and taught.school_date = declared.school_date
    where taught.school_id is null or declared.school_id is null
)

select
    differing.school_id,
    min(differing.school_date) as first_day,
    max(differing.school_date) as last_day,
    count(*) as days,
    differing.difference
from differing
group by differing.school_id, differing.difference
-- the check is one of the days that rest on the calendar; depends_on: {{ ref('fct_attendance') }}
