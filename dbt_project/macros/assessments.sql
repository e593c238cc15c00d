{#
    The results of an i-Ready diagnostic as assessment_result. The file names its school only; a grade is that of the
    day of the test.
#}
{% macro iready_results(subject, subject_title) -%}
select
    result._feed || ':' || concat_ws('|', '{{ subject }}', result.student_id, result.academic_year, result.start_date)
        as assessment_result_id,
    coalesce('state:' || nullif(result.student_state_id, ''), result._feed || ':' || result.student_id) as student_id,
    cast(null as text) as school_id,
    'iready:diagnostic_{{ subject }}' as assessment_id,
    '{{ subject_title }}' as subject,
    coalesce(result.completion_date, result.start_date) as administration_date,
    coalesce(alias.grade_level, nullif(trim(result.student_grade), '')) as grade_level,
    result.overall_scale_score as score,
    'i-Ready {{ subject }} scale score' as score_scale,
    nullif(result.overall_placement, '') as performance_level,
    cast(null as text) as objective_id,
    cast(null as integer) as attempt,
    cast(null as text) as reason_not_tested,
    result.term_key,
    result._feed,
    result._load_id,
    result._ingested_at
from {{ source('raw_zone', 'iready__diagnostic_' ~ subject) }} as result
left join {{ ref('grade_level_aliases') }} as alias
    on upper(trim(result.student_grade)) = alias.source_grade
{%- endmacro %}
