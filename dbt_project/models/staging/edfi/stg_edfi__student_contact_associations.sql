{#
    Guardians by their contacts; a contact that was not sent has no name. Custody and courts are not in the standard,
    and what restricts calls is in words, so neither is said here. The school is the student's, unknown where the
    student is a member of none.
#}
select
    item.student_reference_student_unique_id as student_id,
    student.primary_school_id as school_id,
    item.contact_reference_contact_unique_id as guardian_id,
    contact.first_name as given_name,
    contact.last_surname as family_name,
    {{ edfi_code('item.relation_descriptor') }} as relationship,
    cast(null as text) as custody,
    cast(null as boolean) as is_contact_allowed,
    cast(null as boolean) as has_court_order,
    item.lives_with,
    {{ edfi_code(edfi_first('contact.languages', 'languageDescriptor')) }} as language,
    cast(null as text) as household_id,
    item.contact_priority,
    item.term_key,
    item._feed,
    item._load_id,
    item._ingested_at
from {{ source('raw_zone', 'edfi__student_contact_associations') }} as item
left join {{ ref('stg_edfi__students__student') }} as student
    on
        item.term_key = student.term_key
        and item._feed = student._feed
        and item.student_reference_student_unique_id = student.student_id
left join {{ source('raw_zone', 'edfi__contacts') }} as contact
    on
        item.term_key = contact.term_key
        and item._feed = contact._feed
        and item.contact_reference_contact_unique_id = contact.contact_unique_id
where {{ edfi_stands('item') }}
