{#
    The rule of the network's authority that was in force when the term's instruction began; where the authority has
    none of its own in this table, the federal one. A left join on it keeps rows where no rule was in force: they fail
    the model's not-null rule_version, loudly.
#}
{% macro rule_of_term(rules) -%}
    select candidate.*
    from {{ ref(rules) }} as candidate
    inner join {{ source('etl', 'network') }} as network
        on candidate.authority = coalesce(
            (
                select min(own.authority)
                from {{ ref(rules) }} as own
                where own.authority = network.authority
            ),
            'federal'
        )
    inner join {{ source('etl', 'term') }} as term
        on
            {{ in_term('term') }}
            and term.instructional_start >= coalesce(candidate.effective_from, '-infinity')
            and term.instructional_start < coalesce(candidate.effective_to, 'infinity')
{%- endmacro %}


{# The rows of a code map or of bands that were in force when the term's instruction began. #}
{% macro rows_in_force(rules) -%}
    select candidate.*
    from {{ ref(rules) }} as candidate
    inner join {{ source('etl', 'term') }} as term
        on
            {{ in_term('term') }}
            and term.instructional_start >= coalesce(candidate.effective_from, '-infinity')
            and term.instructional_start < coalesce(candidate.effective_to, 'infinity')
{%- endmacro %}
