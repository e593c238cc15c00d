select
    _feed || ':' || intervention_id as intervention_id,
    student_number as student_id,
    school_id,
    tier,
    area as intervention_area,
    begin_date,
    end_date + 1 as end_date,
    nullif(progress, '') as progress_code,
    reviewed_on as reviewed_date,
    'sis' as system,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__interventions') }}
