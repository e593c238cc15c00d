{# A presentation of a module is what other systems call a class; the one school is the network file's. #}
select
    course._feed || ':' || course.code_module || '-' || course.code_presentation as class_id,
    course.code_module || ' ' || course.code_presentation as class_title,
    'scheduled' as class_type,
    course.code_module || '-' || course.code_presentation as source_class_id,
    course._feed || ':' || course.code_module as course_id,
    school.school_id,
    course.term_key,
    course._feed,
    course._load_id,
    course._ingested_at
from {{ source('raw_zone', 'oulad__courses') }} as course
cross join {{ source('etl', 'school') }} as school
