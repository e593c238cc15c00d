select
    student_number as student_id,
    school_id,
    product_id,
    class_id as source_class_id,
    used_on as usage_date,
    minutes,
    sessions,
    items_completed,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'assessment__usage_records') }}
