select
    student_number as student_id,
    school_id,
    class_id as source_class_id,
    grading_period,
    criterion,
    level as criterion_level,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'assessment__course_grade_criteria') }}
