select
    {{ edu_key('assessment', 'assessment_id') }} as assessment_key,
    assessment_id,
    assessment_title,
    assessment_category,
    subject,
    grade_level,
    score_scale,
    min_score,
    max_score,
    cut_score_version,
    comparable_group,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ ref('conformed_assessment') }}
