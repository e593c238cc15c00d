select
    _feed || ':' || aid_id as financial_aid_id,
    school_id,
    student_number as student_id,
    _feed || ':' || nullif(invoice_id, '') as fee_invoice_id,
    awarded_on as award_date,
    kind as aid_kind,
    amount,
    currency,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'finance__financial_aid') }}
