{#
    Students in classes. Ends become exclusive by what the feed says of its own. An enrolment that meets
    neither the term's administrative interval nor the school's own days of instruction, which may reach
    beyond it, belongs to another term, whose package has it too.
#}
with dated as (
    select
        enrollment.sourced_id,
        enrollment.user_sourced_id,
        enrollment.class_sourced_id,
        enrollment.school_sourced_id,
        enrollment.begin_date,
        enrollment.end_date + case when feed.end_dates = 'inclusive' then 1 else 0 end as end_date,
        enrollment.term_key,
        enrollment._feed,
        enrollment._load_id,
        enrollment._ingested_at
    from {{ source('raw_zone', 'oneroster__enrollments') }} as enrollment
    left join {{ source('etl', 'feed') }} as feed on enrollment._feed = feed.feed
    where enrollment.role = 'student'
),

placed as (
    select
        dated.*,
        coalesce(nullif(users.identifier, ''), dated._feed || ':' || dated.user_sourced_id) as student_id,
        coalesce(nullif(org.identifier, ''), dated._feed || ':' || dated.school_sourced_id) as school_id
    from dated
    left join {{ source('raw_zone', 'oneroster__users') }} as users
        on
            dated.term_key = users.term_key
            and dated._feed = users._feed
            and dated.user_sourced_id = users.sourced_id
    left join {{ source('raw_zone', 'oneroster__orgs') }} as org
        on
            dated.term_key = org.term_key
            and dated._feed = org._feed
            and dated.school_sourced_id = org.sourced_id
)

select
    placed._feed || ':' || placed.sourced_id as class_enrollment_id,
    placed.student_id,
    placed._feed || ':' || placed.class_sourced_id as class_id,
    placed.school_id,
    placed.begin_date,
    placed.end_date,
    cast(null as text) as final_result,
    placed.term_key,
    placed._feed,
    placed._load_id,
    placed._ingested_at
from placed
inner join {{ source('etl', 'term') }} as term on placed.term_key = term.term_key
left join {{ source('etl', 'school_term') }} as own
    on placed.term_key = own.term_key and {{ network_school('placed.school_id') }} = own.school_id
where
    coalesce(placed.begin_date, '-infinity') < greatest(term.administrative_end, own.instructional_end)
    and coalesce(placed.end_date, 'infinity') > least(term.administrative_start, own.instructional_start)
