{#
    Scores of tests that compare over years and grades, by subject and grade of the network. A test that is
    in no comparable group compares with itself.
#}
with rule as (
    {{ rule_of_term('rule_result_of_record') }}
)

select
    {{ this_term() }} as term_key,
    coalesce(result.comparable_group, result.assessment_id) as comparable_group,
    result.subject,
    result.grade_level,
    count(distinct result.student_key) as students,
    count(*) as scores,
    sum(result.score) as score_sum,
    round(avg(result.score), 4) as score_mean,
    round(cast(percentile_cont(0.5) within group (order by result.score) as numeric), 4) as score_median,
    {%- for band in proficiency_bands() %}
        count(*) filter (where result.proficiency_band = '{{ band }}') as scores_{{ band }},
    {%- endfor %}
    count(*) filter (where result.proficiency_band is null) as scores_without_band,
    count(*) filter (where result.is_proficient) as scores_proficient_or_above,
    rule.rule_version
from {{ ref('fct_assessment_result') }} as result
left join rule on true
where
    {{ in_term('result') }}
    and result.is_of_record
    and result.is_scored
    and result.objective_id is null
group by
    coalesce(result.comparable_group, result.assessment_id), result.subject, result.grade_level, rule.rule_version
