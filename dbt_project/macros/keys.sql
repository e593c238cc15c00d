{#
    The key of a dimension's member: a hash of entity and natural key, the same in every term and every
    database. The key of an empty id is that of the unknown member.
#}
{% macro edu_key(entity, natural_key) -%}
    md5('{{ entity }}|' || coalesce({{ natural_key }}, ''))
{%- endmacro %}
