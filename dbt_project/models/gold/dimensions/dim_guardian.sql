select
    {{ edu_key('guardian', 'guardian_id') }} as guardian_key,
    guardian_id,
    given_name,
    family_name,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ ref('conformed_student_guardian') }}
