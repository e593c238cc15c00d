{#
    Applications by how far they came. Reaching a step of the funnel means all before it. Days in a stage are summed
    over applications of which both days are known, beside their number.
#}
with rule as (
    {{ rule_of_term('rule_admission_stage') }}
),

application as (
    select
        stage.application_key,
        stage.school_key,
        stage.grade_level,
        max(rule.funnel_step) as step,
        bool_or(rule.ends_without_place) as ends_without_place,
        bool_or(stage.stage = 'waitlisted') as was_waitlisted,
        min(stage.reached_date) filter (where rule.funnel_step = 1) as applied_date,
        min(stage.reached_date) filter (where rule.funnel_step = 2) as offered_date,
        min(stage.reached_date) filter (where rule.funnel_step = 3) as accepted_date,
        min(stage.reached_date) filter (where rule.funnel_step = 4) as enrolled_date
    from {{ ref('fct_admission_stage') }} as stage
    left join rule on stage.stage = rule.stage
    where {{ in_term('stage') }}
    group by stage.application_key, stage.school_key, stage.grade_level
),

version as (
    select min(rule.rule_version) as rule_version
    from rule
)

select
    {{ this_term() }} as term_key,
    application.school_key,
    application.grade_level,
    count(*) as applied,
    count(*) filter (where application.step >= 2) as offered,
    count(*) filter (where application.step >= 3) as accepted,
    count(*) filter (where application.step >= 4) as enrolled,
    count(*) filter (where application.was_waitlisted) as waitlisted,
    count(*) filter (where application.ends_without_place and application.step < 4) as ended_without_place,
    count(application.offered_date - application.applied_date) as offers_dated,
    coalesce(sum(application.offered_date - application.applied_date), 0) as days_applied_to_offered,
    count(application.accepted_date - application.offered_date) as acceptances_dated,
    coalesce(sum(application.accepted_date - application.offered_date), 0) as days_offered_to_accepted,
    count(application.enrolled_date - application.accepted_date) as enrollments_dated,
    coalesce(sum(application.enrolled_date - application.accepted_date), 0) as days_accepted_to_enrolled,
    version.rule_version
from application
cross join version
group by application.school_key, application.grade_level, version.rule_version
