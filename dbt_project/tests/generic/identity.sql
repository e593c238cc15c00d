{# Of each feed's identifiers of the term at least the rule's share have a student whom the register describes. #}
{% test identifiers_are_matched(model) %}
    select
        bridge.feed,
        count(*) as identifiers,
        count(*) filter (where bridge.matched_by <> 'unmatched') as matched
    from (select * from {{ model }}) as bridge
    cross join (
        select max(in_force.least_matched_percent) as least_percent
        from (
            {{ rule_of_term('rule_student_identifier') }}
        ) as in_force
    ) as rule
    group by bridge.feed, rule.least_percent
    having count(*) filter (where bridge.matched_by <> 'unmatched') * 100 < count(*) * rule.least_percent
{% endtest %}
