{#
    A dimension: a plain table, one row a key, upserted by each term's run.

    The model selects its rows of every term, with term_key, _feed, _load_id and _ingested_at; this
    materialisation adds the filter on the run's term, which prunes raw tables to one partition. A key's
    row is that of its latest term, in it of its latest load. A run of an older term never overwrites a
    newer term's row. A key that its latest term has lost falls back to the latest other term that has
    it; where none has, its row stays, since facts may refer to it, and _is_dropped says so.

    The yml declares columns and keys: the primary key is the hashed key, the unique constraint the
    natural key. A dimension with `meta: {scope: network}` has no terms: every run brings all its rows, and reads them
    when its turn to write has come, so that of two runs at once the later to write has the later rows.
#}

{# Columns that every dimension has beside those of its yml. #}
{% macro dimension_bookkeeping() -%}
    {{ return([
        '_is_dropped boolean not null default false',
        '_term_key text',
        '_feed text',
        '_load_id bigint',
        '_ingested_at timestamptz',
    ]) }}
{%- endmacro %}

{# The member that serves rows whose id is empty. #}
{% macro insert_unknown_member(target) -%}
    {%- set natural = declared_constraints(model, 'unique') -%}
    {%- if natural -%}
        {%- set entity = model.name | replace('dim_', '', 1) -%}
        {% call statement('unknown') %}
            insert into {{ target }} ({{ primary_key(model)[0] }}, {{ natural[0].columns[0] }}, is_inferred)
            values ({{ edu_key(entity, "''") }}, '', false)
            on conflict do nothing
        {% endcall %}
    {%- endif -%}
{%- endmacro %}

{# Pairs `column = source.column` of an update. #}
{% macro assignments(columns, source) -%}
    {%- for column in columns -%}
        {{ column }} = {{ source }}.{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro of(relation, columns) -%}
    {%- for column in columns -%}
        {{ relation }}.{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% materialization dimension, adapter='postgres' %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set key = primary_key(model)[0] -%}
    {%- set network_wide = model.config.meta.get('scope') == 'network' -%}
    {%- set own = model.columns.keys() | reject('equalto', 'is_inferred') | list -%}
    {%- set lineage = [] if network_wide else ['_feed', '_load_id', '_ingested_at'] -%}
    {%- set columns = own + lineage -%}

    {%- if deploying() or load_cached_relation(this) is none -%}
        {% do deploy_table(target, dimension_bookkeeping()) %}
        {% do insert_unknown_member(target) %}
        {% do persist_docs(target, model) %}
        {% do adapter.commit() %}
    {%- endif -%}
    {%- if deploying() -%}
        {% do demand_columns(sql, own) %}
        {% call noop_statement('main', 'DEPLOYED', 'DEPLOYED', 0) %}{{ sql }}{% endcall %}
        {{ return({'relations': [target]}) }}
    {%- endif -%}

    {%- set term = this_term() -%}
    {%- set incoming = 'incoming_' ~ unique_suffix() -%}
    {%- set vanished = 'vanished_' ~ unique_suffix() -%}

    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement('main') %}
        {% if network_wide %}
        select {{ gold_lock() }};
        {% endif %}
        create temporary table {{ incoming }} as
        select distinct on ({{ key }}) {{ columns | join(', ') }}
        from (
            {{ sql }}
        ) as member
        {% if not network_wide %}
        where term_key = {{ term }}
        order by {{ key }}, _load_id desc nulls last, _feed desc, {{ own | join(', ') }}
        {% endif %}
    {% endcall %}
    {%- set lost = run_query(
        'select count(*) from ' ~ target ~ ' as held where not held._is_dropped'
        ~ ('' if network_wide else ' and held._term_key = ' ~ term ~ ' and not held.is_inferred')
        ~ ' and not exists (select from ' ~ incoming ~ ' as i where i.' ~ key ~ ' = held.' ~ key ~ ')'
    ).rows[0][0] -%}
    {% if lost and not network_wide %}
        {% call statement('fall_back') %}
            create temporary table {{ vanished }} as
            select distinct on (member.{{ key }}) {{ of('member', columns) }}, member.term_key
            from (
                {{ sql }}
            ) as member
            inner join etl.term on member.term_key = term.term_key
            where
                member.term_key <> {{ term }}
                and member.{{ key }} in (
                    select held.{{ key }}
                    from {{ target }} as held
                    where
                        held._term_key = {{ term }}
                        and not exists (select from {{ incoming }} as i where i.{{ key }} = held.{{ key }})
                )
            order by
                member.{{ key }}, term.ordinal desc, member._load_id desc nulls last, member._feed desc,
                {{ of('member', own) }}
        {% endcall %}
    {% endif %}
    {% if not network_wide %}
        {% do adapter.commit() %}
    {% endif %}

    {% call statement('upsert') %}
        select {{ gold_lock() }};
        insert into {{ target }} as held
            ({{ columns | join(', ') }}, is_inferred, _is_dropped, _term_key)
        select {{ columns | join(', ') }}, false, false, {{ 'null' if network_wide else term }}
        from {{ incoming }}
        order by {{ key }}
        on conflict ({{ key }}) do update
        set {{ assignments(columns + ['is_inferred', '_is_dropped', '_term_key'], 'excluded') }}
        where
            ({{ of('held', columns + ['is_inferred', '_is_dropped', '_term_key']) }})
            is distinct from ({{ of('excluded', columns + ['is_inferred', '_is_dropped', '_term_key']) }})
            and (
                held.is_inferred
                or held._is_dropped
                or held._term_key is null
                or held._term_key <> all (array(
                    select later.term_key
                    from etl.term as this_term
                    inner join etl.term as later on this_term.ordinal < later.ordinal
                    where this_term.term_key = {{ term }}
                ))
            );
        {% if lost and not network_wide %}
        update {{ target }} as held
        set {{ assignments(columns, 'other') }}, _term_key = other.term_key
        from {{ vanished }} as other
        where held.{{ key }} = other.{{ key }} and held._term_key = {{ term }};
        {% endif %}
        {% if lost %}
        update {{ target }} as held
        set _is_dropped = true
        where
            not held._is_dropped
            {%- if not network_wide %}
            and held._term_key = {{ term }}
            and not held.is_inferred
            {%- endif %}
            and not exists (select from {{ incoming }} as i where i.{{ key }} = held.{{ key }});
        drop table if exists {{ vanished }};
        {% endif %}
        drop table {{ incoming }};
    {% endcall %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
