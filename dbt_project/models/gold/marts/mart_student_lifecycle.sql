{#
    The states of a learner one after the other, resolved over all terms. Each event opens and closes spans of days; on
    each day on which one begins or ends, the spans that are open tell the state. A span that begins counts from that day
    on, one that ends no longer on it.
#}
{{ config(materialized='view') }}

with learner as (
    select
        member.learner_key,
        member.registered_on,
        coalesce(nullif(member.student_key, {{ edu_key('student', "''") }}), member.learner_key) as student_key
    from {{ ref('dim_learner') }} as member
),

rule as (
    select candidate.*
    from {{ ref('rule_student_lifecycle') }} as candidate
    inner join {{ source('etl', 'network') }} as network
        on candidate.authority = {{ authority_of('rule_student_lifecycle') }}
),

happened as (
    select
        learner.student_key,
        happening.event,
        happening.course_key,
        happening.begin_date,
        happening.end_date,
        rule.at_risk_after_days,
        rule.lapsed_after_days,
        rule.rule_version
    from {{ ref('fct_learner_event') }} as happening
    inner join learner on happening.learner_key = learner.learner_key
    inner join rule on happening.rule_version = rule.rule_version
),

-- an enrolment is open until it is cancelled or its course completed, by whichever account
enrollment as (
    select
        enrolled.student_key,
        enrolled.course_key,
        enrolled.begin_date,
        enrolled.at_risk_after_days,
        enrolled.lapsed_after_days,
        enrolled.rule_version,
        least(
            enrolled.end_date,
            min(completed.begin_date) filter (where completed.begin_date >= enrolled.begin_date)
        ) as end_date
    from happened as enrolled
    left join happened as completed
        on
            enrolled.student_key = completed.student_key
            and enrolled.course_key = completed.course_key
            and completed.event = 'completion'
    where enrolled.event = 'enrollment'
    group by
        enrolled.student_key, enrolled.course_key, enrolled.begin_date, enrolled.end_date,
        enrolled.at_risk_after_days, enrolled.lapsed_after_days, enrolled.rule_version
),

span as (
    select
        learner.student_key,
        'known' as meaning,
        learner.registered_on as begin_date,
        cast(null as date) as end_date,
        rule.rule_version
    from learner
    inner join rule
        on
            learner.registered_on >= coalesce(rule.effective_from, '-infinity')
            and learner.registered_on < coalesce(rule.effective_to, 'infinity')
    union all
    select
        happened.student_key,
        'known' as meaning,
        happened.begin_date,
        cast(null as date) as end_date,
        happened.rule_version
    from happened
    union all
    select
        enrollment.student_key,
        'open' as meaning,
        enrollment.begin_date,
        enrollment.end_date,
        enrollment.rule_version
    from enrollment
    union all
    select
        enrollment.student_key,
        'fresh' as meaning,
        enrollment.begin_date,
        enrollment.begin_date + enrollment.at_risk_after_days + 1 as end_date,
        enrollment.rule_version
    from enrollment
    union all
    select
        enrollment.student_key,
        'engaged' as meaning,
        enrollment.begin_date,
        enrollment.begin_date + enrollment.lapsed_after_days + 1 as end_date,
        enrollment.rule_version
    from enrollment
    union all
    select
        happened.student_key,
        'active' as meaning,
        happened.begin_date,
        happened.end_date + happened.at_risk_after_days as end_date,
        happened.rule_version
    from happened
    where happened.event = 'activity'
    union all
    select
        happened.student_key,
        'engaged' as meaning,
        happened.begin_date,
        happened.end_date + happened.lapsed_after_days as end_date,
        happened.rule_version
    from happened
    where happened.event = 'activity'
    union all
    select
        happened.student_key,
        happened.event as meaning,
        happened.begin_date,
        happened.end_date,
        happened.rule_version
    from happened
    where happened.event in ('completion', 'certificate')
),

edge as (
    select
        span.student_key,
        span.meaning,
        span.begin_date as edge_date,
        1 as step,
        span.rule_version
    from span
    union all
    select
        span.student_key,
        span.meaning,
        span.end_date as edge_date,
        -1 as step,
        span.rule_version
    from span
    where span.end_date is not null
),

edge_day as (
    select
        edge.student_key,
        edge.edge_date,
        coalesce(sum(edge.step) filter (where edge.meaning = 'open'), 0) as opened,
        coalesce(sum(edge.step) filter (where edge.meaning = 'fresh'), 0) as freshened,
        coalesce(sum(edge.step) filter (where edge.meaning = 'active'), 0) as activated,
        coalesce(sum(edge.step) filter (where edge.meaning = 'engaged'), 0) as engaged,
        coalesce(sum(edge.step) filter (where edge.meaning = 'completion'), 0) as completed,
        coalesce(sum(edge.step) filter (where edge.meaning = 'certificate'), 0) as certified,
        max(edge.rule_version) as rule_version
    from edge
    group by edge.student_key, edge.edge_date
),

resolved as (
    select
        edge_day.student_key,
        edge_day.edge_date,
        edge_day.rule_version,
        case
            when sum(edge_day.opened) over so_far > 0 and sum(edge_day.activated) over so_far > 0 then 'active'
            when sum(edge_day.opened) over so_far > 0 and sum(edge_day.freshened) over so_far > 0 then 'enrolled'
            when sum(edge_day.opened) over so_far > 0 and sum(edge_day.engaged) over so_far > 0 then 'at_risk'
            when sum(edge_day.certified) over so_far > 0 then 'certified'
            when sum(edge_day.completed) over so_far > 0 then 'completed'
            else 'prospect'
        end as lifecycle_state
    from edge_day
    window so_far as (partition by edge_day.student_key order by edge_day.edge_date)
),

followed as (
    select
        resolved.*,
        lag(resolved.lifecycle_state) over (
            partition by resolved.student_key order by resolved.edge_date
        ) as state_before
    from resolved
)

select
    followed.student_key,
    followed.edge_date as begin_date,
    lead(followed.edge_date) over (partition by followed.student_key order by followed.edge_date) as end_date,
    followed.lifecycle_state,
    followed.state_before,
    followed.rule_version
from followed
where followed.state_before is distinct from followed.lifecycle_state
