select
    _feed || ':' || payment_id as learner_payment_id,
    _feed || ':' || enrollment_id as learner_enrollment_id,
    paid_on as payment_date,
    kind as payment_kind,
    case kind when 'refund' then -amount else amount end as amount,
    currency,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_billing', 'billing__payments') }}
