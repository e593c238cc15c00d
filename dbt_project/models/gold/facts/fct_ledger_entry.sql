{# One row an entry of the books, in the fiscal period that the books give it. #}
with stated as (
    select distinct on (entry.ledger_entry_id) entry.*
    from {{ ref('conformed_ledger_entry') }} as entry
    where {{ in_term('entry') }}
    order by entry.ledger_entry_id asc, entry._load_id desc, entry._feed asc
),

code as (
    {{ rows_in_force('finance_categories') }}
)

select
    stated.term_key,
    {{ edu_key('ledger_entry', 'stated.ledger_entry_id') }} as ledger_entry_key,
    {{ edu_key('school', 'stated.school_id') }} as school_key,
    stated.fiscal_year,
    stated.fiscal_period,
    stated.posting_date,
    stated.account_type,
    stated.fund_code,
    stated.function_code,
    stated.object_code,
    coalesce(code.category, 'unmapped') as category,
    stated.amount,
    stated.currency,
    stated._load_id,
    stated.school_id
from stated
left join code
    on
        stated.system = code.system
        and stated.account_type = code.record_type
        and stated.function_code = code.source_code
