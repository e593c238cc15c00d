{#
    A student's membership of the university in a term: from the first registration to the last
    withdrawal, open while one module goes on. Where no registration has a date, neither has the entry.
    Whoever withdrew from everything by the first day never came.
#}
with membership as (
    select
        registration.id_student,
        registration.term_key,
        registration._feed,
        min(registration.date_registration) as first_day,
        case
            when bool_and(registration.date_unregistration is not null)
                then max(registration.date_unregistration)
        end as last_day,
        max(registration._load_id) as _load_id,
        max(registration._ingested_at) as _ingested_at
    from {{ source('raw_zone', 'oulad__student_registration') }} as registration
    group by registration.term_key, registration._feed, registration.id_student
)

select
    membership._feed || ':' || membership.id_student as student_id,
    school.school_id,
    cast(term.instructional_start + cast(membership.first_day as integer) as date) as entry_date,
    cast(term.instructional_start + cast(membership.last_day as integer) as date) as exit_date,
    true as is_primary,
    coalesce(membership.last_day <= 0, false) as is_no_show,
    case when membership.last_day is not null then 'withdrawn' end as exit_reason,
    cast(null as text) as grade_level,
    membership.term_key,
    membership._feed,
    membership._load_id,
    membership._ingested_at
from membership
inner join {{ source('etl', 'term') }} as term on membership.term_key = term.term_key
cross join {{ source('etl', 'school') }} as school
