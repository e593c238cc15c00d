{{ config(meta={
    'what': 'what was reported for a student and day is in fct_attendance or in attendance_outside_enrollment',
    'why': 'a report that is in neither is lost, one in both counts twice',
    'mend': 'compare conformed_daily_attendance with both for the term; a staging view that drops or doubles'
        ~ ' rows is the usual cause',
}) }}

with given as (
    select count(*) as reports
    from (
        select distinct
            report.student_id,
            report.school_id,
            report.attendance_date
        from {{ ref('conformed_daily_attendance') }} as report
        where {{ in_term('report') }}
    ) as report
),

inside as (
    select count(*) as reports
    from {{ ref('fct_attendance') }} as attendance
    where {{ in_term('attendance') }} and attendance.attendance_code is not null
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
