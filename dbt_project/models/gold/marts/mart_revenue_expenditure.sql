{#
    What a school bills, takes in, gives and spends by category and fiscal period, in parts that add up within one
    currency. Every record becomes one amount of one part; a budget becomes one for each period that ends in the term.
#}
with rule as (
    {{ rule_of_term('rule_revenue_expenditure') }}
),

membership as (
    select
        attendance.school_key,
        count(*) as days_membership,
        count(distinct attendance.attendance_date) as days_in_session
    from {{ ref('fct_attendance') }} as attendance
    where {{ in_term('attendance') }}
    group by attendance.school_key
),

planned as (
    select
        budget.school_key,
        budget.category,
        budget.fiscal_year,
        period.fiscal_period,
        budget.currency,
        'budgeted_' || budget.account_type as part,
        {{ share_of_period('budget.amount', 'period.fiscal_period', 'rule') }} as amount
    from {{ ref('fct_budget') }} as budget
    inner join {{ source('etl', 'term') }} as term on budget.term_key = term.term_key
    cross join rule
    cross join generate_series(1, 12 / rule.months_per_period) as period (fiscal_period)
    where
        {{ in_term('budget') }}
        and budget.is_in_force
        and {{ fiscal_period_end('budget.fiscal_year', 'period.fiscal_period', 'rule') }} >= term.administrative_start
        and {{ fiscal_period_end('budget.fiscal_year', 'period.fiscal_period', 'rule') }} < term.administrative_end
),

record as (
    select
        invoice.school_key,
        invoice.category,
        invoice.fiscal_year,
        invoice.fiscal_period,
        invoice.currency,
        'billed' as part,
        invoice.amount
    from {{ ref('fct_fee_invoice') }} as invoice
    where {{ in_term('invoice') }} and not invoice.is_void
    union all
    select
        payment.school_key,
        payment.category,
        payment.fiscal_year,
        payment.fiscal_period,
        payment.currency,
        payment.payment_kind,
        payment.amount
    from {{ ref('fct_fee_payment') }} as payment
    where {{ in_term('payment') }}
    union all
    select
        aid.school_key,
        aid.category,
        aid.fiscal_year,
        aid.fiscal_period,
        aid.currency,
        'aid' as part,
        aid.amount
    from {{ ref('fct_financial_aid') }} as aid
    where {{ in_term('aid') }}
    union all
    select
        entry.school_key,
        entry.category,
        entry.fiscal_year,
        entry.fiscal_period,
        entry.currency,
        entry.account_type,
        entry.amount
    from {{ ref('fct_ledger_entry') }} as entry
    where {{ in_term('entry') }}
    union all
    select planned.*
    from planned
)

select
    {{ this_term() }} as term_key,
    record.school_key,
    record.category,
    record.fiscal_year,
    record.fiscal_period,
    record.currency,
    {%- for part, column in finance_parts().items() %}
        coalesce(sum(record.amount) filter (where record.part = '{{ part }}'), 0) as {{ column }},
    {%- endfor %}
    min(membership.days_membership) as school_days_membership,
    min(membership.days_in_session) as school_days_in_session,
    min(rule.rule_version) as rule_version
from record
left join rule on true
left join membership on record.school_key = membership.school_key
group by record.school_key, record.category, record.fiscal_year, record.fiscal_period, record.currency
