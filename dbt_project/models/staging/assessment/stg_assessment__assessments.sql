select
    assessment._feed || ':' || assessment.assessment_id as assessment_id,
    assessment.title as assessment_title,
    assessment.category as assessment_category,
    nullif(trim(assessment.subject), '') as subject,
    coalesce(alias.grade_level, nullif(trim(assessment.grade_level), '')) as grade_level,
    assessment.scale as score_scale,
    assessment.min_score,
    assessment.max_score,
    nullif(assessment.cut_score_version, '') as cut_score_version,
    nullif(assessment.comparable_group, '') as comparable_group,
    assessment.term_key,
    assessment._feed,
    assessment._load_id,
    assessment._ingested_at
from {{ source('raw_zone', 'assessment__assessments') }} as assessment
left join {{ ref('grade_level_aliases') }} as alias
    on upper(trim(assessment.grade_level)) = alias.source_grade
