{# One row a cover: a day, or a part of one, on which somebody was to be covered. The role is that of who is absent. #}
with stated as (
    select distinct on (cover.cover_id) cover.*
    from {{ ref('conformed_substitute_assignment') }} as cover
    where {{ in_term('cover') }}
    order by cover.cover_id asc, cover._load_id desc, cover._feed asc
),

assignment as (
    {{ assignments_of_term() }}
)

select distinct on (stated.cover_id)
    stated.term_key,
    {{ edu_key('cover', 'stated.cover_id') }} as cover_key,
    {{ edu_key('staff', 'stated.staff_id') }} as staff_key,
    case
        when coalesce(stated.substitute_id, '') <> '' then {{ edu_key('staff', 'stated.substitute_id') }}
    end as substitute_key,
    {{ edu_key('school', 'stated.school_id') }} as school_key,
    stated.work_date,
    coalesce(assignment.role, 'unknown') as role,
    stated.cover_portion,
    stated.is_filled,
    stated._load_id,
    stated.staff_id,
    stated.substitute_id,
    stated.school_id
from stated
left join assignment
    on
        {{ assigned_on('assignment', 'stated', 'stated.work_date') }}
order by stated.cover_id asc, {{ foremost('assignment') }}
