{#
    The gold DDL: tables as their yml declares them.

    Belongs here: creating and altering a declared table. Does not belong here: how rows get in
    (dimension.sql, term_partitioned.sql).
#}

{# The one lock that swaps and dimension upserts take in turn. #}
{% macro gold_lock() -%}
    pg_advisory_xact_lock(hashtextextended('edu:gold', 0))
{%- endmacro %}

{# A name that no other build uses: this connection's invocation, model and term. #}
{% macro unique_suffix() -%}
    {{ return(local_md5(invocation_id ~ this.identifier ~ edu_term())[:10]) }}
{%- endmacro %}

{# A term as part of a name: 2025-26|T1 gives 2025_26_t1. #}
{% macro term_slug(term) -%}
    {{ return(modules.re.sub('[^0-9a-z]+', '_', term | lower)) }}
{%- endmacro %}

{# A name within PostgreSQL's 63 bytes; a longer one keeps its start and gets a hash. #}
{% macro fitting_name(name) -%}
    {{ return(name if name | length <= 63 else name[:54] ~ '_' ~ local_md5(name)[:8]) }}
{%- endmacro %}

{# (columns and constraints) of the model's yml, with further column definitions behind. #}
{% macro declared_columns_and_constraints(further=[]) -%}
    {%- set columns = adapter.render_raw_columns_constraints(raw_columns=model['columns']) -%}
    {%- set constraints = adapter.render_raw_model_constraints(raw_constraints=model['constraints']) -%}
    (
        {{ (columns + further + constraints) | join(',\n        ') }}
    )
{%- endmacro %}

{# The model's constraint of a type, as a list of dictionaries. #}
{% macro declared_constraints(node, type) -%}
    {%- set found = [] -%}
    {%- for constraint in node.constraints if constraint.type == type -%}
        {%- do found.append(constraint) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# The columns of the primary key. #}
{% macro primary_key(node) -%}
    {%- set keys = declared_constraints(node, 'primary_key') -%}
    {%- if not keys -%}
        {{ exceptions.raise_compiler_error(node.name ~ ": its yml declares no primary_key constraint") }}
    {%- endif -%}
    {{ return(keys[0].columns) }}
{%- endmacro %}

{#
    Create the declared table, or bring an existing one to its yml: columns and constraints that the yml
    gained are added, constraints that it lost are dropped. What would lose or rewrite data is refused.
    The declared table is created beside it for a moment, so that PostgreSQL itself spells both.
#}
{% macro deploy_table(target, further=[], suffix='') -%}
    {%- set exists = load_cached_relation(target) is not none -%}
    {%- if not exists -%}
        {% call statement('create') %}
            create table if not exists {{ target }} {{ declared_columns_and_constraints(further) }} {{ suffix }}
        {% endcall %}
        {{ return(none) }}
    {%- endif -%}
    {%- set declared = target.incorporate(path={'identifier': fitting_name(target.identifier ~ '__declared')}) -%}
    {% call statement('declare') %}
        create table {{ declared }} {{ declared_columns_and_constraints(further) }} {{ suffix }}
    {% endcall %}
    {%- set differences = run_query(table_differences(target, declared)) -%}
    {% call statement('forget') %} drop table {{ declared }} {% endcall %}
    {%- set refused = [] -%}
    {%- for difference in differences.rows if difference['refusal'] -%}
        {%- do refused.append(difference['refusal']) -%}
    {%- endfor -%}
    {%- if refused -%}
        {{ exceptions.raise_compiler_error(
            target.identifier ~ ": " ~ refused | join('; ') ~ ". Undo the change in the yml, or give the column a new "
            ~ "name, or drop the table by hand (drop table " ~ target.schema ~ '.' ~ target.identifier
            ~ "), deploy and build its terms again: gold holds nothing that raw does not."
        ) }}
    {%- endif -%}
    {%- for difference in differences.rows -%}
        {% call statement('alter') %} alter table {{ target }} {{ difference['change'] }} {% endcall %}
    {%- endfor -%}
{%- endmacro %}

{# One row a difference between a table and its declaration: the change to make, or why it is refused. #}
{% macro table_differences(target, declared) -%}
    with attribute as (
        select
            a.attrelid,
            a.attnum,
            a.attname,
            format_type(a.atttypid, a.atttypmod) as kind,
            a.attnotnull
        from pg_attribute as a
        where
            a.attrelid in ('{{ target }}'::regclass, '{{ declared }}'::regclass)
            and a.attnum > 0
            and not a.attisdropped
    ),

    stands as (select * from attribute where attrelid = '{{ target }}'::regclass),

    wanted as (select * from attribute where attrelid = '{{ declared }}'::regclass),

    rule as (
        select c.conrelid, c.conname, pg_get_constraintdef(c.oid) as definition
        from pg_constraint as c
        where
            c.conrelid in ('{{ target }}'::regclass, '{{ declared }}'::regclass)
            and c.contype in ('p', 'u', 'f', 'c')
            and c.conparentid = 0
    ),

    difference as (
        select
            1 as turn,
            w.attnum as place,
            format('add column %I %s', w.attname, w.kind)
            || case when w.attnotnull then ' not null' else '' end as change,
            case
                when w.attnotnull and exists (select from {{ target }})
                    then format('column %s is new and not_null, but the table has rows', w.attname)
            end as refusal
        from wanted as w
        where not exists (select from stands as s where s.attname = w.attname)
        union all
        select 1, s.attnum, null, format('column %s is no longer declared', s.attname)
        from stands as s
        where not exists (select from wanted as w where w.attname = s.attname)
        union all
        select
            1,
            s.attnum,
            format('alter column %I %s not null', s.attname, case when w.attnotnull then 'set' else 'drop' end),
            case
                when s.kind <> w.kind
                    then format('column %s is %s in the database and %s in the yml', s.attname, s.kind, w.kind)
            end
        from stands as s
        inner join wanted as w on s.attname = w.attname
        where s.kind <> w.kind or s.attnotnull <> w.attnotnull
        union all
        select 2, 0, format('drop constraint %I', r.conname), null
        from rule as r
        where
            r.conrelid = '{{ target }}'::regclass
            and r.definition not in (select definition from rule where conrelid = '{{ declared }}'::regclass)
        union all
        select 3, 0, 'add ' || r.definition, null
        from rule as r
        where
            r.conrelid = '{{ declared }}'::regclass
            and r.definition not in (select definition from rule where conrelid = '{{ target }}'::regclass)
    )

    select change, refusal
    from difference
    order by turn, place, change
{%- endmacro %}

{# Fail a deploy where the SQL does not give what the yml declares; PostgreSQL plans it, nothing is read. #}
{% macro demand_columns(sql, expected) -%}
    {%- set given = {} -%}
    {%- for column in get_column_schema_from_query(sql) -%}
        {%- do given.update({column.name: column.dtype}) -%}
    {%- endfor -%}
    {%- set nulls = [] -%}
    {%- for column in model.columns.values() -%}
        {%- do nulls.append('cast(null as ' ~ column.data_type ~ ') as ' ~ column.name) -%}
    {%- endfor -%}
    {%- set wanted = get_column_schema_from_query('select ' ~ nulls | join(', ')) -%}
    {%- set wrong = [] -%}
    {%- for column in wanted if column.name in expected -%}
        {%- if column.name not in given -%}
            {%- do wrong.append(column.name ~ ' is missing') -%}
        {%- elif given[column.name] != column.dtype -%}
            {%- do wrong.append(column.name ~ ' is ' ~ given[column.name] ~ ', declared ' ~ column.dtype) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if wrong -%}
        {{ exceptions.raise_compiler_error(
            model.name ~ ": its SQL does not give what its yml declares: " ~ wrong | join('; ')
        ) }}
    {%- endif -%}
{%- endmacro %}
