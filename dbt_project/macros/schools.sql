{#
    The school_id in the network file of what a system calls a school; else what the system calls it. Conformed unions
    ask for it. A staging view has what its system says, and asks where it looks for dates of the network file.

    The names are one object, read once a query: a join would stand in every query over a conformed union, and decide
    about the order of all its others.
#}
{% macro network_school(sent) -%}
    coalesce(
        (
            select jsonb_object_agg(known.also, known.school_id)
            from {{ source('etl', 'school_alias') }} as known
        ) ->> ({{ sent }}),
        {{ sent }}
    )
{%- endmacro %}
