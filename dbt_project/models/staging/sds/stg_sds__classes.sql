{# The format does not tell a homeroom from a scheduled class. #}
select
    _feed || ':' || sourced_id as class_id,
    title as class_title,
    cast(null as text) as class_type,
    sourced_id as source_class_id,
    _feed || ':' || nullif(course_sourced_id, '') as course_id,
    _feed || ':' || org_sourced_id as school_id,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sds__classes') }}
