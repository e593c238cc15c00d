{#
    A fact or mart: one table, LIST-partitioned by term_key, of which a run replaces one term.

    The term's table is built aside, gets its keys and checks, then takes the place of the old one in one
    short transaction. Building inside the live table costs 15 times as much (its foreign keys are checked
    row by row). The swap waits for readers at most `lock_timeout` at a time, which is shorter than
    PostgreSQL's deadlock_timeout: a swap that meets a reader gives way and tries again, the reader is
    never the victim.

    `meta: {infers: [student, …]}` in the yml: beside its columns the SQL yields `<name>_id`, the natural key
    behind the foreign key `<name>_key`; members that the dimension lacks are inserted before the keys are
    added, holding their natural key. An empty id is served by the unknown member and infers nothing.
#}

{% materialization term_partitioned, adapter='postgres' %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set columns = model.columns.keys() | list -%}
    {%- set suffix = 'partition by list (term_key)' -%}

    {%- if deploying() or load_cached_relation(this) is none -%}
        {% do deploy_table(target, suffix=suffix) %}
        {% do persist_docs(target, model) %}
        {% do adapter.commit() %}
    {%- endif -%}
    {%- if deploying() -%}
        {% do demand_columns(sql, columns) %}
        {% call noop_statement('main', 'DEPLOYED', 'DEPLOYED', 0) %}{{ sql }}{% endcall %}
        {{ return({'relations': [target]}) }}
    {%- endif -%}

    {%- set term = this_term() -%}
    {%- set base = target.identifier ~ '__' ~ term_slug(edu_term()) -%}
    {%- set final = fitting_name(base) -%}
    {%- set place = base[:34] ~ '__aside_' ~ local_md5(base)[:8] -%}
    {%- set aside = target.incorporate(path={'identifier': place ~ '_' ~ unique_suffix()}) -%}
    {%- set infers = model.config.meta.get('infers', []) -%}
    {%- set rows = 'rows_' ~ unique_suffix() -%}

    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement('sweep') %}{{ sweep_left_behind(target, place) }}{% endcall %}
    {% call statement('aside') %}
        create table {{ aside }} (like {{ target }} including defaults including constraints);
        alter table {{ aside }} add check (term_key = {{ term }});
        {% if infers %}
        create temporary table {{ rows }} as
        {{ sql }}
        {% endif %}
    {% endcall %}
    {% call statement('main') %}
        insert into {{ aside }} ({{ columns | join(', ') }})
        select {{ columns | join(', ') }}
        from {% if infers %}{{ rows }}{% else %}(
            {{ sql }}
        ){% endif %} as built
    {% endcall %}
    {% call statement('keys') %}
        {% for constraint in model.constraints if constraint.type in ('primary_key', 'unique') %}
        alter table {{ aside }}
            add {{ constraint.type | replace('_', ' ') }} ({{ constraint.columns | join(', ') }});
        {% endfor %}
        analyze {{ aside }};
    {% endcall %}
    {% do adapter.commit() %}

    {# Inferred members and foreign keys lock the dimensions against writers alone, and writers take turns. #}
    {% call statement('relate') %}
        select {{ gold_lock() }};
        {% for constraint in model.constraints if constraint.type == 'foreign_key' %}
            {%- set name = constraint.columns[0] | replace('_key', '') -%}
            {%- if name in infers %}
        {{ insert_inferred_members(constraint, rows, name, term) }};
            {%- endif %}
        alter table {{ aside }}
            add foreign key ({{ constraint.columns | join(', ') }})
            references {{ constraint.to }} ({{ constraint.to_columns | join(', ') }});
        {% endfor %}
        {% if infers %}drop table {{ rows }};{% endif %}
    {% endcall %}
    {% do adapter.commit() %}

    {% call statement('swap') %}{{ swap_partition(target, aside, final, term) }}{% endcall %}
    {% call statement('done') %} select pg_advisory_unlock({{ aside_lock(place) }}) {% endcall %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# Held by the session that builds a model's term, so that two of them take turns; a crash releases it. #}
{% macro aside_lock(place) -%}
    hashtextextended('edu:aside:{{ place }}', 0)
{%- endmacro %}

{# Drop what a build that failed or was killed has left of this model's term. What is locked stays for the next build. #}
{% macro sweep_left_behind(target, place) -%}
    select pg_advisory_lock({{ aside_lock(place) }});
    do $sweep$
    declare
        left_behind regclass;
    begin
        perform set_config('lock_timeout', '400ms', true);
        for left_behind in
            select c.oid::regclass
            from pg_class as c
            where
                c.relnamespace = '{{ target.schema }}'::regnamespace
                and c.relkind = 'r'
                and not c.relispartition
                and starts_with(c.relname, '{{ place }}_')
        loop
            begin
                execute format('drop table %s', left_behind);
            exception when lock_not_available then
                raise notice '% is locked and stays until the next build', left_behind;
            end;
        end loop;
        perform set_config('lock_timeout', '0', true);
    end
    $sweep$
{%- endmacro %}

{# Insert what the built rows refer to and the dimension lacks. #}
{% macro insert_inferred_members(constraint, rows, name, term) -%}
    {%- set table = constraint.to.split('.')[-1] | replace('"', '') -%}
    {%- set dimension = graph.nodes.values() | selectattr('alias', 'equalto', table) | first -%}
    {%- set natural = declared_constraints(dimension, 'unique')[0].columns[0] -%}
    insert into {{ constraint.to }} ({{ constraint.to_columns[0] }}, {{ natural }}, is_inferred, _term_key)
    select distinct {{ constraint.columns[0] }}, {{ name }}_id, true, {{ term }}
    from {{ rows }} as built
    where
        coalesce({{ name }}_id, '') <> ''
        and not exists (
            select from {{ constraint.to }} as held
            where held.{{ constraint.to_columns[0] }} = built.{{ constraint.columns[0] }}
        )
    order by {{ constraint.columns[0] }}
    on conflict do nothing
{%- endmacro %}

{# Put the table built aside in the place of the term's partition, or attach it where there is none. #}
{% macro swap_partition(target, aside, final, term) -%}
    do $swap$
    declare
        attempts constant integer := 100;
        replaced regclass;
    begin
        for attempt in 1..attempts loop
            begin
                perform {{ gold_lock() }};
                perform set_config('lock_timeout', '400ms', true);
                -- a join would spell out the bounds of every partition in the database, which takes ten times as long
                select i.inhrelid::regclass into replaced
                from pg_inherits as i
                where
                    i.inhparent = '{{ target }}'::regclass
                    and (select pg_get_expr(c.relpartbound, c.oid) from pg_class as c where c.oid = i.inhrelid)
                    = format('FOR VALUES IN (%L)', {{ term }}::text);
                if replaced is not null then
                    execute format('drop table %s', replaced);
                end if;
                alter table {{ target }} attach partition {{ aside }} for values in ({{ term }});
                alter table {{ aside }} rename to {{ adapter.quote(final) }};
                return;
            exception when lock_not_available or deadlock_detected then
                if attempt = attempts then
                    raise exception using
                        errcode = 'lock_not_available',
                        message = format(
                            'the new %s of {{ target.identifier }} could not be swapped in: after %s attempts some '
                            'session still reads it in an open transaction. Find it in pg_stat_activity, end '
                            'its transaction and build the term again. The old rows stand.', {{ term }}::text, attempts
                        );
                end if;
                -- backoff with jitter; the gold lock went with the subtransaction, so others go on
                perform pg_sleep(least(attempt, 10) * 0.03 * (0.5 + random()));
            end;
        end loop;
    end
    $swap$
{%- endmacro %}
