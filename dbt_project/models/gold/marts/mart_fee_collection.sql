{#
    Payments and aid under what they are for, whichever term billed it. mart_revenue_expenditure holds a term's own rows
    alone, so that there payments of earlier invoices are of an unknown category; here terms are read together.
#}
{{ config(materialized='view') }}

with invoice as (
    select distinct on (billed.fee_invoice_key)
        billed.fee_invoice_key,
        billed.category
    from {{ ref('fct_fee_invoice') }} as billed
    inner join {{ ref('dim_academic_term') }} as term on billed.term_key = term.term_key
    order by billed.fee_invoice_key asc, term.ordinal desc
),

record as (
    select
        payment.term_key,
        payment.school_key,
        payment.fee_invoice_key,
        payment.fiscal_year,
        payment.fiscal_period,
        payment.currency,
        payment.payment_kind as part,
        payment.is_invoice_of_term,
        payment.amount,
        payment.rule_version
    from {{ ref('fct_fee_payment') }} as payment
    union all
    select
        aid.term_key,
        aid.school_key,
        aid.fee_invoice_key,
        aid.fiscal_year,
        aid.fiscal_period,
        aid.currency,
        'aid' as part,
        aid.is_invoice_of_term,
        aid.amount,
        aid.rule_version
    from {{ ref('fct_financial_aid') }} as aid
)

select
    record.term_key,
    record.school_key,
    coalesce(invoice.category, 'unknown') as category,
    record.fiscal_year,
    record.fiscal_period,
    record.currency,
    coalesce(sum(record.amount) filter (where record.part = 'aid'), 0) as aid,
    coalesce(sum(record.amount) filter (where record.part = 'payment'), 0) as collected,
    coalesce(sum(record.amount) filter (
        where record.part = 'payment' and not record.is_invoice_of_term
    ), 0) as collected_of_earlier_invoices,
    coalesce(sum(record.amount) filter (where record.part = 'refund'), 0) as refunded,
    coalesce(sum(record.amount) filter (where record.part = 'write_off'), 0) as written_off,
    max(record.rule_version) as rule_version
from record
left join invoice on record.fee_invoice_key = invoice.fee_invoice_key
group by
    record.term_key, record.school_key, coalesce(invoice.category, 'unknown'), record.fiscal_year,
    record.fiscal_period, record.currency
