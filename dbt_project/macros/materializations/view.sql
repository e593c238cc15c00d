{#
    A view that stands while others read it.

    dbt's own renames the old view away and drops it, and every view over it with it. Here a term run
    leaves a standing view alone, and a deploy replaces it in place. Only where its columns changed in a
    way that PostgreSQL cannot replace is it dropped with its dependants, which the same deploy makes
    again since it builds every view in order.
#}
{% materialization view, default %}
    {%- set target = this.incorporate(type='view') -%}
    {%- set stands = load_cached_relation(this) is not none -%}

    {%- if stands and not deploying() -%}
        {% call noop_statement('main', 'STANDS', 'STANDS', 0) %}{% endcall %}
        {{ return({'relations': [target]}) }}
    {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% if model.config.contract.enforced %}
        {% do demand_columns(sql, model.columns.keys() | list) %}
    {% endif %}
    {% call statement('main') %}
        do $deploy$
        begin
            execute $view$create or replace view {{ target }} as (
                {{ sql }}
            )$view$;
        exception when invalid_table_definition then
            drop view {{ target }} cascade;
            execute $view$create view {{ target }} as (
                {{ sql }}
            )$view$;
        end
        $deploy$
    {% endcall %}
    {% do persist_docs(target, model) %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
