select
    {{ edu_key('class', 'class_id') }} as class_key,
    class_id,
    class_title,
    class_type,
    {{ edu_key('course', 'course_id') }} as course_key,
    {{ edu_key('school', 'school_id') }} as school_key,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ ref('conformed_class') }}
