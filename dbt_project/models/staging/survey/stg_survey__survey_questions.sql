select
    _feed || ':' || survey_id as survey_id,
    question_id,
    topic,
    text as question_text,
    kind as question_kind,
    lowest_rating,
    highest_rating,
    favourable_from,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'survey__survey_questions') }}
