select
    old_student_number as old_student_id,
    new_student_number as new_student_id,
    merged_on,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__student_id_merges') }}
