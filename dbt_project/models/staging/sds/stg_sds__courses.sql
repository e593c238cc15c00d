{# The subject is the source's code; the format does not say of which list. #}
select
    _feed || ':' || sourced_id as course_id,
    title as course_title,
    nullif(code, '') as course_code,
    nullif(subject, '') as subject,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sds__courses') }}
