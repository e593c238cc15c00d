{#
    How each question of a survey was answered by each group at a school. Invitations are the survey's and the same
    beside each of its questions; a question that nobody answered has a row wherever somebody was asked.
#}
with rule as (
    {{ rule_of_term('rule_survey_feedback') }}
),

invitation as (
    select distinct on (stated.invitation_id) stated.*
    from {{ ref('conformed_survey_invitation') }} as stated
    where {{ in_term('stated') }}
    order by stated.invitation_id asc, stated._load_id desc, stated._feed asc
),

asked as (
    select
        invitation.survey_id,
        {{ edu_key('school', 'invitation.school_id') }} as school_key,
        invitation.respondent_group,
        count(*) as invited,
        count(*) filter (where invitation.is_opened) as opened,
        count(*) filter (where invitation.is_answered) as invitations_answered
    from invitation
    group by invitation.survey_id, invitation.school_id, invitation.respondent_group
),

question as (
    select distinct
        stated.survey_id,
        {{ edu_key('survey_question', "stated.survey_id || '|' || stated.question_id") }} as survey_question_key
    from {{ ref('conformed_survey_question') }} as stated
    where {{ in_term('stated') }}
),

invited as (
    select
        question.survey_question_key,
        asked.school_key,
        asked.respondent_group,
        asked.invited,
        asked.opened,
        asked.invitations_answered
    from question
    inner join asked on question.survey_id = asked.survey_id
),

answered as (
    select
        response.survey_question_key,
        response.school_key,
        response.respondent_group,
        count(*) as answered,
        count(response.rating) as ratings,
        coalesce(sum(response.rating), 0) as ratings_sum,
        count(response.is_favourable) as ratings_judged,
        count(*) filter (where response.is_favourable) as favourable,
        count(*) filter (where response.is_of_rating_question and response.rating is null) as ratings_unreadable
    from {{ ref('fct_survey_response') }} as response
    where {{ in_term('response') }}
    group by response.survey_question_key, response.school_key, response.respondent_group
),

place as (
    select
        invited.survey_question_key,
        invited.school_key,
        invited.respondent_group
    from invited
    union
    select
        answered.survey_question_key,
        answered.school_key,
        answered.respondent_group
    from answered
)

select
    {{ this_term() }} as term_key,
    place.survey_question_key,
    place.respondent_group,
    place.school_key,
    coalesce(invited.invited, 0) as invited,
    coalesce(invited.opened, 0) as opened,
    coalesce(invited.invitations_answered, 0) as invitations_answered,
    coalesce(answered.answered, 0) as answered,
    coalesce(answered.ratings, 0) as ratings,
    coalesce(answered.ratings_sum, 0) as ratings_sum,
    coalesce(answered.ratings_judged, 0) as ratings_judged,
    coalesce(answered.favourable, 0) as favourable,
    coalesce(answered.ratings_unreadable, 0) as ratings_unreadable,
    rule.rule_version
from place
left join rule on true
left join invited
    on
        place.survey_question_key = invited.survey_question_key
        and place.school_key = invited.school_key
        and place.respondent_group = invited.respondent_group
left join answered
    on
        place.survey_question_key = answered.survey_question_key
        and place.school_key = answered.school_key
        and place.respondent_group = answered.respondent_group
