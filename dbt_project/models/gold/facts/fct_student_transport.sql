{# One row a way to or from school, as it stood on the term's last instructional day. Its end is exclusive. #}
with stated as (
    select distinct on (way.student_id, way.school_id, way.direction, way.begin_date) way.*
    from {{ ref('conformed_student_transportation') }} as way
    where {{ in_term('way') }}
    order by
        way.student_id asc, way.school_id asc, way.direction asc, way.begin_date asc,
        way._load_id desc, way._feed asc
),

dated as (
    {{ as_of_term_end('stated') }}
),

code as (
    {{ rows_in_force('transportation_modes') }}
)

select
    dated.term_key,
    {{ edu_key('student', 'dated.student_id') }} as student_key,
    {{ edu_key('school', 'dated.school_id') }} as school_key,
    dated.direction,
    dated.begin_date,
    dated.end_date,
    coalesce(code.mode, 'unmapped') as mode,
    dated.is_eligible,
    dated.as_of_date,
    dated.begin_date <= dated.as_of_date and coalesce(dated.end_date, 'infinity') > dated.as_of_date as is_current,
    dated._load_id,
    dated.student_id,
    dated.school_id
from dated
left join code on dated.mode = code.source_code
