{# The books against their budget, and for each student in average daily membership; null where that is not known. #}
{{ config(materialized='view') }}

with amount as (
    select
        mart.*,
        mart.collected - mart.refunded as collected_net,
        mart.revenue - mart.budgeted_revenue as revenue_variance,
        mart.expenditure - mart.budgeted_expenditure as expenditure_variance,
        cast(mart.school_days_membership as numeric) / nullif(mart.school_days_in_session, 0) as membership
    from {{ ref('mart_revenue_expenditure') }} as mart
)

select
    amount.term_key,
    amount.school_key,
    amount.category,
    amount.fiscal_year,
    amount.fiscal_period,
    amount.currency,
    amount.revenue_variance,
    amount.expenditure_variance,
    round(amount.membership, 4) as average_daily_membership,
    {%- for part in ['billed', 'aid', 'collected_net', 'revenue', 'expenditure'] %}
        round(amount.{{ part }} / nullif(amount.membership, 0), 4) as {{ part }}_per_pupil,
    {%- endfor %}
    amount.rule_version
from amount
