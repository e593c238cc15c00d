{#
    What a run is: a term run (EDU_TERM) or a deploy (EDU_DEPLOY=1).

    Both are read from the environment while SQL is executed, never while the project is parsed: dbt
    hashes what the parser sees, and a new term would parse the project again.
#}

{% macro deploying() %}
    {{ return(env_var('EDU_DEPLOY', '0') == '1') }}
{% endmacro %}

{# The term of the run, e.g. 2025-26|T1. Empty while parsing and in a deploy, where no row is built. #}
{% macro edu_term() %}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set term = env_var('EDU_TERM', '') -%}
    {%- if term == '' and not deploying() -%}
        {% do refuse_run_without_term() %}
    {%- endif -%}
    {{ return(term) }}
{% endmacro %}

{% macro refuse_run_without_term() %}
    {{ exceptions.raise_compiler_error(
        "EDU_TERM is not set. A run builds one term: EDU_TERM='2025-26|T1' dbt build. "
        ~ "To create tables, rules and views without building a term: EDU_DEPLOY=1 dbt build "
        ~ "--exclude-resource-type test"
    ) }}
{% endmacro %}

{# The term of the run as a literal. #}
{% macro this_term() -%}
    '{{ dbt.escape_single_quotes(edu_term()) }}'
{%- endmacro %}

{# The condition that prunes a relation to the term of the run: one partition of each raw table. #}
{% macro in_term(relation) -%}
    {{ relation }}.term_key = {{ this_term() }}
{%- endmacro %}

{# Refuse what a run must not do before anything is done. #}
{% macro check_run() %}
    {%- if execute -%}
        {%- if flags.FULL_REFRESH -%}
            {{ exceptions.raise_compiler_error(
                "--full-refresh is refused: it would drop tables that other terms live in. Build the terms again "
                ~ "instead (edu backfill --terms ...); a table whose columns changed is altered by a deploy."
            ) }}
        {%- endif -%}
        {%- set term = env_var('EDU_TERM', '') -%}
        {%- if term == '' and not deploying() and flags.WHICH in ('build', 'run', 'seed') -%}
            {% do refuse_run_without_term() %}
        {%- endif -%}
        {%- if term != '' -%}
            {%- set known = run_query('select term_key from etl.term order by ordinal').columns[0].values() -%}
            {%- if term not in known -%}
                {{ exceptions.raise_compiler_error(
                    "EDU_TERM is '" ~ term ~ "', which is no term of this network; it has " ~ known | join(', ')
                ) }}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{# Schemas are named plainly: no prefix of the profile's schema, so that every environment is one database. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name if custom_schema_name is not none else target.schema }}
{%- endmacro %}

{# In a test's `where`, edu_term stands for the term of the run; yml cannot call a macro. #}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- if not where -%}
        {%- do return(relation) -%}
    {%- endif -%}
    {%- set scoped = modules.re.sub('\\bedu_term\\b', this_term() | replace('\\', '\\\\'), where) -%}
    {%- do return('(select * from ' ~ relation ~ ' where ' ~ scoped ~ ') as tested') -%}
{%- endmacro %}
