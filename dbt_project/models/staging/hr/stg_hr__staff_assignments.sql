select
    _feed || ':' || assignment_id as assignment_id,
    school_id,
    staff_number as staff_id,
    role,
    fte,
    begin_date,
    end_date,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'hr__staff_assignments') }}
