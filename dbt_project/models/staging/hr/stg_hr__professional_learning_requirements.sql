select
    role,
    topic,
    academic_year,
    hours as hours_required,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'hr__professional_learning_requirements') }}
