{# One row a part in a course or workshop. The role is that of the assignment which holds on its day. #}
with rule as (
    {{ rule_of_term('rule_professional_learning') }}
),

stated as (
    select distinct on (learning.record_id) learning.*
    from {{ ref('conformed_professional_learning') }} as learning
    where {{ in_term('learning') }}
    order by learning.record_id asc, learning._load_id desc, learning._feed asc
),

assignment as (
    {{ assignments_of_term() }}
)

select distinct on (stated.record_id)
    stated.term_key,
    {{ edu_key('professional_learning', 'stated.record_id') }} as record_key,
    {{ edu_key('staff', 'stated.staff_id') }} as staff_key,
    {{ edu_key('school', 'stated.school_id') }} as school_key,
    coalesce(assignment.role, 'unknown') as role,
    stated.topic,
    stated.event_date,
    stated.hours,
    stated.attendance_status,
    stated.attendance_status = rule.counted_status as is_counted,
    rule.rule_version,
    stated._load_id,
    stated.staff_id,
    stated.school_id
from stated
left join rule on true
left join assignment
    on
        {{ assigned_on('assignment', 'stated', 'stated.event_date') }}
order by stated.record_id asc, {{ foremost('assignment') }}
