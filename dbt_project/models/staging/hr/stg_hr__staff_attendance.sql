select
    school_id,
    staff_number as staff_id,
    work_date,
    absent_portion,
    nullif(reason, '') as absence_reason,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'hr__staff_attendance') }}
