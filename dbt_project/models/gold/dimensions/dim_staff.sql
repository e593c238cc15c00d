select
    {{ edu_key('staff', 'staff_id') }} as staff_key,
    staff_id,
    given_name,
    family_name,
    employment_type,
    hire_date,
    separation_date,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ ref('conformed_staff') }}
