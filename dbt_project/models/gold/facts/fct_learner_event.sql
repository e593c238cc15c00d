{#
    What happened to learners in the term, as spans of days: enrolments, completions, certificates, and streaks of
    activity. A streak ends where more days pass without activity than put a learner at risk, so that no state depends
    on how days are joined: spans of other terms are met in a view (mart_student_lifecycle).
#}
with rule as (
    {{ rule_of_term('rule_student_lifecycle') }}
),

enrollment as (
    select distinct on (given.learner_enrollment_id)
        given.learner_id,
        case when given.is_prospect then 'prospect' else 'enrollment' end as event,
        given.learner_enrollment_id,
        given.course_id,
        given.enrolled_on as begin_date,
        case when given.is_cancelled then greatest(given.cancelled_on, given.enrolled_on) end as end_date,
        given._load_id
    from {{ ref('conformed_learner_enrollment') }} as given
    where {{ in_term('given') }}
    order by given.learner_enrollment_id asc, given._load_id desc, given._feed asc
),

completion as (
    select distinct on (given.learner_id, given.course_id)
        given.learner_id,
        given.course_id,
        given.completed_on as begin_date,
        given._load_id
    from {{ ref('conformed_course_completion') }} as given
    where {{ in_term('given') }}
    order by given.learner_id asc, given.course_id asc, given._load_id desc, given._feed asc
),

certificate as (
    select distinct on (given.certificate_id)
        given.learner_id,
        given.certificate_id,
        given.certification_id,
        given.issued_on as begin_date,
        given.expires_on + 1 as end_date,
        given._load_id
    from {{ ref('conformed_certificate') }} as given
    where {{ in_term('given') }}
    order by given.certificate_id asc, given._load_id desc, given._feed asc
),

active_day as (
    select
        activity.learner_key,
        activity.activity_date,
        max(activity._load_id) as _load_id
    from {{ ref('fact_learning_activity_daily') }} as activity
    where {{ in_term('activity') }}
    group by activity.learner_key, activity.activity_date
),

begun as (
    select
        active_day.*,
        case
            when
                active_day.activity_date - lag(active_day.activity_date) over learner
                <= rule.at_risk_after_days
                then 0
            else 1
        end as begins
    from active_day
    left join rule on true
    window learner as (partition by active_day.learner_key order by active_day.activity_date)
),

joined as (
    select
        begun.*,
        sum(begun.begins) over (partition by begun.learner_key order by begun.activity_date) as streak
    from begun
),

happened as (
    select
        {{ edu_key('learner', 'enrollment.learner_id') }} as learner_key,
        enrollment.event,
        enrollment.learner_enrollment_id as source_key,
        {{ edu_key('learner_enrollment', 'enrollment.learner_enrollment_id') }} as learner_enrollment_key,
        enrollment.course_id,
        cast(null as text) as certification_id,
        enrollment.begin_date,
        enrollment.end_date,
        enrollment._load_id,
        enrollment.learner_id
    from enrollment
    union all
    select
        {{ edu_key('learner', 'completion.learner_id') }} as learner_key,
        'completion' as event,
        concat_ws('|', completion.learner_id, completion.course_id) as source_key,
        cast(null as text) as learner_enrollment_key,
        completion.course_id,
        cast(null as text) as certification_id,
        completion.begin_date,
        cast(null as date) as end_date,
        completion._load_id,
        completion.learner_id
    from completion
    union all
    select
        {{ edu_key('learner', 'certificate.learner_id') }} as learner_key,
        'certificate' as event,
        certificate.certificate_id as source_key,
        cast(null as text) as learner_enrollment_key,
        cast(null as text) as course_id,
        certificate.certification_id,
        certificate.begin_date,
        certificate.end_date,
        certificate._load_id,
        certificate.learner_id
    from certificate
    union all
    select
        joined.learner_key,
        'activity' as event,
        concat_ws('|', joined.learner_key, min(joined.activity_date)) as source_key,
        cast(null as text) as learner_enrollment_key,
        cast(null as text) as course_id,
        cast(null as text) as certification_id,
        min(joined.activity_date) as begin_date,
        max(joined.activity_date) + 1 as end_date,
        max(joined._load_id) as _load_id,
        cast(null as text) as learner_id
    from joined
    group by joined.learner_key, joined.streak
)

select
    {{ this_term() }} as term_key,
    {{ edu_key('learner_event', "happened.event || '|' || happened.source_key") }} as learner_event_key,
    happened.learner_key,
    happened.event,
    happened.learner_enrollment_key,
    {{ edu_key('course', 'happened.course_id') }} as course_key,
    happened.certification_id,
    happened.begin_date,
    happened.end_date,
    rule.rule_version,
    happened._load_id,
    happened.learner_id,
    happened.course_id
from happened
left join rule on true
