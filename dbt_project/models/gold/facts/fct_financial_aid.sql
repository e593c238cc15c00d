{# One row an award. Its category is that of the invoice that it lowers, where both are of one term. #}
with rule as (
    {{ rule_of_term('rule_revenue_expenditure') }}
),

stated as (
    select distinct on (aid.financial_aid_id) aid.*
    from {{ ref('conformed_financial_aid') }} as aid
    where {{ in_term('aid') }}
    order by aid.financial_aid_id asc, aid._load_id desc, aid._feed asc
)

select
    stated.term_key,
    {{ edu_key('financial_aid', 'stated.financial_aid_id') }} as financial_aid_key,
    {{ edu_key('student', 'stated.student_id') }} as student_key,
    {{ edu_key('school', 'stated.school_id') }} as school_key,
    case
        when stated.fee_invoice_id is not null then {{ edu_key('fee_invoice', 'stated.fee_invoice_id') }}
    end as fee_invoice_key,
    invoice.fee_invoice_key is not null as is_invoice_of_term,
    coalesce(invoice.category, 'unknown') as category,
    stated.award_date,
    {{ fiscal_year('stated.award_date', 'rule') }} as fiscal_year,
    {{ fiscal_period('stated.award_date', 'rule') }} as fiscal_period,
    stated.aid_kind,
    stated.amount,
    stated.currency,
    rule.rule_version,
    stated._load_id,
    stated.student_id,
    stated.school_id
from stated
left join rule on true
left join {{ ref('fct_fee_invoice') }} as invoice
    on
        {{ edu_key('fee_invoice', 'stated.fee_invoice_id') }} = invoice.fee_invoice_key
        and {{ in_term('invoice') }}
