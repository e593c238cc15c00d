{# One row a rating. Class and grade level are found as those of a mark are (fct_course_grade). #}
with rating as (
    select distinct on (
        given.student_id, given.school_id, given.source_class_id, given.grading_period,
        given.skill_category, given.skill
    )
        given.student_id,
        given.school_id,
        given.source_class_id,
        given.grading_period,
        given.skill_category,
        given.skill,
        given.rating,
        given.system,
        given._load_id
    from {{ ref('conformed_atl_rating') }} as given
    where {{ in_term('given') }}
    order by
        given.student_id asc, given.school_id asc, given.source_class_id asc, given.grading_period asc,
        given.skill_category asc, given.skill asc, given._load_id desc, given._feed asc
),

code as (
    {{ rows_in_force('atl_rating_codes') }}
),

held_class as (
    select distinct on (class.school_id, class.source_class_id)
        class.school_id,
        class.source_class_id,
        class.class_id
    from {{ ref('conformed_class') }} as class
    where {{ in_term('class') }}
    order by class.school_id asc, class.source_class_id asc, class._load_id desc, class._feed asc
),

member as (
    {{ last_membership_at_school() }}
)

select
    {{ this_term() }} as term_key,
    {{ edu_key(
        'atl_rating',
        "concat_ws('|', rating.student_id, rating.school_id, rating.source_class_id, rating.grading_period,"
        ~ " rating.skill_category, rating.skill)"
    ) }} as atl_rating_key,
    {{ edu_key('student', 'rating.student_id') }} as student_key,
    {{ edu_key('school', 'rating.school_id') }} as school_key,
    {{ edu_key('class', 'held_class.class_id') }} as class_key,
    coalesce(member.grade_level, 'unknown') as grade_level,
    rating.grading_period,
    rating.skill_category,
    rating.skill,
    rating.rating,
    coalesce(code.level, 'unmapped') as level,
    code.level_order,
    rating._load_id,
    rating.student_id,
    rating.school_id,
    held_class.class_id
from rating
left join code
    on
        rating.system = code.system
        and rating.rating = code.rating
left join held_class
    on
        rating.school_id = held_class.school_id
        and rating.source_class_id = held_class.source_class_id
left join member
    on
        {{ edu_key('student', 'rating.student_id') }} = member.student_key
        and {{ edu_key('school', 'rating.school_id') }} = member.school_key
