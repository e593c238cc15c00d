{# A module stands in several presentations; each term has it once a presentation. #}
select
    _feed || ':' || code_module as course_id,
    'Module ' || code_module as course_title,
    code_module as course_code,
    cast(null as text) as subject,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'oulad__courses') }}
