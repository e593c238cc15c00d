{# Composition against the term before and against the same term of the year before, by the order of terms. #}
{{ config(materialized='view') }}

select
    demographics.term_key,
    demographics.school_key,
    demographics.grade_level,
    demographics.subgroup_key,
    demographics.students,
    term.previous_term_key,
    previous_term.students as students_previous_term,
    demographics.students - previous_term.students as change_previous_term,
    term.previous_year_term_key,
    previous_year.students as students_previous_year,
    demographics.students - previous_year.students as change_previous_year,
    demographics.rule_version
from {{ ref('mart_student_demographics') }} as demographics
inner join {{ ref('dim_academic_term') }} as term on demographics.term_key = term.term_key
left join {{ ref('mart_student_demographics') }} as previous_term
    on
        term.previous_term_key = previous_term.term_key
        and demographics.school_key = previous_term.school_key
        and demographics.grade_level = previous_term.grade_level
        and demographics.subgroup_key = previous_term.subgroup_key
left join {{ ref('mart_student_demographics') }} as previous_year
    on
        term.previous_year_term_key = previous_year.term_key
        and demographics.school_key = previous_year.school_key
        and demographics.grade_level = previous_year.grade_level
        and demographics.subgroup_key = previous_year.subgroup_key
