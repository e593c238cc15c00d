select
    _feed || ':' || certificate_id as certificate_id,
    'platform:' || learner_id as learner_id,
    'platform:' || certification_id as certification_id,
    issued_on,
    expires_on,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_cert', 'cert__certificates') }}
