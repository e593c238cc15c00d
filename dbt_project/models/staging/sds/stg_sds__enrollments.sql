{#
    Students in classes; a professor or a teacher of a class is none. An enrolment has no dates of its own, and
    those of the class's session are not when a student came or left. The school is the class's.
#}
select
    enrollment._feed || ':' || enrollment.class_sourced_id || '-' || enrollment.user_sourced_id
        as class_enrollment_id,
    enrollment._feed || ':' || enrollment.user_sourced_id as student_id,
    enrollment._feed || ':' || enrollment.class_sourced_id as class_id,
    enrollment._feed || ':' || class.org_sourced_id as school_id,
    cast(null as date) as begin_date,
    cast(null as date) as end_date,
    cast(null as text) as final_result,
    enrollment.term_key,
    enrollment._feed,
    enrollment._load_id,
    enrollment._ingested_at
from {{ source('raw_zone', 'sds__enrollments') }} as enrollment
left join {{ source('raw_zone', 'sds__classes') }} as class
    on
        enrollment.term_key = class.term_key
        and enrollment._feed = class._feed
        and enrollment.class_sourced_id = class.sourced_id
where lower(enrollment.role) = 'student'
