{# One row a student and guardian as the term's sheet states it; what it leaves out stays unknown. #}
select distinct on (given.student_id, given.guardian_id)
    given.term_key,
    {{ edu_key('student', 'given.student_id') }} as student_key,
    {{ edu_key('guardian', 'given.guardian_id') }} as guardian_key,
    {{ edu_key('school', 'given.school_id') }} as school_key,
    given.relationship,
    given.custody,
    given.is_contact_allowed,
    given.has_court_order,
    given.lives_with,
    given.language,
    {{ edu_key('household', 'given.household_id') }} as household_key,
    given.contact_priority,
    given._load_id,
    given.student_id,
    given.guardian_id,
    given.school_id
from {{ ref('conformed_student_guardian') }} as given
where {{ in_term('given') }}
order by given.student_id asc, given.guardian_id asc, given._load_id desc, given._feed asc
