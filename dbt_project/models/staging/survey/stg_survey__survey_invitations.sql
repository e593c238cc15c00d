select
    _feed || ':' || invitation_id as invitation_id,
    _feed || ':' || survey_id as survey_id,
    school_id,
    respondent_group,
    opened as is_opened,
    answered as is_answered,
    coalesce(respondent_key, '') <> '' as has_respondent_key,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'survey__survey_invitations') }}
