select
    _feed || ':' || health_record_id as health_record_id,
    student_number as student_id,
    school_id,
    record_type,
    begin_date,
    end_date + 1 as end_date,
    coalesce(action_plan, false) as has_action_plan,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__student_health') }}
