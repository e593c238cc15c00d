{# Conduct per 100 students in average daily membership; null where membership is not known, never nought. #}
{{ config(materialized='view') }}

with trend as (
    select
        mart.*,
        cast(mart.school_days_membership as numeric) as membership,
        nullif(mart.school_days_in_session, 0) as in_session,
        cast(mart.school_days_in_session as numeric) * rule.per_adm as scale,
        rule.per_adm
    from {{ ref('mart_behavior_trends') }} as mart
    left join {{ ref('rule_behavior_trends') }} as rule on mart.rule_version = rule.rule_version
)

select
    trend.term_key,
    trend.school_key,
    trend.behavior,
    trend.incidents,
    trend.actions,
    trend.suspensions,
    round(trend.membership / trend.in_session, 4) as average_daily_membership,
    trend.per_adm,
    {%- for count, rate in [
        ('incidents', 'incidents'), ('students_aggressor', 'students'), ('actions', 'actions'),
        ('suspensions', 'suspensions'), ('days_suspended', 'days_suspended'),
    ] %}
        round(trend.{{ count }} * trend.scale / nullif(trend.membership, 0), 4) as {{ rate }}_per_adm,
    {%- endfor %}
    trend.rule_version
from trend
