{#
    What was marked of a student in a section on a day, a row for each period that the event names; one that names none
    is of the section's periods. Of several events of a period the one by which most of it was missed speaks. The minutes
    missed are not stated.
#}
select distinct on (event.term_key, event._feed, student_id, source_class_id, event.event_date, period)
    event.student_reference_student_unique_id as student_id,
    event.section_reference_school_id as school_id,
    {{ edfi_section('event', 'section_reference_') }} as source_class_id,
    event.event_date as attendance_date,
    regexp_split_to_table(coalesce(
        {{ edfi_texts('event.class_periods', 'classPeriodReference.classPeriodName') }},
        {{ edfi_texts('section.class_periods', 'classPeriodReference.classPeriodName') }},
        ''
    ), '", "') as period,
    {{ edfi_code('event.attendance_event_category_descriptor') }} as attendance_code,
    'edfi' as system,
    cast(null as integer) as minutes_absent,
    event.term_key,
    event._feed,
    event._load_id,
    event._ingested_at
from {{ source('raw_zone', 'edfi__student_section_attendance_events') }} as event
left join {{ source('raw_zone', 'edfi__sections') }} as section
    on
        event.term_key = section.term_key
        and event._feed = section._feed
        and event.section_reference_school_id = section.course_offering_reference_school_id
        and event.section_reference_school_year = section.course_offering_reference_school_year
        and event.section_reference_session_name = section.course_offering_reference_session_name
        and event.section_reference_local_course_code = section.course_offering_reference_local_course_code
        and event.section_reference_section_identifier = section.section_identifier
left join {{ ref('attendance_codes') }} as code
    on
        code.system = 'edfi'
        and {{ edfi_code('event.attendance_event_category_descriptor') }} = code.attendance_code
        and event.event_date >= coalesce(code.effective_from, '-infinity')
        and event.event_date < coalesce(code.effective_to, 'infinity')
where {{ edfi_stands('event') }}
order by
    event.term_key asc, event._feed asc, student_id asc, source_class_id asc, event.event_date asc, period asc,
    code.default_absent_portion desc nulls last, attendance_code asc
