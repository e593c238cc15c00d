{# What a snapshot does around its statement, in the same transaction. #}

{# Wait until nobody else writes gold. #}
{% macro take_gold_lock() -%}
    select {{ gold_lock() }}
{%- endmacro %}

{# Let a deploy see to it that a key has one open version. #}
{% macro keep_one_open_version(target, key) -%}
    {%- if deploying() -%}
        create unique index if not exists {{ target.identifier }}_one_open_version
            on {{ target }} ({{ key }}) where dbt_valid_to is null
    {%- endif -%}
{%- endmacro %}
