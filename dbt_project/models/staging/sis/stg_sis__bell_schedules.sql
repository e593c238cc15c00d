select
    school_id,
    bell_schedule,
    period,
    cast(start_time as time) as start_time,
    cast(end_time as time) as end_time,
    coalesce(official_attendance, false) as is_official,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__bell_schedules') }}
