{#
    A student's progress in a subject: marks, approaches to learning and attendance against the term before at the same
    school, the last test against the last one of its comparable group in an earlier term, wherever it was taken.
#}
{{ config(materialized='view') }}

with progress as (
    select
        mart.*,
        term.ordinal,
        term.previous_term_key,
        round(mart.school_days_present / nullif(mart.school_days_reported, 0), 4) as attendance_rate
    from {{ ref('mart_student_progress') }} as mart
    inner join {{ ref('dim_academic_term') }} as term on mart.term_key = term.term_key
),

test as (
    select
        result.term_key,
        term.ordinal,
        result.student_key,
        result.subject,
        coalesce(result.comparable_group, result.assessment_id) as comparable_group,
        result.assessment_id,
        result.administration_date,
        result.score
    from {{ ref('fct_assessment_result') }} as result
    inner join {{ ref('dim_academic_term') }} as term on result.term_key = term.term_key
    where
        result.is_of_record
        and result.is_scored
        and result.objective_id is null
),

compared as (
    select distinct on (progress.term_key, progress.student_key, progress.school_key, progress.subject)
        progress.term_key,
        progress.student_key,
        progress.school_key,
        progress.subject,
        test.term_key as compared_term_key,
        test.score as score_compared
    from progress
    inner join test
        on
            progress.student_key = test.student_key
            and progress.subject = test.subject
            and progress.comparable_group = test.comparable_group
            and progress.ordinal > test.ordinal
    order by
        progress.term_key asc, progress.student_key asc, progress.school_key asc, progress.subject asc,
        test.ordinal desc, test.administration_date desc nulls last, test.assessment_id asc
)

select
    progress.term_key,
    progress.student_key,
    progress.school_key,
    progress.subject,
    progress.previous_term_key,
    progress.percent_mean,
    earlier.percent_mean as percent_mean_previous_term,
    case
        when progress.grade_scale_id = earlier.grade_scale_id then progress.percent_mean - earlier.percent_mean
    end as percent_change,
    progress.atl_level_mean,
    earlier.atl_level_mean as atl_level_mean_previous_term,
    progress.atl_level_mean - earlier.atl_level_mean as atl_level_change,
    progress.attendance_rate,
    earlier.attendance_rate as attendance_rate_previous_term,
    progress.attendance_rate - earlier.attendance_rate as attendance_rate_change,
    progress.comparable_group,
    progress.score,
    compared.compared_term_key,
    compared.score_compared,
    progress.score - compared.score_compared as score_change,
    progress.rule_version
from progress
left join progress as earlier
    on
        progress.previous_term_key = earlier.term_key
        and progress.student_key = earlier.student_key
        and progress.school_key = earlier.school_key
        and progress.subject = earlier.subject
left join compared
    on
        progress.term_key = compared.term_key
        and progress.student_key = compared.student_key
        and progress.school_key = compared.school_key
        and progress.subject = compared.subject
