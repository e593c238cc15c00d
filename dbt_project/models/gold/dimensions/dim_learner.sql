select
    {{ edu_key('learner', 'learner_id') }} as learner_key,
    learner_id,
    {{ edu_key('student', 'student_id') }} as student_key,
    registered_on,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ ref('conformed_learner') }}
