select
    objective_id,
    unit_id,
    nullif(code, '') as objective_code,
    statement as objective_statement,
    mastery_score,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'curriculum__learning_objectives') }}
