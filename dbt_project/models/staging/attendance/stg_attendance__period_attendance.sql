select
    student_number as student_id,
    school_id,
    class_id as source_class_id,
    attendance_date,
    period,
    attendance_code,
    'attendance' as system,
    minutes_absent,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'attendance__period_attendance') }}
