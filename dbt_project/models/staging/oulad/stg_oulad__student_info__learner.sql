{# Whoever studies at the university learns online there: learner and student are one. #}
select
    _feed || ':' || id_student as learner_id,
    _feed || ':' || id_student as student_id,
    cast(null as date) as registered_on,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'oulad__student_info') }}
