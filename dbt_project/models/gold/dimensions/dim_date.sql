{# Every day of the network's calendar. Where terms overlap, a day is of no one term. #}
with span as (
    select
        min(term.administrative_start) as first_day,
        max(term.administrative_end) - 1 as last_day
    from {{ source('etl', 'term') }} as term
),

calendar_day as (
    select cast(series.instant as date) as date_day
    from span
    cross join generate_series(span.first_day, span.last_day, interval '1 day') as series (instant)
)

select
    calendar_day.date_day,
    cast(extract(year from calendar_day.date_day) as integer) as calendar_year,
    cast(extract(month from calendar_day.date_day) as integer) as month_of_year,
    cast(extract(isoyear from calendar_day.date_day) as integer) as iso_year,
    cast(extract(week from calendar_day.date_day) as integer) as iso_week,
    cast(extract(isodow from calendar_day.date_day) as integer) as iso_weekday,
    trim(to_char(calendar_day.date_day, 'Day')) as weekday_name,
    case when count(term.term_key) = 1 then min(term.academic_year) end as academic_year,
    case when count(term.term_key) = 1 then min(term.term_key) end as term_key
from calendar_day
left join {{ source('etl', 'term') }} as term
    on
        calendar_day.date_day >= term.administrative_start
        and calendar_day.date_day < term.administrative_end
group by calendar_day.date_day
