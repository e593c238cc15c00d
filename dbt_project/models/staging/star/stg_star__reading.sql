{# A score that is no number stays in the raw table, where it can be seen; it is no score. #}
select
    result._feed || ':' || result.assessment_id as assessment_result_id,
    coalesce(
        'state:' || nullif(result.student_state_id, ''),
        nullif(result.student_identifier, ''),
        result._feed || ':' || result.student_renaissance_id
    ) as student_id,
    nullif(result.school_identifier, '') as school_id,
    'star:reading' as assessment_id,
    'Reading' as subject,
    cast(result.completed_date at time zone network.timezone as date) as administration_date,
    coalesce(alias.grade_level, nullif(trim(result.current_grade), '')) as grade_level,
    case when result.scaled_score ~ '^[0-9]+$' then cast(result.scaled_score as numeric) end as score,
    'Star Reading scaled score' as score_scale,
    cast(null as text) as performance_level,
    cast(null as text) as objective_id,
    cast(null as integer) as attempt,
    cast(null as text) as reason_not_tested,
    result.term_key,
    result._feed,
    result._load_id,
    result._ingested_at
from {{ source('raw_zone', 'star__reading') }} as result
cross join {{ source('etl', 'network') }} as network
left join {{ ref('grade_level_aliases') }} as alias
    on upper(trim(result.current_grade)) = alias.source_grade
