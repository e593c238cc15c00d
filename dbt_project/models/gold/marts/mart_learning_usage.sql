{#
    Use of the learning platform and of products by school and course, in parts that add up. The platform knows no
    schools: a learner's school is that of the student's membership on the day, else of the one entered last.
#}
with rule as (
    {{ rule_of_term('rule_learning_usage') }}
),

placed as (
    select distinct on (activity.learner_key, activity.course_key, activity.activity_date)
        activity.learner_key,
        activity.student_key,
        activity.course_key,
        activity.activity_date,
        activity.interactions,
        activity.minutes,
        coalesce(membership.school_key, {{ edu_key('school', "''") }}) as school_key
    from {{ ref('fact_learning_activity_daily') }} as activity
    cross join {{ source('etl', 'network') }} as network
    left join {{ ref('fct_enrollment') }} as membership
        on
            {{ in_term('membership') }}
            and activity.student_key = membership.student_key
            and not membership.is_no_show
    where {{ in_term('activity') }}
    order by
        activity.learner_key asc, activity.course_key asc, activity.activity_date asc,
        activity.activity_date between {{ enrolled_from('membership') }}
        and {{ enrolled_until('membership', 'network') }} desc,
        membership.is_primary desc, membership.entry_date desc nulls last,
        membership.enrollment_key asc
),

used as (
    select
        placed.school_key,
        placed.course_key,
        'platform' as usage_source,
        case
            when placed.student_key = {{ edu_key('student', "''") }} then placed.learner_key
            else placed.student_key
        end as person_key,
        placed.activity_date as used_on,
        placed.interactions,
        placed.minutes
    from placed
    union all
    select
        usage.school_key,
        usage.course_key,
        usage.product_id as usage_source,
        usage.student_key as person_key,
        usage.usage_date as used_on,
        cast(null as bigint) as interactions,
        usage.minutes
    from {{ ref('fct_learning_usage') }} as usage
    where {{ in_term('usage') }}
),

-- a product used for two classes of a course on a day is one day, and so is a student with two accounts
person_day as (
    select
        used.school_key,
        used.course_key,
        used.usage_source,
        used.person_key,
        used.used_on,
        sum(used.interactions) as interactions,
        sum(used.minutes) as minutes
    from used
    group by used.school_key, used.course_key, used.usage_source, used.person_key, used.used_on
),

judged as (
    select
        person_day.*,
        coalesce(person_day.interactions >= rule.min_interactions, person_day.minutes >= rule.min_minutes, false)
            as is_active
    from person_day
    left join rule on true
)

select
    {{ this_term() }} as term_key,
    judged.school_key,
    judged.course_key,
    judged.usage_source,
    count(distinct judged.person_key) filter (where judged.is_active) as active_students,
    count(*) filter (where judged.is_active) as active_days,
    cast(sum(judged.interactions) as bigint) as interactions,
    count(judged.minutes) as days_timed,
    sum(judged.minutes) as minutes,
    min(rule.rule_version) as rule_version
from judged
left join rule on true
group by judged.school_key, judged.course_key, judged.usage_source
