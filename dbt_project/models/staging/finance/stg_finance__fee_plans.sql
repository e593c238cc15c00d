select
    _feed || ':' || fee_plan_id as fee_plan_id,
    school_id,
    title as fee_plan_title,
    category as fee_category,
    academic_year,
    amount,
    currency,
    installments,
    'finance' as system,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'finance__fee_plans') }}
