{# The system marks everybody, present or absent, and gives no length of sections. #}
select
    _feed || ':' || student_id as student_id,
    school_id,
    section_id as source_class_id,
    attendance_date,
    period,
    attendance_code,
    'contoso' as system,
    cast(null as integer) as minutes_absent,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'contoso__student_attendance') }}
