select
    _feed || ':' || entry_id as ledger_entry_id,
    school_id,
    fiscal_year,
    fiscal_period,
    posted_on as posting_date,
    account_type,
    fund as fund_code,
    function as function_code,
    nullif(object, '') as object_code,
    amount,
    currency,
    'finance' as system,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'finance__ledger_entries') }}
