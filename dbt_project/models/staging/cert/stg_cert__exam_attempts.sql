select
    _feed || ':' || attempt_id as exam_attempt_id,
    'platform:' || learner_id as learner_id,
    'platform:' || certification_id as certification_id,
    'platform:' || course_id as course_id,
    attempt_number,
    attempted_on,
    score,
    passed as is_passed,
    'cert' as system,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_cert', 'cert__exam_attempts') }}
