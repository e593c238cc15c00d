{# One row a student's day in a product for a class. Class and course are found as a mark's are (fct_course_grade). #}
with usage as (
    select distinct on (given.student_id, given.school_id, given.product_id, given.source_class_id, given.usage_date)
        given.student_id,
        given.school_id,
        given.product_id,
        given.source_class_id,
        given.usage_date,
        given.minutes,
        given.sessions,
        given.items_completed,
        given._load_id
    from {{ ref('conformed_product_usage') }} as given
    where {{ in_term('given') }}
    order by
        given.student_id asc, given.school_id asc, given.product_id asc, given.source_class_id asc,
        given.usage_date asc, given._load_id desc, given._feed asc
),

held_class as (
    select distinct on (class.school_id, class.source_class_id)
        class.school_id,
        class.source_class_id,
        class.class_id,
        class.course_id
    from {{ ref('conformed_class') }} as class
    where {{ in_term('class') }}
    order by class.school_id asc, class.source_class_id asc, class._load_id desc, class._feed asc
)

select
    {{ this_term() }} as term_key,
    {{ edu_key('student', 'usage.student_id') }} as student_key,
    {{ edu_key('school', 'usage.school_id') }} as school_key,
    usage.product_id,
    usage.source_class_id,
    usage.usage_date,
    {{ edu_key('class', 'held_class.class_id') }} as class_key,
    {{ edu_key('course', 'held_class.course_id') }} as course_key,
    usage.minutes,
    usage.sessions,
    usage.items_completed,
    usage._load_id,
    usage.student_id,
    usage.school_id,
    held_class.class_id,
    held_class.course_id
from usage
left join held_class
    on
        usage.school_id = held_class.school_id
        and usage.source_class_id = held_class.source_class_id
