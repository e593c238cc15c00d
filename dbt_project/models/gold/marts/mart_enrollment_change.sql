{# Enrolment against the term before and against the same term of the year before, by the order of terms. #}
{{ config(materialized='view') }}

select
    enrollment.term_key,
    enrollment.school_key,
    enrollment.grade_level,
    enrollment.headcount_term_end,
    term.previous_term_key,
    previous_term.headcount_term_end as headcount_previous_term,
    enrollment.headcount_term_end - previous_term.headcount_term_end as change_previous_term,
    term.previous_year_term_key,
    previous_year.headcount_term_end as headcount_previous_year,
    enrollment.headcount_term_end - previous_year.headcount_term_end as change_previous_year,
    enrollment.headcount_count_date,
    previous_year.headcount_count_date as headcount_count_date_previous_year,
    enrollment.headcount_count_date - previous_year.headcount_count_date as change_count_date,
    enrollment.rule_version
from {{ ref('mart_enrollment') }} as enrollment
inner join {{ ref('dim_academic_term') }} as term on enrollment.term_key = term.term_key
left join {{ ref('mart_enrollment') }} as previous_term
    on
        term.previous_term_key = previous_term.term_key
        and enrollment.school_key = previous_term.school_key
        and enrollment.grade_level = previous_term.grade_level
left join {{ ref('mart_enrollment') }} as previous_year
    on
        term.previous_year_term_key = previous_year.term_key
        and enrollment.school_key = previous_year.school_key
        and enrollment.grade_level = previous_year.grade_level
