{# The programme is known by its kind. One that an agency runs is at no school. #}
select
    item.student_reference_student_unique_id as student_id,
    school.school_id,
    {{ edfi_code('item.program_reference_program_type_descriptor') }} as program,
    item.begin_date,
    item.end_date + {{ edfi_last_day_counts('feed') }} as end_date,
    true as participates,
    item.term_key,
    item._feed,
    item._load_id,
    item._ingested_at
from {{ source('raw_zone', 'edfi__student_program_associations') }} as item
left join {{ source('etl', 'feed') }} as feed on item._feed = feed.feed
left join {{ source('raw_zone', 'edfi__schools') }} as school
    on
        item.term_key = school.term_key
        and item._feed = school._feed
        and item.education_organization_reference_education_organization_id = school.school_id
where {{ edfi_stands('item') }}
