select
    student_number as student_id,
    nullif(state_student_id, '') as state_student_id,
    birth_date,
    nullif(sex, '') as sex,
    hispanic_latino_ethnicity as is_hispanic,
    nullif(races, '') as races,
    nullif(home_language, '') as home_language,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__students') }}
