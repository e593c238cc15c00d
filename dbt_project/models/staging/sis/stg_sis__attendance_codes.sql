select
    school_id,
    attendance_code,
    category as code_category,
    excused as is_excused,
    absence_value as absent_portion,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__attendance_codes') }}
