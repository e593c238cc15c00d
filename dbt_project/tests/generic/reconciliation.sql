{# The model's rows of the term are the distinct keys of what it was built from: nothing lost, nothing doubled. #}
{% test conserves(model, of, key, condition='true') %}
    select
        built.number as rows_built,
        given.number as rows_given
    from (select count(*) as number from {{ model }}) as built
    cross join (
        select count(distinct {{ key }}) as number
        from {{ of }} as given
        where {{ in_term('given') }} and {{ condition }}
    ) as given
    where built.number <> given.number
{% endtest %}


{# A sum over the model's rows of the term is a sum over another model's. #}
{% test totals_agree(model, total, of, of_total) %}
    select
        built.total as total_here,
        given.total as total_there
    from (select coalesce({{ total }}, 0) as total from {{ model }}) as built
    cross join (
        select coalesce({{ of_total }}, 0) as total
        from {{ of }} as given
        where {{ in_term('given') }}
    ) as given
    where built.total <> given.total
{% endtest %}


{# No row of the term fulfils a condition that says an error. #}
{% test no_rows_where(model, condition) %}
    select * from {{ model }} where {{ condition }}
{% endtest %}


{# Every value is one that a rule table knows. Seeds carry no foreign keys, since they are replaced whole. #}
{% test known_to_rule(model, column_name, rules, rule_column, other_value='') %}
    select
        {{ column_name }} as unknown_value,
        count(*) as rows_with_it
    from {{ model }}
    where
        {{ column_name }} is not null
        and {{ column_name }} not in (select known.{{ rule_column }} from {{ rules }} as known)
        and {{ column_name }} <> '{{ other_value }}'
    group by {{ column_name }}
{% endtest %}
