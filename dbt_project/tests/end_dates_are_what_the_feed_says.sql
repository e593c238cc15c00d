{{ config(severity='warn', meta={
    'what': 'no attendance was reported for the very day on which a membership is said to end',
    'why': 'OneRoster ends are the first day no longer enrolled, many exports send the last day: such reports, many'
        ~ ' of them present, say that the feed means the last day, and every leaver lacks a day',
    'mend': 'ask the sender; where its ends are the last day, set end_dates: inclusive for the feed in the network'
        ~ ' file, deploy and build its terms again',
}) }}

select
    enrollment.school_key,
    count(*) as reports_on_the_end_date
from {{ ref('fct_enrollment') }} as enrollment
inner join {{ ref('attendance_outside_enrollment') }} as report
    on
        enrollment.term_key = report.term_key
        and enrollment.student_key = report.student_key
        and enrollment.school_key = report.school_key
        and enrollment.exit_date = report.attendance_date
where {{ in_term('enrollment') }} and {{ in_term('report') }}
group by enrollment.school_key
