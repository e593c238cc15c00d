{# How far approaches to learning are reached: a school's ratings by grade and category of skills. #}
with rule as (
    {{ rule_of_term('rule_atl_skills') }}
)

select
    {{ this_term() }} as term_key,
    rating.school_key,
    rating.grade_level,
    rating.skill_category,
    count(distinct rating.student_key) as students,
    count(*) as ratings,
    {%- for level in atl_levels() %}
        count(*) filter (where rating.level = '{{ level }}') as ratings_{{ level }},
    {%- endfor %}
    count(*) filter (where rating.level_order is null) as ratings_unmapped,
    count(*) filter (where rating.level_order >= rule.reached_from_level) as ratings_reached,
    coalesce(sum(rating.level_order), 0) as level_sum,
    rule.rule_version
from {{ ref('fct_atl_rating') }} as rating
left join rule on true
where {{ in_term('rating') }}
group by rating.school_key, rating.grade_level, rating.skill_category, rule.rule_version
