{# Of an answer only a whole number leaves the raw zone: words are never in gold. #}
select
    _feed || ':' || response_id as response_id,
    _feed || ':' || survey_id as survey_id,
    question_id,
    school_id,
    respondent_group,
    cast(substring(answer from '^\s*(\d{1,4})\s*$') as integer) as rating,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'survey__survey_responses') }}
