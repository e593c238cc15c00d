{# Days are offsets from the presentation's nominal start: the term's first instructional day. #}
select
    info._feed || ':' || info.code_module || '-' || info.code_presentation || '-' || info.id_student
        as class_enrollment_id,
    info._feed || ':' || info.id_student as student_id,
    info._feed || ':' || info.code_module || '-' || info.code_presentation as class_id,
    school.school_id,
    cast(term.instructional_start + cast(registration.date_registration as integer) as date) as begin_date,
    cast(term.instructional_start + cast(registration.date_unregistration as integer) as date) as end_date,
    info.final_result,
    info.term_key,
    info._feed,
    info._load_id,
    info._ingested_at
from {{ source('raw_zone', 'oulad__student_info') }} as info
inner join {{ source('etl', 'term') }} as term on info.term_key = term.term_key
cross join {{ source('etl', 'school') }} as school
left join {{ source('raw_zone', 'oulad__student_registration') }} as registration
    on
        info.term_key = registration.term_key
        and info._feed = registration._feed
        and info.code_module = registration.code_module
        and info.code_presentation = registration.code_presentation
        and info.id_student = registration.id_student
