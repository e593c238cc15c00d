select
    _feed || ':' || cover_id as cover_id,
    school_id,
    absent_staff_number as staff_id,
    nullif(substitute_number, '') as substitute_id,
    work_date,
    portion as cover_portion,
    filled as is_filled,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'hr__substitute_assignments') }}
