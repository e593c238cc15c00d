{#
    One row a payment, refund or write-off. Its category is that of its invoice, where both are of one term: a term's
    figures rest on its own rows.
#}
with rule as (
    {{ rule_of_term('rule_revenue_expenditure') }}
),

stated as (
    select distinct on (payment.fee_payment_id) payment.*
    from {{ ref('conformed_fee_payment') }} as payment
    where {{ in_term('payment') }}
    order by payment.fee_payment_id asc, payment._load_id desc, payment._feed asc
)

select
    stated.term_key,
    {{ edu_key('fee_payment', 'stated.fee_payment_id') }} as fee_payment_key,
    {{ edu_key('school', 'stated.school_id') }} as school_key,
    {{ edu_key('fee_invoice', 'stated.fee_invoice_id') }} as fee_invoice_key,
    invoice.fee_invoice_key is not null as is_invoice_of_term,
    coalesce(invoice.category, 'unknown') as category,
    stated.payment_date,
    {{ fiscal_year('stated.payment_date', 'rule') }} as fiscal_year,
    {{ fiscal_period('stated.payment_date', 'rule') }} as fiscal_period,
    stated.payment_kind,
    stated.amount,
    stated.currency,
    rule.rule_version,
    stated._load_id,
    stated.school_id
from stated
left join rule on true
left join {{ ref('fct_fee_invoice') }} as invoice
    on
        {{ edu_key('fee_invoice', 'stated.fee_invoice_id') }} = invoice.fee_invoice_key
        and {{ in_term('invoice') }}
