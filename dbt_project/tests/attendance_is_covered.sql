{{ config(severity='warn', meta={
    'what': 'each school reported at least nine tenths of its student days, up to the last day that any school reported',
    'why': 'rates are of reported days alone: a school that reports its good days looks better than it is',
    'mend': 'ask the school for the missing days; the days are those of fct_attendance that are not is_reported',
}) }}

select
    attendance.school_key,
    count(*) as days_enrolled,
    count(*) filter (where attendance.is_reported) as days_reported
from {{ ref('fct_attendance') }} as attendance
where
    {{ in_term('attendance') }}
    and attendance.attendance_date <= (
        select max(reported.attendance_date)
        from {{ ref('fct_attendance') }} as reported
        where {{ in_term('reported') }} and reported.is_reported
    )
group by attendance.school_key
having count(*) filter (where attendance.is_reported) < 0.9 * count(*)
