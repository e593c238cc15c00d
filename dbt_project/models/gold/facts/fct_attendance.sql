{#
    A student's every day in session at a school. Days enrolled come from the calendar and the membership;
    what was reported is laid over them, so that a day without a report is unreported, not present. A
    secondary membership is of the days that the school reports alone: the primary school keeps the register, and a
    student is in membership once.
#}
with rule as (
    {{ rule_of_term('rule_chronic_absence') }}
),

-- a network without any feed that gives a day, or that of which its schools make days, expects no report, so it has
-- no attendance days
expected as (
    select count(*) > 0 as is_expected
    from {{ source('etl', 'feed_entity') }} as given
    left join {{ source('etl', 'daily_attendance_rule') }} as chosen
        on
            (chosen.made_of = 'periods' and given.entity = 'section_attendance')
            or (chosen.made_of = 'taps' and given.entity = 'attendance_tap')
    where given.entity = 'daily_attendance' or chosen.made_of is not null
),

day_enrolled as (
    select distinct on (enrollment.student_key, enrollment.school_key, school_day.school_date)
        enrollment.student_key,
        enrollment.school_key,
        school_day.school_date,
        enrollment.grade_level,
        enrollment.is_primary
    from {{ ref('fct_enrollment') }} as enrollment
    cross join {{ source('etl', 'network') }} as network
    cross join expected
    inner join {{ source('etl', 'school_day') }} as school_day
        on
            {{ in_term('school_day') }}
            and enrollment.school_key = {{ edu_key('school', 'school_day.school_id') }}
            and school_day.school_date >= {{ enrolled_from('enrollment') }}
            and school_day.school_date <= {{ enrolled_until('enrollment', 'network') }}
    where
        {{ in_term('enrollment') }}
        and not enrollment.is_no_show
        and expected.is_expected
    order by
        enrollment.student_key asc, enrollment.school_key asc, school_day.school_date asc,
        enrollment.is_primary desc, enrollment.entry_date desc nulls last
),

report as (
    select report.*
    from {{ ref('fct_attendance_report') }} as report
    where {{ in_term('report') }}
),

reported_school_day as (
    select distinct
        report.school_key,
        report.attendance_date
    from report
)

select
    {{ this_term() }} as term_key,
    day_enrolled.student_key,
    day_enrolled.school_key,
    day_enrolled.school_date as attendance_date,
    day_enrolled.grade_level,
    report.absent_portion is not null as is_reported,
    reported_school_day.school_key is not null as is_school_reported,
    report.day_source,
    report.attendance_code,
    report.attendance_category,
    report.absent_portion,
    case
        when report.absent_portion is null then null
        when report.absent_portion * rule.absent_day_denominator = rule.absent_day_numerator
            then rule.absent_at_boundary
        else report.absent_portion * rule.absent_day_denominator > rule.absent_day_numerator
    end as is_absent_day,
    report.daily_rule_version,
    rule.rule_version,
    report._load_id
from day_enrolled
left join rule on true
left join report
    on
        day_enrolled.student_key = report.student_key
        and day_enrolled.school_key = report.school_key
        and day_enrolled.school_date = report.attendance_date
left join reported_school_day
    on
        day_enrolled.school_key = reported_school_day.school_key
        and day_enrolled.school_date = reported_school_day.attendance_date
where day_enrolled.is_primary is not false or report.student_key is not null
