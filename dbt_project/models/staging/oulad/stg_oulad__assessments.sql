{# What an assessment is for is the publisher's own type: tma (tutor marked), cma (computer marked) or exam. #}
select
    _feed || ':' || id_assessment as assessment_id,
    code_module || ' ' || code_presentation || ' ' || assessment_type as assessment_title,
    lower(assessment_type) as assessment_category,
    code_module as subject,
    cast(null as text) as grade_level,
    'OULAD 0-100' as score_scale,
    cast(0 as numeric) as min_score,
    cast(100 as numeric) as max_score,
    cast(null as text) as cut_score_version,
    cast(null as text) as comparable_group,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'oulad__assessments') }}
