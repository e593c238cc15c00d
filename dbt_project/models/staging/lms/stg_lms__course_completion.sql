select
    'platform:' || learner_id as learner_id,
    'platform:' || course_id as course_id,
    completed_on,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_lms', 'lms__course_completion') }}
