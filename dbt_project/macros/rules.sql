{#
    The authority whose rows of a table of rules hold: the network's (etl.network as `network`); where it has none of its
    own in this table, the federal one.
#}
{% macro authority_of(rules) -%}
    coalesce(
        (
            select min(own.authority)
            from {{ ref(rules) }} as own
            where own.authority = network.authority
        ),
        'federal'
    )
{%- endmacro %}


{#
    The rule of that authority that was in force when the term's instruction began. A left join on it keeps rows where no
    rule was in force: they fail the model's not-null rule_version, loudly.
#}
{% macro rule_of_term(rules) -%}
    select candidate.*
    from {{ ref(rules) }} as candidate
    inner join {{ source('etl', 'network') }} as network
        on candidate.authority = {{ authority_of(rules) }}
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


{#
    The rules of each authority that the network reports by, its own and those beside it, for figures that are told side
    by side. When a rule is in force is asked by the model, which knows the time that its figures are of. Where the
    network's own authority has no rule in this table, the federal one takes its place; of one beside it nothing does.
#}
{% macro rules_reported_by(rules) -%}
    select candidate.*
    from {{ ref(rules) }} as candidate
    where
        candidate.authority in (
            select reported.authority
            from {{ source('etl', 'authority') }} as reported
        )
        or (
            candidate.authority = 'federal'
            and exists (
                select 1
                from {{ source('etl', 'authority') }} as network
                where
                    network.is_own
                    and network.authority not in (
                        select own.authority
                        from {{ ref(rules) }} as own
                    )
            )
        )
{%- endmacro %}
