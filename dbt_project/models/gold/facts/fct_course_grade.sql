{#
    One row a mark. The gradebook names the class as the roster does, but for the roster's feed, so class and course
    are found by term, school and that name. The grade level is that of the student's membership in the school, the one
    entered last.
#}
with mark as (
    select distinct on (given.student_id, given.school_id, given.source_class_id, given.grading_period)
        given.student_id,
        given.school_id,
        given.source_class_id,
        given.grading_period,
        given.grade_scale_id,
        given.grade,
        given.percent,
        given.credits_attempted,
        given.credits_earned,
        given.graded_on,
        given._load_id
    from {{ ref('conformed_course_grade') }} as given
    where {{ in_term('given') }}
    order by
        given.student_id asc, given.school_id asc, given.source_class_id asc, given.grading_period asc,
        given._load_id desc, given._feed asc
),

held_class as (
    select distinct on (class.school_id, class.source_class_id)
        class.school_id,
        class.source_class_id,
        class.class_id,
        course.subject
    from {{ ref('conformed_class') }} as class
    left join {{ ref('conformed_course') }} as course
        on
            class.term_key = course.term_key
            and class.course_id = course.course_id
    where {{ in_term('class') }}
    order by
        class.school_id asc, class.source_class_id asc, class._load_id desc, class._feed asc, course._load_id desc
),

scale as (
    select distinct on (grade_scale.grade_scale_id, grade_scale.grade)
        grade_scale.grade_scale_id,
        grade_scale.grade,
        grade_scale.grade_points,
        grade_scale.is_passing
    from {{ ref('conformed_grade_scale') }} as grade_scale
    where {{ in_term('grade_scale') }}
    order by grade_scale.grade_scale_id asc, grade_scale.grade asc, grade_scale._load_id desc
),

member as (
    {{ last_membership_at_school() }}
)

select
    {{ this_term() }} as term_key,
    {{ edu_key(
        'course_grade',
        "concat_ws('|', mark.student_id, mark.school_id, mark.source_class_id, mark.grading_period)"
    ) }} as course_grade_key,
    {{ edu_key('student', 'mark.student_id') }} as student_key,
    {{ edu_key('school', 'mark.school_id') }} as school_key,
    {{ edu_key('class', 'held_class.class_id') }} as class_key,
    coalesce(held_class.subject, 'unknown') as subject,
    coalesce(member.grade_level, 'unknown') as grade_level,
    mark.grade_scale_id,
    mark.grading_period,
    mark.grade,
    mark.percent,
    scale.grade_points,
    scale.is_passing,
    mark.credits_attempted,
    mark.credits_earned,
    mark.graded_on,
    mark._load_id,
    mark.student_id,
    mark.school_id,
    held_class.class_id
from mark
left join held_class
    on
        mark.school_id = held_class.school_id
        and mark.source_class_id = held_class.source_class_id
left join scale
    on
        mark.grade_scale_id = scale.grade_scale_id
        and mark.grade = scale.grade
left join member
    on
        {{ edu_key('student', 'mark.student_id') }} = member.student_key
        and {{ edu_key('school', 'mark.school_id') }} = member.school_key
