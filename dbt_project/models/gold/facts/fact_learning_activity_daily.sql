{#
    One row a learner's day in a course. Who of the learners is a student is read from the term's own sheet of learners,
    so that a term is built from its own rows alone.
#}
with activity as (
    select distinct on (given.learner_id, given.course_id, given.activity_date, given.activity_type) given.*
    from {{ ref('conformed_learning_activity') }} as given
    where {{ in_term('given') }}
    order by
        given.learner_id asc, given.course_id asc, given.activity_date asc, given.activity_type asc,
        given._load_id desc, given._feed asc
),

learner as (
    select distinct on (stated.learner_id)
        stated.learner_id,
        stated.student_id
    from {{ ref('conformed_learner') }} as stated
    where {{ in_term('stated') }}
    order by stated.learner_id asc, stated._load_id desc, stated._feed asc
)

select
    {{ this_term() }} as term_key,
    {{ edu_key('learner', 'activity.learner_id') }} as learner_key,
    {{ edu_key('student', 'learner.student_id') }} as student_key,
    {{ edu_key('course', 'activity.course_id') }} as course_key,
    activity.activity_date,
    cast(sum(activity.interactions) as bigint) as interactions,
    cast(coalesce(sum(activity.interactions) filter (where activity.minutes is not null), 0) as bigint)
        as interactions_timed,
    sum(activity.minutes) as minutes,
    max(activity._load_id) as _load_id,
    activity.learner_id,
    learner.student_id,
    activity.course_id
from activity
left join learner on activity.learner_id = learner.learner_id
group by activity.learner_id, learner.student_id, activity.course_id, activity.activity_date
