{#
    What was said of a student's day at a school, by the best source that speaks of the school's day: its daily file,
    else attendance by period, else taps at its readers. How periods and taps become a day is the school's rule.
#}
with chosen as (
    select
        {{ edu_key('school', 'school.school_id') }} as school_key,
        school.school_id,
        rule.*
    from {{ source('etl', 'daily_attendance_rule') }} as school
    inner join {{ ref('rule_daily_attendance') }} as rule
        on school.made_of = rule.system and school.method = rule.method
),

-- the daily file ---------------------------------------------------------------------------------

daily as (
    select distinct on (attendance.student_id, attendance.school_id, attendance.attendance_date)
        {{ edu_key('student', 'attendance.student_id') }} as student_key,
        {{ edu_key('school', 'attendance.school_id') }} as school_key,
        attendance.attendance_date,
        attendance.attendance_code,
        coalesce(code.category, 'unmapped') as attendance_category,
        coalesce(attendance.absent_portion, code.default_absent_portion) as absent_portion,
        attendance._load_id
    from {{ ref('conformed_daily_attendance') }} as attendance
    left join {{ ref('attendance_codes') }} as code
        on
            attendance.system = code.system
            and attendance.attendance_code = code.attendance_code
            and attendance.attendance_date >= coalesce(code.effective_from, '-infinity')
            and attendance.attendance_date < coalesce(code.effective_to, 'infinity')
    where {{ in_term('attendance') }}
    order by
        attendance.student_id asc, attendance.school_id asc, attendance.attendance_date asc,
        attendance._load_id desc, attendance._feed asc
),

-- the hours of a day: the calendar names its bell schedule; where it names none, the school's only one holds ------

period as (
    select distinct on (bell.school_id, bell.bell_schedule, bell.period) bell.*
    from {{ ref('conformed_bell_period') }} as bell
    where {{ in_term('bell') }}
    order by bell.school_id asc, bell.bell_schedule asc, bell.period asc, bell._load_id desc, bell._feed asc
),

only_schedule as (
    select
        period.school_id,
        min(period.bell_schedule) as bell_schedule
    from period
    group by period.school_id
    having count(distinct period.bell_schedule) = 1
),

named_schedule as (
    select distinct on (day.school_id, day.calendar_date)
        day.school_id,
        day.calendar_date,
        day.bell_schedule
    from {{ ref('conformed_calendar_day') }} as day
    where {{ in_term('day') }} and day.is_instructional and day.bell_schedule is not null
    order by
        day.school_id asc, day.calendar_date asc, day.calendar_code asc, day._load_id desc, day._feed asc
),

hours as (
    select
        {{ edu_key('school', 'school_day.school_id') }} as school_key,
        school_day.school_date,
        period.period,
        period.start_time,
        school_day.school_date + period.start_time as begins_at,
        school_day.school_date + period.end_time as ends_at,
        extract(epoch from period.end_time - period.start_time) / 60 as minutes,
        period.is_official
    from {{ source('etl', 'school_day') }} as school_day
    left join named_schedule
        on school_day.school_id = named_schedule.school_id and school_day.school_date = named_schedule.calendar_date
    left join only_schedule on school_day.school_id = only_schedule.school_id
    inner join period
        on
            school_day.school_id = period.school_id
            and coalesce(named_schedule.bell_schedule, only_schedule.bell_schedule) = period.bell_schedule
    where
        {{ in_term('school_day') }}
        and period.end_time > period.start_time
        and school_day.school_id in (select chosen.school_id from chosen)
),

-- attendance by period ---------------------------------------------------------------------------

section as (
    select
        attendance.student_key,
        attendance.school_key,
        attendance.attendance_date,
        attendance.is_marked,
        case when attendance.is_marked then attendance.attendance_code else unmarked.attendance_code end
            as attendance_code,
        case when attendance.is_marked then attendance.attendance_category else unmarked.category end
            as attendance_category,
        case when attendance.is_marked then attendance.absent_portion else unmarked.default_absent_portion end
            as absent_portion,
        attendance.minutes_absent,
        hours.minutes,
        hours.is_official,
        rank() over (
            partition by
                attendance.student_key, attendance.school_key, attendance.attendance_date,
                hours.start_time >= rule.afternoon_from
            order by hours.start_time
        ) as place_in_half,
        rule.sections,
        rule.measure,
        rule.rule_version,
        attendance._load_id
    from {{ ref('fct_section_attendance') }} as attendance
    inner join chosen as rule
        on
            attendance.school_key = rule.school_key
            and rule.system = 'periods'
            and attendance.attendance_date >= coalesce(rule.effective_from, '-infinity')
            and attendance.attendance_date < coalesce(rule.effective_to, 'infinity')
    left join hours
        on
            attendance.school_key = hours.school_key
            and attendance.attendance_date = hours.school_date
            and attendance.period = hours.period
    left join {{ ref('attendance_codes') }} as unmarked
        on
            rule.system = unmarked.system
            and rule.unmarked_code = unmarked.attendance_code
            and attendance.attendance_date >= coalesce(unmarked.effective_from, '-infinity')
            and attendance.attendance_date < coalesce(unmarked.effective_to, 'infinity')
    where
        {{ in_term('attendance') }}
        and (attendance.is_marked or unmarked.attendance_code is not null)
),

deciding as (
    select
        section.*,
        least(coalesce(section.minutes_absent, section.absent_portion * section.minutes), section.minutes)
            as minutes_missed
    from section
    where
        (section.measure <> 'minutes' or section.minutes is not null)
        and (
            section.sections = 'all'
            or (section.sections = 'official' and section.is_official)
            or (section.sections = 'first_of_half' and section.minutes is not null and section.place_in_half = 1)
        )
),

-- the day's code is that of the section of which most was missed, one that was marked before one that was not; a code
-- that no rule knows leaves the day unreported under it
of_periods as (
    select
        deciding.student_key,
        deciding.school_key,
        deciding.attendance_date,
        (array_agg(
            deciding.attendance_code
            order by
                deciding.absent_portion desc nulls first, deciding.is_marked desc, deciding.attendance_code asc
        ))[1] as attendance_code,
        (array_agg(
            deciding.attendance_category
            order by
                deciding.absent_portion desc nulls first, deciding.is_marked desc, deciding.attendance_code asc
        ))[1] as attendance_category,
        case
            when bool_or(deciding.absent_portion is null) then null
            when deciding.measure = 'minutes' then sum(deciding.minutes_missed) / sum(deciding.minutes)
            when deciding.measure = 'any' then max(deciding.absent_portion)
            else avg(deciding.absent_portion)
        end as absent_portion,
        deciding.rule_version,
        max(deciding._load_id) as _load_id
    from deciding
    group by
        deciding.student_key, deciding.school_key, deciding.attendance_date, deciding.measure, deciding.rule_version
),

-- taps -------------------------------------------------------------------------------------------

tap as (
    select
        {{ edu_key('student', 'event.student_id') }} as student_key,
        rule.school_key,
        event.attendance_date,
        event.tapped_at at time zone network.timezone as tapped_at,
        event.direction,
        rule.rule_version,
        event._load_id
    from {{ ref('conformed_attendance_tap') }} as event
    cross join {{ source('etl', 'network') }} as network
    inner join chosen as rule
        on
            event.school_id = rule.school_id
            and rule.system = 'taps'
            and event.attendance_date >= coalesce(rule.effective_from, '-infinity')
            and event.attendance_date < coalesce(rule.effective_to, 'infinity')
    where {{ in_term('event') }}
),

seen as (
    select
        tap.student_key,
        tap.school_key,
        tap.attendance_date,
        coalesce(min(tap.tapped_at) filter (where tap.direction is distinct from 'out'), '-infinity') as came_at,
        max(tap.tapped_at) filter (where tap.direction is distinct from 'in') as last_out,
        coalesce(max(tap.tapped_at) filter (where tap.direction = 'in'), '-infinity') as last_in
    from tap
    group by tap.student_key, tap.school_key, tap.attendance_date
),

readers_worked as (
    select
        tap.school_key,
        tap.attendance_date,
        tap.rule_version,
        max(tap._load_id) as _load_id
    from tap
    group by tap.school_key, tap.attendance_date, tap.rule_version
),

-- on a day on which readers worked, who is enrolled and was not seen was not there
awaited as (
    select
        seen.student_key,
        seen.school_key,
        seen.attendance_date
    from seen
    union
    select
        enrollment.student_key,
        enrollment.school_key,
        readers_worked.attendance_date
    from readers_worked
    cross join {{ source('etl', 'network') }} as network
    inner join {{ ref('fct_enrollment') }} as enrollment
        on
            {{ in_term('enrollment') }}
            and readers_worked.school_key = enrollment.school_key
            and readers_worked.attendance_date >= {{ enrolled_from('enrollment') }}
            and readers_worked.attendance_date <= {{ enrolled_until('enrollment', 'network') }}
            and not enrollment.is_no_show
            and enrollment.is_primary is not false
),

-- who taps in and never out stays until the last bell
stay as (
    select
        awaited.student_key,
        awaited.school_key,
        awaited.attendance_date,
        seen.student_key is not null as is_seen,
        seen.came_at,
        case
            when seen.last_out > seen.came_at and seen.last_out > seen.last_in then seen.last_out
            else 'infinity'
        end as gone_at
    from awaited
    left join seen
        on
            awaited.student_key = seen.student_key
            and awaited.school_key = seen.school_key
            and awaited.attendance_date = seen.attendance_date
),

measured as (
    select
        stay.student_key,
        stay.school_key,
        stay.attendance_date,
        stay.came_at > min(hours.begins_at) as is_late,
        1 - sum(
            case
                when stay.is_seen
                    then extract(epoch from greatest(
                        least(hours.ends_at, stay.gone_at) - greatest(hours.begins_at, stay.came_at), interval '0'
                    )) / 60
                else 0
            end
        ) / sum(hours.minutes) as absent_portion
    from stay
    inner join hours on stay.school_key = hours.school_key and stay.attendance_date = hours.school_date
    group by stay.student_key, stay.school_key, stay.attendance_date, stay.came_at
),

told as (
    select
        measured.student_key,
        measured.school_key,
        measured.attendance_date,
        case
            when measured.absent_portion = 1 then 'absent'
            when measured.is_late then 'late'
            when measured.absent_portion = 0 then 'in_time'
            else 'left_early'
        end as attendance_code,
        measured.absent_portion
    from measured
),

of_taps as (
    select
        told.student_key,
        told.school_key,
        told.attendance_date,
        told.attendance_code,
        coalesce(code.category, 'unmapped') as attendance_category,
        told.absent_portion,
        readers_worked.rule_version,
        readers_worked._load_id
    from told
    inner join readers_worked
        on told.school_key = readers_worked.school_key and told.attendance_date = readers_worked.attendance_date
    left join {{ ref('attendance_codes') }} as code
        on
            code.system = 'taps'
            and told.attendance_code = code.attendance_code
            and told.attendance_date >= coalesce(code.effective_from, '-infinity')
            and told.attendance_date < coalesce(code.effective_to, 'infinity')
),

-- whose day it is --------------------------------------------------------------------------------

stated as (
    select
        daily.student_key,
        daily.school_key,
        daily.attendance_date,
        'daily' as day_source,
        1 as precedence,
        daily.attendance_code,
        daily.attendance_category,
        daily.absent_portion,
        cast(null as text) as daily_rule_version,
        daily._load_id
    from daily
    union all
    select
        of_periods.student_key,
        of_periods.school_key,
        of_periods.attendance_date,
        'periods' as day_source,
        2 as precedence,
        of_periods.attendance_code,
        of_periods.attendance_category,
        trim_scale(round(of_periods.absent_portion, 15)) as absent_portion,
        of_periods.rule_version as daily_rule_version,
        of_periods._load_id
    from of_periods
    union all
    select
        of_taps.student_key,
        of_taps.school_key,
        of_taps.attendance_date,
        'taps' as day_source,
        3 as precedence,
        of_taps.attendance_code,
        of_taps.attendance_category,
        trim_scale(round(of_taps.absent_portion, 15)) as absent_portion,
        of_taps.rule_version as daily_rule_version,
        of_taps._load_id
    from of_taps
),

speaks as (
    select
        stated.school_key,
        stated.attendance_date,
        min(stated.precedence) as precedence
    from stated
    group by stated.school_key, stated.attendance_date
)

select
    {{ this_term() }} as term_key,
    stated.student_key,
    stated.school_key,
    stated.attendance_date,
    stated.day_source,
    stated.attendance_code,
    stated.attendance_category,
    stated.absent_portion,
    stated.daily_rule_version,
    stated._load_id
from stated
inner join speaks
    on
        stated.school_key = speaks.school_key
        and stated.attendance_date = speaks.attendance_date
        and stated.precedence = speaks.precedence
