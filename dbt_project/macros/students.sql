{#
    Students of each term, a row a feed. Where a feed has disabled the account of a student whom another one keeps in use,
    as a roster does after a move, the other ones speak. The window keeps term_key, so that a filter on it reaches the raw
    partition.
#}
{% macro students_in_use() -%}
    select
        known.student_id,
        known.given_name,
        known.family_name,
        known.grade_level,
        known.primary_school_id,
        known.term_key,
        known._feed,
        known._load_id,
        known._ingested_at
    from (
        select
            given.*,
            coalesce(given.is_enabled, true) as is_in_use,
            bool_or(coalesce(given.is_enabled, true)) over (
                partition by given.term_key, given.student_id
            ) as is_in_use_somewhere
        from {{ ref('conformed_student') }} as given
    ) as known
    where known.is_in_use or not known.is_in_use_somewhere
{%- endmacro %}
