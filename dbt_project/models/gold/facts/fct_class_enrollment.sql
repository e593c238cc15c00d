select distinct on (enrollment.class_enrollment_id)
    enrollment.term_key,
    {{ edu_key('class_enrollment', 'enrollment.class_enrollment_id') }} as class_enrollment_key,
    {{ edu_key('student', 'enrollment.student_id') }} as student_key,
    {{ edu_key('class', 'enrollment.class_id') }} as class_key,
    {{ edu_key('school', 'enrollment.school_id') }} as school_key,
    enrollment.begin_date,
    enrollment.end_date,
    enrollment.final_result,
    enrollment._load_id,
    enrollment.student_id,
    enrollment.class_id,
    enrollment.school_id
from {{ ref('conformed_class_enrollment') }} as enrollment
where {{ in_term('enrollment') }}
order by enrollment.class_enrollment_id asc, enrollment._load_id desc, enrollment._feed asc
