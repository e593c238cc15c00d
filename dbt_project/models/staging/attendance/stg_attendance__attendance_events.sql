select
    student_number as student_id,
    school_id,
    attendance_date,
    event_at as tapped_at,
    nullif(direction, '') as direction,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'attendance__attendance_events') }}
