select
    'platform:' || learner_id as learner_id,
    nullif(student_number, '') as student_id,
    registered_on,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_lms', 'lms__students') }}
