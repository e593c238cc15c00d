select
    _feed || ':' || survey_id as survey_id,
    title as survey_title,
    instrument,
    privacy,
    opens_on,
    closes_on,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'survey__surveys') }}
