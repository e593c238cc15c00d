select
    _feed || ':' || record_id as record_id,
    school_id,
    staff_number as staff_id,
    topic,
    held_on as event_date,
    hours,
    status as attendance_status,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'hr__professional_learning') }}
