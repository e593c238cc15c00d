select
    school_id,
    calendar_code,
    calendar_date,
    instructional as is_instructional,
    nullif(bell_schedule, '') as bell_schedule,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__calendar_days') }}
