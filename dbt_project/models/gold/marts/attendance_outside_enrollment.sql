{#
    What was reported for a day that is no day of membership: the part of raw attendance that
    fct_attendance does not hold. Errors of the source, shown and counted, never lost.
#}
{{ config(materialized='view') }}

with report as (
    select distinct on (
        attendance.term_key, attendance.student_id, attendance.school_id, attendance.attendance_date
    )
        attendance.term_key,
        {{ edu_key('student', 'attendance.student_id') }} as student_key,
        {{ edu_key('school', 'attendance.school_id') }} as school_key,
        attendance.school_id,
        attendance.attendance_date,
        attendance.attendance_code,
        attendance._load_id
    from {{ ref('conformed_daily_attendance') }} as attendance
    order by
        attendance.term_key asc, attendance.student_id asc, attendance.school_id asc,
        attendance.attendance_date asc, attendance._load_id desc, attendance._feed asc
),

enrolled_grade as (
    select
        enrollment.term_key,
        enrollment.student_key,
        enrollment.school_key,
        max(enrollment.grade_level) as grade_level
    from {{ ref('fct_enrollment') }} as enrollment
    group by enrollment.term_key, enrollment.student_key, enrollment.school_key
)

select
    report.term_key,
    report.student_key,
    report.school_key,
    report.attendance_date,
    report.attendance_code,
    coalesce(enrolled_grade.grade_level, 'unknown') as grade_level,
    case when school_day.school_date is null then 'no_school_day' else 'not_enrolled' end as reason,
    report._load_id
from report
left join {{ ref('fct_attendance') }} as day_enrolled
    on
        report.term_key = day_enrolled.term_key
        and report.student_key = day_enrolled.student_key
        and report.school_key = day_enrolled.school_key
        and report.attendance_date = day_enrolled.attendance_date
left join {{ source('etl', 'school_day') }} as school_day
    on
        report.term_key = school_day.term_key
        and report.school_id = school_day.school_id
        and report.attendance_date = school_day.school_date
left join enrolled_grade
    on
        report.term_key = enrolled_grade.term_key
        and report.student_key = enrolled_grade.student_key
        and report.school_key = enrolled_grade.school_key
where day_enrolled.term_key is null
