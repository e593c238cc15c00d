{{ config(post_hook="{{ drop_inferred_numbers_given_up() }}") }}

with student as (
    {{ students_in_use() }}
)

select
    {{ edu_key('student', 'student_id') }} as student_key,
    student_id,
    given_name,
    family_name,
    grade_level,
    {{ edu_key('school', 'primary_school_id') }} as primary_school_key,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from student
