{#
    What was reported for a day that is no day of membership: the part of raw attendance that
    fct_attendance does not hold. Errors of the source, shown and counted, never lost.
#}
with report as (
    select report.*
    from {{ ref('fct_attendance_report') }} as report
    where {{ in_term('report') }}
),

-- grouped rather than joined: PostgreSQL would pair each report with every day of the student
laid_over as (
    select
        report.term_key,
        report.student_key,
        report.school_key,
        report.attendance_date,
        report.attendance_code,
        report._load_id,
        true as is_report
    from report
    union all
    select
        day_enrolled.term_key,
        day_enrolled.student_key,
        day_enrolled.school_key,
        day_enrolled.attendance_date,
        null as attendance_code,
        null as _load_id,
        false as is_report
    from {{ ref('fct_attendance') }} as day_enrolled
    where {{ in_term('day_enrolled') }}
),

outside as (
    select
        laid_over.term_key,
        laid_over.student_key,
        laid_over.school_key,
        laid_over.attendance_date,
        max(laid_over.attendance_code) as attendance_code,
        max(laid_over._load_id) as _load_id
    from laid_over
    group by laid_over.term_key, laid_over.student_key, laid_over.school_key, laid_over.attendance_date
    having bool_and(laid_over.is_report)
),

enrolled_grade as (
    select
        enrollment.term_key,
        enrollment.student_key,
        enrollment.school_key,
        max(enrollment.grade_level) as grade_level
    from {{ ref('fct_enrollment') }} as enrollment
    where {{ in_term('enrollment') }}
    group by enrollment.term_key, enrollment.student_key, enrollment.school_key
)

select
    outside.term_key,
    outside.student_key,
    outside.school_key,
    outside.attendance_date,
    outside.attendance_code,
    coalesce(enrolled_grade.grade_level, 'unknown') as grade_level,
    case when school_day.school_date is null then 'no_school_day' else 'not_enrolled' end as reason,
    outside._load_id
from outside
left join {{ source('etl', 'school_day') }} as school_day
    on
        outside.term_key = school_day.term_key
        and outside.school_key = {{ edu_key('school', 'school_day.school_id') }}
        and outside.attendance_date = school_day.school_date
left join enrolled_grade
    on
        outside.term_key = enrolled_grade.term_key
        and outside.student_key = enrolled_grade.student_key
        and outside.school_key = enrolled_grade.school_key
