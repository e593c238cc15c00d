{#
    One row a working day of a member of staff at a school. The role is that of the assignment which holds on the
    day, from the term's own sheet of assignments.
#}
with stated as (
    select distinct on (working.school_id, working.staff_id, working.work_date) working.*
    from {{ ref('conformed_staff_attendance') }} as working
    where {{ in_term('working') }}
    order by
        working.school_id asc, working.staff_id asc, working.work_date asc,
        working._load_id desc, working._feed asc
),

assignment as (
    {{ assignments_of_term() }}
)

select distinct on (stated.school_id, stated.staff_id, stated.work_date)
    stated.term_key,
    {{ edu_key('staff', 'stated.staff_id') }} as staff_key,
    {{ edu_key('school', 'stated.school_id') }} as school_key,
    stated.work_date,
    coalesce(assignment.role, 'unknown') as role,
    stated.absent_portion,
    stated.absence_reason,
    stated._load_id,
    stated.staff_id,
    stated.school_id
from stated
left join assignment
    on
        {{ assigned_on('assignment', 'stated', 'stated.work_date') }}
order by stated.school_id asc, stated.staff_id asc, stated.work_date asc, {{ foremost('assignment') }}
