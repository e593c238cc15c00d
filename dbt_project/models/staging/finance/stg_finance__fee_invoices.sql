select
    _feed || ':' || invoice_id as fee_invoice_id,
    school_id,
    student_number as student_id,
    _feed || ':' || fee_plan_id as fee_plan_id,
    invoiced_on as invoice_date,
    due_on as due_date,
    amount,
    currency,
    status = 'void' as is_void,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'finance__fee_invoices') }}
