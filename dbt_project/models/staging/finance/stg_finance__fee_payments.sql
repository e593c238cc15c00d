select
    _feed || ':' || payment_id as fee_payment_id,
    school_id,
    _feed || ':' || invoice_id as fee_invoice_id,
    paid_on as payment_date,
    amount,
    currency,
    kind as payment_kind,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'finance__fee_payments') }}
