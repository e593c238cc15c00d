{#
    Matched students: who has a score in the comparable group in a term and in the term that it is compared with. The
    grade is that of the later term.
#}
{{ config(materialized='view') }}

with person as (
    select
        result.term_key,
        coalesce(result.comparable_group, result.assessment_id) as comparable_group,
        result.subject,
        result.student_key,
        max(result.grade_level) as grade_level,
        round(avg(result.score), 4) as score,
        bool_or(coalesce(result.is_proficient, false)) as is_proficient,
        max(result.rule_version) as rule_version
    from {{ ref('fct_assessment_result') }} as result
    where
        result.is_of_record
        and result.is_scored
        and result.objective_id is null
    group by
        result.term_key,
        coalesce(result.comparable_group, result.assessment_id),
        result.subject,
        result.student_key
),

compared as (
    select
        term.term_key,
        'previous_term' as comparison,
        term.previous_term_key as compared_term_key
    from {{ ref('dim_academic_term') }} as term
    where term.previous_term_key is not null
    union all
    select
        term.term_key,
        'previous_year' as comparison,
        term.previous_year_term_key as compared_term_key
    from {{ ref('dim_academic_term') }} as term
    where term.previous_year_term_key is not null
)

select
    compared.term_key,
    compared.comparison,
    compared.compared_term_key,
    later.comparable_group,
    later.subject,
    later.grade_level,
    count(*) as students_matched,
    sum(later.score) as score_sum,
    sum(earlier.score) as score_sum_compared,
    sum(later.score - earlier.score) as score_change_sum,
    round(avg(later.score - earlier.score), 4) as score_change_mean,
    count(*) filter (where later.score > earlier.score) as students_higher,
    count(*) filter (where later.score < earlier.score) as students_lower,
    count(*) filter (where later.is_proficient and not earlier.is_proficient) as students_became_proficient,
    count(*) filter (where earlier.is_proficient and not later.is_proficient) as students_no_longer_proficient,
    max(later.rule_version) as rule_version
from compared
inner join person as later on compared.term_key = later.term_key
inner join person as earlier
    on
        compared.compared_term_key = earlier.term_key
        and later.comparable_group = earlier.comparable_group
        and later.subject = earlier.subject
        and later.student_key = earlier.student_key
group by
    compared.term_key,
    compared.comparison,
    compared.compared_term_key,
    later.comparable_group,
    later.subject,
    later.grade_level
