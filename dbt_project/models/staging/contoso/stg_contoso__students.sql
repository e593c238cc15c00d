{#
    A student is known by the SIS ID: attendance and marks have no other, and the state's number is one for all.
    The grade is in the CEDS spelling of the seed grade_level_aliases.
#}
select
    student._feed || ':' || student.sis_id as student_id,
    student.first_name as given_name,
    student.last_name as family_name,
    coalesce(alias.grade_level, nullif(trim(student.grade), '')) as grade_level,
    student.school_sis_id as primary_school_id,
    cast(null as boolean) as is_enabled,
    student.term_key,
    student._feed,
    student._load_id,
    student._ingested_at
from {{ source('raw_zone', 'contoso__students') }} as student
left join {{ ref('grade_level_aliases') }} as alias
    on upper(trim(student.grade)) = alias.source_grade
