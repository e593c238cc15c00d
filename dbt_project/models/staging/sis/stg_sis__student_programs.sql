select
    student_number as student_id,
    school_id,
    program,
    begin_date,
    end_date + 1 as end_date,
    status in ('active', 'exited') as participates,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__student_programs') }}
