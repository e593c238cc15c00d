{#
    Approaches to learning against the term before and against the same term of the year before, by the order of terms.
    Shares are compared where both rest on the same rule: another level from which a skill is reached is no change of
    students.
#}
{{ config(materialized='view') }}

with skills as (
    select
        mart.*,
        mart.ratings - mart.ratings_unmapped as ratings_known,
        round(cast(mart.ratings_reached as numeric) / nullif(mart.ratings - mart.ratings_unmapped, 0), 4)
            as share_reached
    from {{ ref('mart_atl_skills') }} as mart
)

select
    skills.term_key,
    skills.school_key,
    skills.grade_level,
    skills.skill_category,
    skills.ratings_known,
    skills.ratings_reached,
    skills.share_reached,
    term.previous_term_key,
    previous_term.ratings_known as ratings_known_previous_term,
    previous_term.ratings_reached as ratings_reached_previous_term,
    previous_term.share_reached as share_reached_previous_term,
    skills.share_reached - previous_term.share_reached as change_previous_term,
    term.previous_year_term_key,
    previous_year.ratings_known as ratings_known_previous_year,
    previous_year.ratings_reached as ratings_reached_previous_year,
    previous_year.share_reached as share_reached_previous_year,
    skills.share_reached - previous_year.share_reached as change_previous_year,
    skills.rule_version
from skills
inner join {{ ref('dim_academic_term') }} as term on skills.term_key = term.term_key
left join skills as previous_term
    on
        term.previous_term_key = previous_term.term_key
        and skills.school_key = previous_term.school_key
        and skills.grade_level = previous_term.grade_level
        and skills.skill_category = previous_term.skill_category
        and skills.rule_version = previous_term.rule_version
left join skills as previous_year
    on
        term.previous_year_term_key = previous_year.term_key
        and skills.school_key = previous_year.school_key
        and skills.grade_level = previous_year.grade_level
        and skills.skill_category = previous_year.skill_category
        and skills.rule_version = previous_year.rule_version
