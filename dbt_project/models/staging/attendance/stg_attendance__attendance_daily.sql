select
    student_number as student_id,
    school_id,
    attendance_date,
    attendance_code,
    'attendance' as system,
    absence_value as absent_portion,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'attendance__attendance_daily') }}
