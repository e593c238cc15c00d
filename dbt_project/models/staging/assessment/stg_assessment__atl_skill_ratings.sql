select
    student_number as student_id,
    school_id,
    class_id as source_class_id,
    grading_period,
    category as skill_category,
    skill,
    rating,
    'assessment' as system,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'assessment__atl_skill_ratings') }}
