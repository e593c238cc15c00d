select
    school_id,
    class_id as source_class_id,
    attendance_date,
    nullif(period, '') as period,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'attendance__attendance_taken') }}
