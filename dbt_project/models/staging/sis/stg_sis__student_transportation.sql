select
    student_number as student_id,
    school_id,
    direction,
    mode,
    coalesce(eligible, false) as is_eligible,
    begin_date,
    end_date + 1 as end_date,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__student_transportation') }}
