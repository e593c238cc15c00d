{# Fiscal years and periods by the rule of the authority (seed rule_revenue_expenditure). #}

{# The calendar year in which the fiscal year of a day begins. #}
{% macro fiscal_year_start(day, rule) -%}
    cast(extract(year from {{ day }}) as integer)
        - case when extract(month from {{ day }}) < {{ rule }}.fiscal_year_begins_month then 1 else 0 end
{%- endmacro %}

{# The fiscal year of a day as the books name it: 2025-26, or 2025 where it is the calendar year; null without rule. #}
{% macro fiscal_year(day, rule) -%}
    cast({{ fiscal_year_start(day, rule) }} as text)
        || case
            when {{ rule }}.fiscal_year_begins_month > 1
                then '-' || right(cast({{ fiscal_year_start(day, rule) }} + 1 as text), 2)
            when {{ rule }}.fiscal_year_begins_month = 1 then ''
        end
{%- endmacro %}

{# The period of the fiscal year in which a day falls, from 1. #}
{% macro fiscal_period(day, rule) -%}
    (cast(extract(month from {{ day }}) as integer) - {{ rule }}.fiscal_year_begins_month + 12) % 12
        / {{ rule }}.months_per_period + 1
{%- endmacro %}

{# The last day of a fiscal period. #}
{% macro fiscal_period_end(fiscal_year, period, rule) -%}
    cast(
            make_date(cast(left({{ fiscal_year }}, 4) as integer), {{ rule }}.fiscal_year_begins_month, 1)
            + interval '1 month' * ({{ period }} * {{ rule }}.months_per_period)
        as date) - 1
{%- endmacro %}

{# The part of a year's amount that falls on a period, in cents, so that the periods add up to the year. #}
{% macro share_of_period(amount, period, rule) -%}
    round({{ amount }} * {{ period }} * {{ rule }}.months_per_period / 12, 2)
        - round({{ amount }} * ({{ period }} - 1) * {{ rule }}.months_per_period / 12, 2)
{%- endmacro %}

{# Which column of the mart a record's amount adds to. #}
{% macro finance_parts() -%}
    {{ return({
        'billed': 'billed', 'aid': 'aid', 'payment': 'collected', 'refund': 'refunded', 'write_off': 'written_off',
        'revenue': 'revenue', 'expenditure': 'expenditure',
        'budgeted_revenue': 'budgeted_revenue', 'budgeted_expenditure': 'budgeted_expenditure',
    }) }}
{%- endmacro %}
