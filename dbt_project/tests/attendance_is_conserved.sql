{{ config(meta={
    'what': 'what was reported for a student and day is in fct_attendance or in attendance_outside_enrollment',
    'why': 'a report that is in neither is lost, one in both counts twice',
    'mend': 'compare fct_attendance_report with both for the term, and build the term again',
}) }}

with given as (
    select count(*) as reports
    from {{ ref('fct_attendance_report') }} as report
    where {{ in_term('report') }}
),

inside as (
    select count(*) as reports
    from {{ ref('fct_attendance') }} as attendance
    where {{ in_term('attendance') }} and attendance.day_source is not null
),

outside as (
    select count(*) as reports
    from {{ ref('attendance_outside_enrollment') }} as error
    where {{ in_term('error') }}
)

select
    given.reports as reports_given,
    inside.reports as reports_inside,
    outside.reports as reports_outside
from given
cross join inside
cross join outside
where given.reports <> inside.reports + outside.reports
