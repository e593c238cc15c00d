select
    {{ edu_key('survey_question', "question.survey_id || '|' || question.question_id") }} as survey_question_key,
    question.survey_id || '|' || question.question_id as survey_question_id,
    question.survey_id,
    survey.survey_title,
    survey.instrument,
    survey.privacy,
    survey.opens_on,
    survey.closes_on,
    question.question_id,
    question.topic,
    question.question_text,
    question.question_kind,
    question.lowest_rating,
    question.highest_rating,
    question.favourable_from,
    question.term_key,
    question._feed,
    question._load_id,
    question._ingested_at
from {{ ref('conformed_survey_question') }} as question
left join {{ ref('conformed_survey') }} as survey
    on question.term_key = survey.term_key and question.survey_id = survey.survey_id
