{#
    One row a membership. Whose rows count at a school is settled in conformed_school_enrollment; two feeds of
    its system that state the same membership (student, school, entry) are one row: the latest load's.
#}
select distinct on (enrollment.student_id, enrollment.school_id, enrollment.entry_date)
    enrollment.term_key,
    {{ edu_key(
        'enrollment',
        "enrollment.student_id || '|' || enrollment.school_id || '|' || coalesce(enrollment.entry_date::text, '')"
    ) }} as enrollment_key,
    {{ edu_key('student', 'enrollment.student_id') }} as student_key,
    {{ edu_key('school', 'enrollment.school_id') }} as school_key,
    coalesce(enrollment.grade_level, 'unknown') as grade_level,
    enrollment.entry_date,
    enrollment.exit_date,
    coalesce(enrollment.is_primary, true) as is_primary,
    coalesce(enrollment.is_no_show, false) as is_no_show,
    enrollment.exit_reason,
    enrollment.system,
    enrollment._load_id,
    enrollment.student_id,
    enrollment.school_id
from {{ ref('conformed_school_enrollment') }} as enrollment
where {{ in_term('enrollment') }}
order by
    enrollment.student_id asc, enrollment.school_id asc, enrollment.entry_date asc,
    enrollment._load_id desc, enrollment._feed asc
