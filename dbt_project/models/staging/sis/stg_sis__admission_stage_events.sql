select
    _feed || ':' || application_id as application_id,
    stage,
    reached_on as reached_date,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__admission_stage_events') }}
