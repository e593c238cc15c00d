select
    _feed || ':' || action_id as discipline_action_id,
    student_number as student_id,
    action_date as discipline_date,
    school_id,
    _feed || ':' || school_id || '|' || nullif(incident_id, '') as incident_id,
    action as action_code,
    days_assigned,
    days_served,
    'sis' as system,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__discipline_actions') }}
