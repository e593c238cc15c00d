{# What is not given is not known: a guardian who has no word on contact may be called or not, and gold says neither. #}
select
    student_number as student_id,
    school_id,
    guardian_number as guardian_id,
    nullif(first_name, '') as given_name,
    nullif(last_name, '') as family_name,
    nullif(relationship, '') as relationship,
    nullif(custody, '') as custody,
    contact_allowed as is_contact_allowed,
    court_order as has_court_order,
    lives_with,
    nullif(language, '') as language,
    nullif(household_id, '') as household_id,
    contact_priority,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__student_guardians') }}
