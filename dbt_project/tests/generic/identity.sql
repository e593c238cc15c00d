{# Of each feed's identifiers of the term at least the rule's share have a student whom the register describes. #}
{% test identifiers_are_matched(model) %}
    select
        bridge.feed,
        count(*) as identifiers,
        count(*) filter (where bridge.matched_by = 'unmatched') as unmatched
    from (select * from {{ model }}) as bridge
    cross join (
        select
            max(in_force.least_matched_percent) as least_percent,
            max(in_force.tolerated_unmatched) as tolerated
        from (
            {{ rule_of_term('rule_student_identifier') }}
        ) as in_force
    ) as rule
    where bridge.must_be_registered
    group by bridge.feed, rule.least_percent, rule.tolerated
    having
        count(*) filter (where bridge.matched_by <> 'unmatched') * 100 < count(*) * rule.least_percent
        and count(*) filter (where bridge.matched_by = 'unmatched') > rule.tolerated
{% endtest %}
