{#
    A seed is replaced by a deploy, in one transaction without TRUNCATE, so that a build that reads it
    meanwhile sees the old rules or the new ones, never none. A term run leaves a standing seed alone: what
    it builds is then made by the rules that were deployed.
#}
{% materialization seed, default %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set standing = load_cached_relation(this) -%}
    {%- set table = load_agate_table() -%}
    {%- do store_result('agate_table', response='OK', agate_table=table) -%}

    {%- if standing is not none and not deploying() -%}
        {% call noop_statement('main', 'STANDS', 'STANDS', 0) %}{% endcall %}
        {{ return({'relations': [target]}) }}
    {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if standing is none -%}
        {% do create_csv_table(model, table) %}
    {%- else -%}
        {%- set types = model['config'].get('column_types', {}) -%}
        {%- set held = adapter.get_columns_in_relation(standing) | map(attribute='name') | list -%}
        {%- set lost = held | reject('in', table.column_names) | list -%}
        {%- if lost -%}
            {{ exceptions.raise_compiler_error(
                "seed " ~ model.name ~ " lost its columns " ~ lost | join(', ') ~ ": views may read them. Keep the "
                ~ "columns, or drop the table by hand (drop table " ~ target ~ " cascade) and deploy."
            ) }}
        {%- endif -%}
        {% for column in table.column_names if column not in held %}
            {% call statement('grow') %}
                alter table {{ target }} add column {{ column }}
                {{ types.get(column, adapter.convert_type(table, table.column_names.index(column))) }}
            {% endcall %}
        {% endfor %}
        {% call statement('empty') %}
            lock table {{ target }} in share row exclusive mode;
            delete from {{ target }}
        {% endcall %}
    {%- endif -%}

    {%- set rows = table.rows | length -%}
    {%- set inserted = load_csv_rows(model, table) if rows > 0 else '' -%}
    {% call noop_statement('main', 'INSERT ' ~ rows, 'INSERT', rows) %}
        {{ inserted }}
    {% endcall %}
    {% do persist_docs(target, model) %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
