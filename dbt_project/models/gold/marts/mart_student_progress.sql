{#
    A student's term in a subject at a school: marks, approaches to learning, the last test, and beside them the days
    at the school. A rating has the subject of its class, as a mark has (fct_course_grade).
#}
with rule as (
    {{ rule_of_term('rule_result_of_record') }}
),

class_subject as (
    select distinct on (class.class_id)
        {{ edu_key('class', 'class.class_id') }} as class_key,
        coalesce(course.subject, 'unknown') as subject
    from {{ ref('conformed_class') }} as class
    left join {{ ref('conformed_course') }} as course
        on
            class.term_key = course.term_key
            and class.course_id = course.course_id
    where {{ in_term('class') }}
    order by class.class_id asc, class._load_id desc, class._feed asc, course._load_id desc
),

mark as (
    select
        grade.student_key,
        grade.school_key,
        grade.subject,
        max(grade.grade_level) as grade_level,
        count(*) as marks,
        count(*) filter (where not grade.is_passing) as failing_marks,
        case when count(*) = 1 then min(grade.grade) end as grade,
        case when count(distinct grade.grade_scale_id) = 1 then min(grade.grade_scale_id) end as grade_scale_id,
        count(grade.percent) as percent_count,
        sum(grade.percent) as percent_sum,
        round(avg(grade.percent), 4) as percent_mean,
        sum(grade.credits_attempted) as credits_attempted,
        sum(grade.credits_earned) as credits_earned
    from {{ ref('fct_course_grade') }} as grade
    where {{ in_term('grade') }}
    group by grade.student_key, grade.school_key, grade.subject
),

atl as (
    select
        rating.student_key,
        rating.school_key,
        coalesce(class_subject.subject, 'unknown') as subject,
        max(rating.grade_level) as grade_level,
        count(rating.level_order) as atl_ratings,
        sum(rating.level_order) as atl_level_sum,
        round(avg(rating.level_order), 4) as atl_level_mean
    from {{ ref('fct_atl_rating') }} as rating
    left join class_subject on rating.class_key = class_subject.class_key
    where {{ in_term('rating') }}
    group by rating.student_key, rating.school_key, coalesce(class_subject.subject, 'unknown')
),

scored as (
    select
        result.*,
        count(*) over taken as tests_scored,
        row_number() over latest as turn
    from {{ ref('fct_assessment_result') }} as result
    where
        {{ in_term('result') }}
        and result.is_of_record
        and result.is_scored
        and result.objective_id is null
    window
        taken as (partition by result.student_key, result.school_key, result.subject),
        latest as (
            partition by result.student_key, result.school_key, result.subject
            order by result.administration_date desc nulls last, result.assessment_id asc
        )
),

test as (
    select scored.*
    from scored
    where scored.turn = 1
),

attendance as (
    select mart.*
    from {{ ref('mart_student_attendance') }} as mart
    where {{ in_term('mart') }}
),

place as (
    select
        mark.student_key,
        mark.school_key,
        mark.subject
    from mark
    union
    select
        atl.student_key,
        atl.school_key,
        atl.subject
    from atl
    union
    select
        test.student_key,
        test.school_key,
        test.subject
    from test
)

select
    {{ this_term() }} as term_key,
    place.student_key,
    place.school_key,
    place.subject,
    coalesce(mark.grade_level, atl.grade_level, test.grade_level) as grade_level,
    coalesce(mark.marks, 0) as marks,
    coalesce(mark.failing_marks, 0) as failing_marks,
    mark.grade,
    mark.grade_scale_id,
    coalesce(mark.percent_count, 0) as percent_count,
    coalesce(mark.percent_sum, 0) as percent_sum,
    mark.percent_mean,
    coalesce(mark.credits_attempted, 0) as credits_attempted,
    coalesce(mark.credits_earned, 0) as credits_earned,
    coalesce(atl.atl_ratings, 0) as atl_ratings,
    coalesce(atl.atl_level_sum, 0) as atl_level_sum,
    atl.atl_level_mean,
    coalesce(test.tests_scored, 0) as tests_scored,
    test.assessment_id,
    coalesce(test.comparable_group, test.assessment_id) as comparable_group,
    test.administration_date,
    test.score,
    test.score_scale,
    test.proficiency_band,
    test.is_proficient,
    attendance.days_enrolled as school_days_enrolled,
    attendance.days_reported as school_days_reported,
    attendance.days_present as school_days_present,
    rule.rule_version
from place
left join rule on true
left join mark
    on
        place.student_key = mark.student_key
        and place.school_key = mark.school_key
        and place.subject = mark.subject
left join atl
    on
        place.student_key = atl.student_key
        and place.school_key = atl.school_key
        and place.subject = atl.subject
left join test
    on
        place.student_key = test.student_key
        and place.school_key = test.school_key
        and place.subject = test.subject
left join attendance
    on
        place.student_key = attendance.student_key
        and place.school_key = attendance.school_key
