select
    _feed || ':' || enrollment_id as learner_enrollment_id,
    'platform:' || learner_id as learner_id,
    'platform:' || course_id as course_id,
    enrolled_on,
    status = 'prospect' as is_prospect,
    status = 'cancelled' as is_cancelled,
    cancelled_on,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_billing', 'billing__enrollments') }}
