{# One row an invoice. What it bills for is what the term's own price list says of its plan. #}
with rule as (
    {{ rule_of_term('rule_revenue_expenditure') }}
),

stated as (
    select distinct on (invoice.fee_invoice_id) invoice.*
    from {{ ref('conformed_fee_invoice') }} as invoice
    where {{ in_term('invoice') }}
    order by invoice.fee_invoice_id asc, invoice._load_id desc, invoice._feed asc
),

plan as (
    select distinct on (price.fee_plan_id)
        price.fee_plan_id,
        price.fee_category,
        price.system
    from {{ ref('conformed_fee_plan') }} as price
    where {{ in_term('price') }}
    order by price.fee_plan_id asc, price._load_id desc, price._feed asc
),

code as (
    {{ rows_in_force('finance_categories') }}
)

select
    stated.term_key,
    {{ edu_key('fee_invoice', 'stated.fee_invoice_id') }} as fee_invoice_key,
    {{ edu_key('student', 'stated.student_id') }} as student_key,
    {{ edu_key('school', 'stated.school_id') }} as school_key,
    stated.fee_plan_id,
    coalesce(code.category, case when plan.fee_plan_id is null then 'unknown' else 'unmapped' end) as category,
    stated.invoice_date,
    stated.due_date,
    {{ fiscal_year('stated.invoice_date', 'rule') }} as fiscal_year,
    {{ fiscal_period('stated.invoice_date', 'rule') }} as fiscal_period,
    stated.amount,
    stated.currency,
    stated.is_void,
    rule.rule_version,
    stated._load_id,
    stated.student_id,
    stated.school_id
from stated
left join rule on true
left join plan on stated.fee_plan_id = plan.fee_plan_id
left join code
    on
        plan.system = code.system
        and code.record_type = 'fee'
        and plan.fee_category = code.source_code
