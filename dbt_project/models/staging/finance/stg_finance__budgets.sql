select
    school_id,
    fiscal_year,
    account_type,
    fund as fund_code,
    function as function_code,
    version as budget_version,
    amount,
    currency,
    'finance' as system,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'finance__budgets') }}
