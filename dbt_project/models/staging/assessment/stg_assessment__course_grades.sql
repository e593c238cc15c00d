select
    student_number as student_id,
    school_id,
    class_id as source_class_id,
    grading_period,
    grade,
    _feed || ':' || scale_id as grade_scale_id,
    percent,
    credits_attempted,
    credits_earned,
    graded_on,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'assessment__course_grades') }}
