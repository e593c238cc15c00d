{# The school's attendance by grade, in parts that add up; a rate is a sum over a sum. #}
with rule as (
    {{ rule_of_term('rule_chronic_absence') }}
),

counted as (
    select
        attendance.school_key,
        attendance.grade_level,
        {{ attendance_parts('attendance') }},
        count(distinct attendance.attendance_date) filter (where not attendance.is_school_reported)
            as school_days_unreported,
        count(*) filter (where attendance.is_reported and attendance.day_source = 'periods')
            as days_reported_by_periods,
        count(*) filter (where attendance.is_reported and attendance.day_source = 'taps') as days_reported_by_taps,
        {%- for weekday in weekdays() %}
            count(*) filter (
                where attendance.is_reported and extract(isodow from attendance.attendance_date) = {{ loop.index }}
            ) as days_reported_{{ weekday }},
            coalesce(sum(attendance.absent_portion) filter (
                where extract(isodow from attendance.attendance_date) = {{ loop.index }}
            ), 0) as days_absent_{{ weekday }},
        {%- endfor %}
        count(distinct attendance.student_key) as students
    from {{ ref('fct_attendance') }} as attendance
    where {{ in_term('attendance') }}
    group by attendance.school_key, attendance.grade_level
),

flagged as (
    select
        student.school_key,
        student.grade_level,
        count(*) filter (where student.is_term_absence_10pct) as students_term_absence_10pct,
        count(*) filter (where student.is_term_absence_10pct is not null) as students_term_absence_eligible
    from {{ ref('mart_student_attendance') }} as student
    where {{ in_term('student') }}
    group by student.school_key, student.grade_level
),

outside as (
    select
        report.school_key,
        report.grade_level,
        count(*) as reports_outside_enrollment
    from {{ ref('attendance_outside_enrollment') }} as report
    where {{ in_term('report') }}
    group by report.school_key, report.grade_level
),

-- a grade that has reports outside every membership alone has a row too
place as (
    select
        counted.school_key,
        counted.grade_level
    from counted
    union
    select
        outside.school_key,
        outside.grade_level
    from outside
    union
    select
        flagged.school_key,
        flagged.grade_level
    from flagged
)

select
    {{ this_term() }} as term_key,
    place.school_key,
    place.grade_level,
    coalesce(counted.students, 0) as students,
    {%- for part in attendance_part_names() %}
        coalesce(counted.{{ part }}, 0) as {{ part }},
    {%- endfor %}
    coalesce(counted.school_days_unreported, 0) as school_days_unreported,
    coalesce(counted.days_reported_by_periods, 0) as days_reported_by_periods,
    coalesce(counted.days_reported_by_taps, 0) as days_reported_by_taps,
    {%- for weekday in weekdays() %}
        coalesce(counted.days_reported_{{ weekday }}, 0) as days_reported_{{ weekday }},
        coalesce(counted.days_absent_{{ weekday }}, 0) as days_absent_{{ weekday }},
    {%- endfor %}
    coalesce(flagged.students_term_absence_10pct, 0) as students_term_absence_10pct,
    coalesce(flagged.students_term_absence_eligible, 0) as students_term_absence_eligible,
    coalesce(outside.reports_outside_enrollment, 0) as reports_outside_enrollment,
    rule.rule_version
from place
left join rule on true
left join counted on place.school_key = counted.school_key and place.grade_level = counted.grade_level
left join flagged on place.school_key = flagged.school_key and place.grade_level = flagged.grade_level
left join outside on place.school_key = outside.school_key and place.grade_level = outside.grade_level
