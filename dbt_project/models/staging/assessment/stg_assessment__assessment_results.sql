{# Subject and scale are those of the test in the term's own sheet of tests. #}
select
    result._feed || ':' || result.result_id as assessment_result_id,
    result.student_number as student_id,
    result.school_id,
    result._feed || ':' || result.assessment_id as assessment_id,
    nullif(trim(assessment.subject), '') as subject,
    result.administered_on as administration_date,
    coalesce(alias.grade_level, nullif(trim(result.grade_level), '')) as grade_level,
    result.scale_score as score,
    assessment.scale as score_scale,
    nullif(result.performance_level, '') as performance_level,
    nullif(result.objective_id, '') as objective_id,
    result.attempt,
    nullif(result.reason_not_tested, '') as reason_not_tested,
    result.term_key,
    result._feed,
    result._load_id,
    result._ingested_at
from {{ source('raw_zone', 'assessment__assessment_results') }} as result
left join {{ source('raw_zone', 'assessment__assessments') }} as assessment
    on
        result.term_key = assessment.term_key
        and result._feed = assessment._feed
        and result.assessment_id = assessment.assessment_id
left join {{ ref('grade_level_aliases') }} as alias
    on upper(trim(result.grade_level)) = alias.source_grade
