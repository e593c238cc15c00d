select
    application._feed || ':' || application.application_id as application_id,
    application.school_id,
    nullif(application.student_number, '') as student_id,
    application.entry_year,
    coalesce(alias.grade_level, nullif(trim(application.grade_level), '')) as grade_level,
    application.applied_on as applied_date,
    application.term_key,
    application._feed,
    application._load_id,
    application._ingested_at
from {{ source('raw_zone', 'sis__admission_applications') }} as application
left join {{ ref('grade_level_aliases') }} as alias
    on upper(trim(application.grade_level)) = alias.source_grade
