select
    {{ edu_key('course', 'course_id') }} as course_key,
    course_id,
    course_title,
    course_code,
    subject,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ ref('conformed_course') }}
