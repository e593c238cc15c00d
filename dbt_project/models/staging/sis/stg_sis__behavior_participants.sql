select
    _feed || ':' || school_id || '|' || incident_id as incident_id,
    student_number as student_id,
    role as participation_role,
    nullif(behavior, '') as behavior_code,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__behavior_participants') }}
