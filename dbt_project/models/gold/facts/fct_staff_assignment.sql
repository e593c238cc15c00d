{# One row an assignment, as it stood on the term's last instructional day at its school. Its days are inclusive. #}
with stated as (
    select distinct on (assignment.assignment_id) assignment.*
    from {{ ref('conformed_staff_assignment') }} as assignment
    where {{ in_term('assignment') }}
    order by assignment.assignment_id asc, assignment._load_id desc, assignment._feed asc
),

dated as (
    {{ as_of_term_end('stated') }}
)

select
    dated.term_key,
    {{ edu_key('assignment', 'dated.assignment_id') }} as assignment_key,
    {{ edu_key('staff', 'dated.staff_id') }} as staff_key,
    {{ edu_key('school', 'dated.school_id') }} as school_key,
    dated.role,
    dated.fte,
    dated.begin_date,
    dated.end_date,
    dated.as_of_date,
    coalesce(dated.begin_date, '-infinity') <= dated.as_of_date
    and coalesce(dated.end_date, 'infinity') >= dated.as_of_date as is_held,
    dated._load_id,
    dated.staff_id,
    dated.school_id
from dated
