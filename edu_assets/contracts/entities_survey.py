"""Canonical entities of surveys: surveys, their questions, who was invited, and how questions were answered.

Who was invited is in no entity, what was written neither: of an invitation is told that it was sent, opened and
answered, of an answer its rating. Whether an invitation has a respondent key is told, not which.
"""

from edu_assets.contracts.base import Entity, EntityColumn, PersonalData

_SURVEY = EntityColumn(name="survey_id", type="text", description="feed and the system's number")
_QUESTION = EntityColumn(name="question_id", type="text", description="the system's number within the survey")
_SCHOOL = EntityColumn(name="school_id", type="text")
_GROUP = EntityColumn(
    name="respondent_group", type="text", description="student, staff or family", personal=PersonalData.INDIRECT
)

SURVEY = Entity(
    name="survey",
    definition="Ed-Fi Survey as it was held once",
    columns=(
        _SURVEY,
        EntityColumn(name="survey_title", type="text"),
        EntityColumn(name="instrument", type="text", description="surveys of one instrument compare"),
        EntityColumn(name="privacy", type="text", description="anonymous, confidential or identified"),
        EntityColumn(name="opens_on", type="date"),
        EntityColumn(name="closes_on", type="date", description="last day"),
    ),
)

SURVEY_QUESTION = Entity(
    name="survey_question",
    definition="Ed-Fi SurveyQuestion",
    columns=(
        _SURVEY,
        _QUESTION,
        EntityColumn(name="topic", type="text"),
        EntityColumn(name="question_text", type="text"),
        EntityColumn(name="question_kind", type="text", description="rating, choice or text"),
        EntityColumn(name="lowest_rating", type="integer"),
        EntityColumn(name="highest_rating", type="integer"),
        EntityColumn(name="favourable_from", type="integer", description="the instrument's own bound; null without"),
    ),
)

SURVEY_INVITATION = Entity(
    name="survey_invitation",
    definition="one person asked, told without the person",
    columns=(
        EntityColumn(name="invitation_id", type="text", description="feed and the system's number"),
        _SURVEY,
        _SCHOOL,
        _GROUP,
        EntityColumn(name="is_opened", type="boolean", personal=PersonalData.INDIRECT),
        EntityColumn(name="is_answered", type="boolean", personal=PersonalData.INDIRECT),
        EntityColumn(name="has_respondent_key", type="boolean", description="whether answers lead to it"),
    ),
)

SURVEY_RESPONSE = Entity(
    name="survey_response",
    definition="Ed-Fi SurveyQuestionResponse: one answer to one question, told without who gave it and without words",
    columns=(
        EntityColumn(name="response_id", type="text", description="feed and the system's number"),
        _SURVEY,
        _QUESTION,
        _SCHOOL,
        _GROUP,
        EntityColumn(
            name="rating",
            type="integer",
            description="the answer where it is a whole number; null for any other",
            personal=PersonalData.SENSITIVE,
        ),
    ),
)
