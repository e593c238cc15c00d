{# One row a version of a budget line, as the term's own sheet states it. #}
with precedence as (
    {{ rule_of_term('rule_budget_version') }}
),

stated as (
    select distinct on (
        line.school_id, line.fiscal_year, line.account_type, line.fund_code, line.function_code, line.budget_version
    ) line.*
    from {{ ref('conformed_budget_line') }} as line
    where {{ in_term('line') }}
    order by
        line.school_id asc, line.fiscal_year asc, line.account_type asc, line.fund_code asc, line.function_code asc,
        line.budget_version asc, line._load_id desc, line._feed asc
),

code as (
    {{ rows_in_force('finance_categories') }}
)

select
    stated.term_key,
    {{ edu_key('school', 'stated.school_id') }} as school_key,
    stated.fiscal_year,
    stated.account_type,
    stated.fund_code,
    stated.function_code,
    stated.budget_version,
    coalesce(code.category, 'unmapped') as category,
    stated.amount,
    stated.currency,
    precedence.precedence is not null
    and row_number() over (
        partition by
            stated.school_id, stated.fiscal_year, stated.account_type, stated.fund_code, stated.function_code
        order by precedence.precedence desc nulls last
    ) = 1 as is_in_force,
    stated._load_id,
    stated.school_id
from stated
left join precedence on stated.budget_version = precedence.budget_version
left join code
    on
        stated.system = code.system
        and stated.account_type = code.record_type
        and stated.function_code = code.source_code
