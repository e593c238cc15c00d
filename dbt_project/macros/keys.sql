{#
    The key of a dimension's member: a hash of entity and natural key, the same in every term and every
    database. The key of an empty id is that of the unknown member.
#}
{% macro edu_key(entity, natural_key) -%}
    md5('{{ entity }}|' || coalesce({{ natural_key }}, ''))
{%- endmacro %}

{#
    An inferred student whose number was given up counts no more, and does again where the merge is taken back. Facts of
    terms that are not built again yet refer to the row, so it stays. Runs in the transaction that holds the gold lock.
#}
{% macro drop_inferred_numbers_given_up() -%}
    update {{ this }} as held
    set _is_dropped = not held._is_dropped
    where
        held.is_inferred
        and held._is_dropped <> exists (
            select 1
            from {{ ref('dim_student_number') }} as number
            where number.student_number = held.student_id and not number._is_dropped
        )
{%- endmacro %}
