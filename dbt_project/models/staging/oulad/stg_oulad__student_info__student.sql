{# One row an enrolment in the source; the dimension keeps one a student. Names and grades are not given. #}
select
    info._feed || ':' || info.id_student as student_id,
    cast(null as text) as given_name,
    cast(null as text) as family_name,
    cast(null as text) as grade_level,
    school.school_id as primary_school_id,
    cast(null as boolean) as is_enabled,
    info.term_key,
    info._feed,
    info._load_id,
    info._ingested_at
from {{ source('raw_zone', 'oulad__student_info') }} as info
cross join {{ source('etl', 'school') }} as school
