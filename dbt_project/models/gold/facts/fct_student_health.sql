{# One row an entry of the health record, as it stood on the term's last instructional day. Its end is exclusive. #}
with stated as (
    select distinct on (record.health_record_id) record.*
    from {{ ref('conformed_student_health_record') }} as record
    where {{ in_term('record') }}
    order by record.health_record_id asc, record._load_id desc, record._feed asc
),

dated as (
    {{ as_of_term_end('stated') }}
)

select
    dated.term_key,
    {{ edu_key('health_record', 'dated.health_record_id') }} as health_record_key,
    {{ edu_key('student', 'dated.student_id') }} as student_key,
    {{ edu_key('school', 'dated.school_id') }} as school_key,
    dated.record_type,
    dated.has_action_plan,
    dated.begin_date,
    dated.end_date,
    dated.as_of_date,
    dated.begin_date <= dated.as_of_date and coalesce(dated.end_date, 'infinity') > dated.as_of_date as is_current,
    dated._load_id,
    dated.student_id,
    dated.school_id
from dated
