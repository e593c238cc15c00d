select
    staff_number as staff_id,
    first_name as given_name,
    last_name as family_name,
    nullif(employment_type, '') as employment_type,
    hired_on as hire_date,
    left_on as separation_date,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'hr__staff') }}
