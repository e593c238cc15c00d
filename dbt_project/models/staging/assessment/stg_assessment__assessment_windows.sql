select
    sitting.school_id,
    sitting._feed || ':' || sitting.assessment_id as assessment_id,
    coalesce(alias.grade_level, trim(sitting.grade_level)) as grade_level,
    sitting.first_day,
    sitting.last_day,
    sitting.expected_on,
    sitting.term_key,
    sitting._feed,
    sitting._load_id,
    sitting._ingested_at
from {{ source('raw_zone', 'assessment__assessment_windows') }} as sitting
left join {{ ref('grade_level_aliases') }} as alias
    on upper(trim(sitting.grade_level)) = alias.source_grade
