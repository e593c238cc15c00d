{#
    One row a result. Of a student's results in a test, or in an objective of it, one a term is the one that counts: which
    is the rule's choice among those with a score; where none has one, the last of them says why.
#}
with rule as (
    {{ rule_of_term('rule_result_of_record') }}
),

band as (
    select
        in_force.score_scale,
        in_force.cut_score_version,
        in_force.grade_level,
        in_force.band,
        in_force.is_proficient,
        in_force.lowest_score,
        in_force.rule_version,
        lead(in_force.lowest_score) over (
            partition by in_force.score_scale, in_force.cut_score_version, in_force.grade_level
            order by in_force.band_order
        ) as lowest_score_of_next
    from (
        {{ rows_in_force('rule_proficiency_bands') }}
    ) as in_force
),

result as (
    select distinct on (given.assessment_result_id)
        given.assessment_result_id,
        given.student_id,
        given.school_id,
        given.assessment_id,
        given.objective_id,
        given.subject,
        given.grade_level,
        given.administration_date,
        given.attempt,
        given.score,
        given.score_scale,
        given.performance_level,
        given.reason_not_tested,
        given._load_id,
        given.score is not null and given.reason_not_tested is null as is_scored
    from {{ ref('conformed_assessment_result') }} as given
    where {{ in_term('given') }}
    order by given.assessment_result_id asc, given._load_id desc, given._feed asc
),

assessment as (
    select distinct on (given.assessment_id)
        given.assessment_id,
        given.assessment_category,
        given.cut_score_version,
        given.comparable_group
    from {{ ref('conformed_assessment') }} as given
    where {{ in_term('given') }}
    order by given.assessment_id asc, given._load_id desc
),

member as (
    {{ last_membership_at_school() }}
),

placed as (
    select
        result.*,
        assessment.assessment_category,
        assessment.cut_score_version,
        assessment.comparable_group,
        coalesce(result.grade_level, member.grade_level, 'unknown') as grade_when_tested,
        rule.rule_version,
        row_number() over (
            partition by result.student_id, result.assessment_id, result.objective_id
            order by
                result.is_scored desc,
                case when result.is_scored and rule.method = 'best' then result.score end desc nulls last,
                case
                    when not result.is_scored or rule.method = 'latest' then result.administration_date
                end desc nulls last,
                case when not result.is_scored or rule.method = 'latest' then result.attempt end desc nulls last,
                result.administration_date asc nulls last,
                result.attempt asc nulls last,
                result.assessment_result_id asc
        ) = 1 as is_of_record
    from result
    left join rule on true
    left join assessment on result.assessment_id = assessment.assessment_id
    left join member
        on
            {{ edu_key('student', 'result.student_id') }} = member.student_key
            and {{ edu_key('school', 'result.school_id') }} = member.school_key
)

select
    {{ this_term() }} as term_key,
    {{ edu_key('assessment_result', 'placed.assessment_result_id') }} as assessment_result_key,
    {{ edu_key('student', 'placed.student_id') }} as student_key,
    {{ edu_key('school', 'placed.school_id') }} as school_key,
    {{ edu_key('assessment', 'placed.assessment_id') }} as assessment_key,
    {{ edu_key('learning_objective', 'placed.objective_id') }} as learning_objective_key,
    placed.assessment_id,
    placed.objective_id,
    placed.assessment_category,
    coalesce(placed.subject, 'unknown') as subject,
    placed.grade_when_tested as grade_level,
    placed.administration_date,
    placed.attempt,
    placed.score,
    placed.score_scale,
    placed.cut_score_version,
    placed.comparable_group,
    placed.performance_level,
    band.band as proficiency_band,
    band.is_proficient,
    placed.reason_not_tested,
    placed.is_scored,
    placed.is_of_record,
    band.rule_version as band_rule_version,
    placed.rule_version,
    placed._load_id,
    placed.student_id,
    placed.school_id,
    placed.objective_id as learning_objective_id
from placed
left join band
    on
        placed.is_scored
        and placed.objective_id is null
        and placed.score_scale = band.score_scale
        and placed.cut_score_version = band.cut_score_version
        and coalesce(band.grade_level, placed.grade_when_tested) = placed.grade_when_tested
        and placed.score >= band.lowest_score
        and (band.lowest_score_of_next is null or placed.score < band.lowest_score_of_next)
