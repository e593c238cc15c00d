{# Course grades of a school by subject, grade and scale: parts that add up, averages of the row alone. #}
with rule as (
    {{ rule_of_term('rule_subject_performance') }}
),

mark as (
    select
        grade.*,
        case rule.gpa_weight
            when 'credits_attempted' then grade.credits_attempted
            when 'each_mark' then 1
        end as gpa_weight,
        rule.rule_version
    from {{ ref('fct_course_grade') }} as grade
    left join rule on true
    where {{ in_term('grade') }}
)

select
    {{ this_term() }} as term_key,
    mark.school_key,
    mark.subject,
    mark.grade_level,
    mark.grade_scale_id,
    count(distinct mark.student_key) as students,
    count(*) as graded,
    count(*) filter (where mark.is_passing) as passed,
    count(*) filter (where not mark.is_passing) as not_passed,
    count(*) filter (where mark.is_passing is null) as off_scale,
    count(mark.percent) as percent_count,
    coalesce(sum(mark.percent), 0) as percent_sum,
    round(avg(mark.percent), 4) as percent_mean,
    round(cast(percentile_cont(0.5) within group (order by mark.percent) as numeric), 4) as percent_median,
    round(stddev_pop(mark.percent), 4) as percent_stddev,
    count(mark.grade_points) as points_count,
    coalesce(sum(mark.grade_points), 0) as points_sum,
    round(avg(mark.grade_points), 4) as points_mean,
    round(cast(percentile_cont(0.5) within group (order by mark.grade_points) as numeric), 4) as points_median,
    round(stddev_pop(mark.grade_points), 4) as points_stddev,
    coalesce(sum(mark.grade_points * mark.gpa_weight), 0) as gpa_points,
    coalesce(sum(mark.gpa_weight) filter (where mark.grade_points is not null), 0) as gpa_credits,
    coalesce(sum(mark.credits_attempted), 0) as credits_attempted,
    coalesce(sum(mark.credits_earned), 0) as credits_earned,
    mark.rule_version
from mark
group by mark.school_key, mark.subject, mark.grade_level, mark.grade_scale_id, mark.rule_version
