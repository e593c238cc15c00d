{#
    A student's attendance at a school in the term, in parts that add up over terms. The longest streak and
    the term's flag do not add up: they hold within this term alone.
#}
with school_day as (
    select
        attendance.*,
        row_number() over member - row_number() over alike as run
    from {{ ref('fct_attendance') }} as attendance
    where {{ in_term('attendance') }}
    window
        member as (
            partition by attendance.student_key, attendance.school_key, attendance.is_reported
            order by attendance.attendance_date
        ),
        alike as (
            partition by
                attendance.student_key, attendance.school_key, attendance.is_reported, attendance.is_absent_day
            order by attendance.attendance_date
        )
),

streak as (
    select
        lasting.student_key,
        lasting.school_key,
        max(lasting.days) as longest_absence_streak
    from (
        select
            school_day.student_key,
            school_day.school_key,
            count(*) as days
        from school_day
        where school_day.is_absent_day
        group by school_day.student_key, school_day.school_key, school_day.run
    ) as lasting
    group by lasting.student_key, lasting.school_key
),

counted as (
    select
        school_day.term_key,
        school_day.student_key,
        school_day.school_key,
        (array_agg(school_day.grade_level order by school_day.attendance_date desc))[1] as grade_level,
        {{ attendance_parts('school_day') }},
        min(school_day.rule_version) as rule_version
    from school_day
    group by school_day.term_key, school_day.student_key, school_day.school_key
)

select
    counted.*,
    coalesce(streak.longest_absence_streak, 0) as longest_absence_streak,
    {{ chronically_absent('counted', 'rule') }} as is_term_absence_10pct
from counted
inner join {{ ref('rule_chronic_absence') }} as rule on counted.rule_version = rule.rule_version
left join streak
    on counted.student_key = streak.student_key and counted.school_key = streak.school_key
