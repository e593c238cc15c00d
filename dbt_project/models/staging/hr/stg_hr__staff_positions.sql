select
    _feed || ':' || position_id as position_id,
    school_id,
    role,
    nullif(subject, '') as subject,
    fte,
    begin_date,
    end_date,
    vacant_since,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'hr__staff_positions') }}
