select
    _feed || ':' || sourced_id as course_id,
    title as course_title,
    nullif(course_code, '') as course_code,
    nullif(trim(split_part(subjects, ',', 1)), '') as subject,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'oneroster__courses') }}
