{#
    No invitation to an anonymous survey has a respondent key. It hangs on the mart, from which nothing is built, so
    that it blocks nothing: the figures name nobody either way.
#}
{% test anonymous_surveys_stay_anonymous(model) %}
    select
        survey.survey_id,
        count(*) as invitations_with_key
    from {{ ref('conformed_survey') }} as survey
    inner join {{ ref('conformed_survey_invitation') }} as invitation
        on survey.term_key = invitation.term_key and survey.survey_id = invitation.survey_id
    where
        {{ in_term('survey') }}
        and {{ in_term('invitation') }}
        and survey.privacy = 'anonymous'
        and invitation.has_respondent_key
    group by survey.survey_id
{% endtest %}
