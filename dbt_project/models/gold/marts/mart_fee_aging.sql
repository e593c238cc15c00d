{#
    What families owe as of the last day of a term's books, by how long it is overdue: invoices of that term and of
    those before, less what was paid, given up and awarded until then. The last day is that of the administrative
    interval, or of instruction at the school where that ends later, so that exactly the payments of these terms are in.
#}
{{ config(materialized='view') }}

with built_term as (
    select
        term.term_key,
        term.ordinal,
        term.instructional_start
    from {{ ref('dim_academic_term') }} as term
    where exists (
        select 1
        from {{ ref('mart_revenue_expenditure') }} as built
        where built.term_key = term.term_key
    )
),

rule as (
    select
        candidate.*,
        built_term.term_key,
        built_term.ordinal
    from {{ ref('rule_revenue_expenditure') }} as candidate
    inner join {{ source('etl', 'network') }} as network
        on candidate.authority = {{ authority_of('rule_revenue_expenditure') }}
    inner join built_term
        on
            built_term.instructional_start >= coalesce(candidate.effective_from, '-infinity')
            and built_term.instructional_start < coalesce(candidate.effective_to, 'infinity')
),

band as (
    select
        candidate.*,
        built_term.term_key,
        lead(candidate.days_overdue_from) over (
            partition by built_term.term_key
            order by candidate.band_order
        ) as days_overdue_below
    from {{ ref('rule_fee_aging') }} as candidate
    inner join {{ source('etl', 'network') }} as network
        on candidate.authority = {{ authority_of('rule_fee_aging') }}
    inner join built_term
        on
            built_term.instructional_start >= coalesce(candidate.effective_from, '-infinity')
            and built_term.instructional_start < coalesce(candidate.effective_to, 'infinity')
),

movement as (
    select
        billed.term_key,
        billed.fee_invoice_key,
        billed.currency,
        'billed' as part,
        billed.amount
    from {{ ref('fct_fee_invoice') }} as billed
    where not billed.is_void
    union all
    select
        payment.term_key,
        payment.fee_invoice_key,
        payment.currency,
        payment.payment_kind,
        payment.amount
    from {{ ref('fct_fee_payment') }} as payment
    union all
    select
        aid.term_key,
        aid.fee_invoice_key,
        aid.currency,
        'aid' as part,
        aid.amount
    from {{ ref('fct_financial_aid') }} as aid
),

balance as (
    select
        rule.term_key as as_of_term_key,
        rule.ordinal,
        movement.fee_invoice_key,
        movement.currency,
        sum(case
            when movement.part = 'billed' then movement.amount
            when movement.part <> 'refund' then -movement.amount
            when rule.refund_restores_balance then movement.amount
            else 0
        end) as owed
    from rule
    inner join {{ ref('dim_academic_term') }} as earlier on rule.ordinal >= earlier.ordinal
    inner join movement on earlier.term_key = movement.term_key
    group by rule.term_key, rule.ordinal, movement.fee_invoice_key, movement.currency
),

as_of as (
    select
        balance.as_of_term_key,
        balance.currency,
        balance.owed,
        invoice.school_key,
        invoice.category,
        greatest(term.administrative_end, at_school.instructional_end) - 1 - invoice.due_date as days_overdue
    from balance
    inner join {{ ref('fct_fee_invoice') }} as invoice
        on
            balance.fee_invoice_key = invoice.fee_invoice_key
            and balance.currency = invoice.currency
    inner join {{ ref('dim_academic_term') }} as billed_in
        on invoice.term_key = billed_in.term_key and balance.ordinal >= billed_in.ordinal
    inner join {{ source('etl', 'term') }} as term on balance.as_of_term_key = term.term_key
    left join {{ source('etl', 'school_term') }} as at_school
        on
            balance.as_of_term_key = at_school.term_key
            and invoice.school_key = {{ edu_key('school', 'at_school.school_id') }}
    where balance.owed <> 0
)

select
    as_of.as_of_term_key,
    as_of.school_key,
    as_of.category,
    as_of.currency,
    band.aging_band,
    count(*) filter (where as_of.owed > 0) as invoices_open,
    coalesce(sum(as_of.owed) filter (where as_of.owed > 0), 0) as outstanding,
    coalesce(-sum(as_of.owed) filter (where as_of.owed < 0), 0) as overpaid,
    min(band.band_order) as band_order,
    min(band.rule_version) as rule_version
from as_of
left join band
    on
        as_of.as_of_term_key = band.term_key
        and as_of.days_overdue >= coalesce(band.days_overdue_from, as_of.days_overdue)
        and as_of.days_overdue < coalesce(band.days_overdue_below, as_of.days_overdue + 1)
group by as_of.as_of_term_key, as_of.school_key, as_of.category, as_of.currency, band.aging_band
