select
    _feed || ':' || school_id || '|' || incident_id as incident_id,
    school_id,
    incident_date,
    behavior as behavior_code,
    nullif(location, '') as incident_location,
    nullif(severity_level, '') as severity_level,
    reported_to_police as is_reported_to_police,
    'sis' as system,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__behavior_incidents') }}
