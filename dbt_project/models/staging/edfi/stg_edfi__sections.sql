{#
    A section is of its session: where the session is known, it stands in the terms that the session meets. Its course
    is that of its offering.
#}
select
    section._feed || ':' || {{ edfi_section('section', 'course_offering_reference_', 'section_identifier') }}
        as class_id,
    coalesce(nullif(section.section_name, ''), nullif(offering.local_course_title, ''), section.section_identifier)
        as class_title,
    'scheduled' as class_type,
    {{ edfi_section('section', 'course_offering_reference_', 'section_identifier') }} as source_class_id,
    section._feed || ':' || offering.course_reference_education_organization_id || '|'
    || offering.course_reference_course_code as course_id,
    section.course_offering_reference_school_id as school_id,
    section.term_key,
    section._feed,
    section._load_id,
    section._ingested_at
from {{ source('raw_zone', 'edfi__sections') }} as section
inner join {{ source('etl', 'term') }} as term on section.term_key = term.term_key
left join {{ source('raw_zone', 'edfi__sessions') }} as session
    on
        section.term_key = session.term_key
        and section._feed = session._feed
        and section.course_offering_reference_school_id = session.school_reference_school_id
        and section.course_offering_reference_school_year = session.school_year_type_reference_school_year
        and section.course_offering_reference_session_name = session.session_name
left join {{ source('raw_zone', 'edfi__course_offerings') }} as offering
    on
        section.term_key = offering.term_key
        and section._feed = offering._feed
        and section.course_offering_reference_school_id = offering.school_reference_school_id
        and section.course_offering_reference_school_year = offering.session_reference_school_year
        and section.course_offering_reference_session_name = offering.session_reference_session_name
        and section.course_offering_reference_local_course_code = offering.local_course_code
where
    {{ edfi_stands('section') }}
    and coalesce(session.begin_date < term.administrative_end, true)
    and coalesce(session.end_date >= term.administrative_start, true)
