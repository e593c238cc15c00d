{#
    One row an answer, without who gave it and without words. A rating counts where it lies within the question's
    own bounds; it is favourable from the question's own bound on.
#}
with rule as (
    {{ rule_of_term('rule_survey_feedback') }}
),

question as (
    select distinct on (stated.survey_id, stated.question_id) stated.*
    from {{ ref('conformed_survey_question') }} as stated
    where {{ in_term('stated') }}
    order by stated.survey_id asc, stated.question_id asc, stated._load_id desc, stated._feed asc
),

answer as (
    select distinct on (stated.response_id) stated.*
    from {{ ref('conformed_survey_response') }} as stated
    where {{ in_term('stated') }}
    order by stated.response_id asc, stated._load_id desc, stated._feed asc
),

rated as (
    select
        answer.term_key,
        answer.response_id,
        answer.survey_id || '|' || answer.question_id as survey_question_id,
        answer.school_id,
        answer.respondent_group,
        coalesce(question.question_kind = rule.rated_kind, false) as is_of_rating_question,
        case
            when
                question.question_kind = rule.rated_kind
                and answer.rating >= coalesce(question.lowest_rating, answer.rating)
                and answer.rating <= coalesce(question.highest_rating, answer.rating)
                then answer.rating
        end as rating,
        question.favourable_from,
        rule.rule_version,
        answer._load_id
    from answer
    left join rule on true
    left join question on answer.survey_id = question.survey_id and answer.question_id = question.question_id
)

select
    rated.term_key,
    {{ edu_key('survey_response', 'rated.response_id') }} as response_key,
    {{ edu_key('survey_question', 'rated.survey_question_id') }} as survey_question_key,
    {{ edu_key('school', 'rated.school_id') }} as school_key,
    rated.respondent_group,
    rated.is_of_rating_question,
    rated.rating,
    rated.rating >= rated.favourable_from as is_favourable,
    rated.rule_version,
    rated._load_id,
    rated.survey_question_id,
    rated.school_id
from rated
