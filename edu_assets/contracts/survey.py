"""Survey systems: surveys, their questions, who was invited, and what was answered.

Belongs here: declarations alone. A person never stands beside an answer, in no survey: what a response names of its
sender is a secret that is not stored. Where a survey is not anonymous, the survey system's respondent key leads
from an answer to an invitation, and nowhere else; where it is, invitations have no such key (dbt test
`anonymous_surveys_have_no_respondent_keys`).
"""

from edu_assets.contracts.base import Column, ColumnType, LoadMode, PersonalData, System, TermByDate, TermVia
from edu_assets.contracts.sheets import YEAR_LONG, day, flag, number, of_person, school, sensitive, sheet

SURVEY = System(name="survey", title="Surveys of students, staff and families")

_OFFICE = "research-office"
_OF_ITS_SURVEY = TermVia(parent="surveys", key={"survey_id": "survey_id"})


def _survey() -> Column:
    return number("SurveyID", "the survey", required=True)


def _group() -> Column:
    return of_person("RespondentGroup", "whom the survey asks", required=True, allowed=("student", "staff", "family"))


SURVEYS = sheet(
    SURVEY,
    "surveys",
    "survey as it was held once. It is of the term of the day on which it opened, and so are its questions, "
    "invitations and answers",
    (
        _survey(),
        Column(header="Title", required=True, description="what it is called"),
        Column(header="Instrument", required=True, description="the questionnaire: surveys of one instrument compare"),
        Column(
            header="Privacy",
            required=True,
            allowed=("anonymous", "confidential", "identified"),
            description="whether answers lead to a person: never, for the survey office alone, or for staff in charge",
        ),
        day("OpensOn", "first day", required=True),
        day("ClosesOn", "last day", required=True),
    ),
    ("survey_id",),
    term=TermByDate(column="opens_on"),
    mode=LoadMode.INCREMENTAL,
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("survey",),
)

SURVEY_QUESTIONS = sheet(
    SURVEY,
    "survey_questions",
    "question of a survey, and which answers count as favourable. It is of its survey's term",
    (
        _survey(),
        number("QuestionID", "the question", required=True),
        Column(header="Topic", required=True, description="what it is about, by which questions are summed up"),
        Column(header="Text", required=True, description="the question itself"),
        Column(
            header="Kind",
            required=True,
            allowed=("rating", "choice", "text"),
            description="how it is answered; free text is never counted",
        ),
        Column(header="LowestRating", type=ColumnType.INTEGER, description="lowest rating, of rating questions"),
        Column(header="HighestRating", type=ColumnType.INTEGER, description="highest rating"),
        Column(
            header="FavourableFrom",
            type=ColumnType.INTEGER,
            description="lowest rating that counts as favourable; the instrument's own rule",
        ),
    ),
    ("survey_id", "question_id"),
    term=_OF_ITS_SURVEY,
    scope=("survey_id",),
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("survey_question",),
)

SURVEY_INVITATIONS = sheet(
    SURVEY,
    "survey_invitations",
    "invitation of a person to a survey, whether it was opened and whether it was answered: the denominator of a "
    "response rate. It is of its survey's term",
    (
        number("InvitationID", "the invitation", required=True),
        _survey(),
        school(),
        _group(),
        number("PersonNumber", "number of the student, staff member or guardian", personal=PersonalData.DIRECT),
        of_person("GradeLevel", "grade level of the student, in the system's spelling"),
        flag("Opened", "whether it was opened", required=True, personal=PersonalData.INDIRECT),
        flag("Answered", "whether an answer was sent", required=True, personal=PersonalData.INDIRECT),
        number(
            "RespondentKey",
            "the survey system's key of the answers; empty in an anonymous survey",
            personal=PersonalData.SENSITIVE,
        ),
    ),
    ("invitation_id",),
    term=_OF_ITS_SURVEY,
    scope=("survey_id", "school_id"),
    school="school_id",
    person=("person_number",),
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("survey_invitation",),
)

SURVEY_RESPONSES = sheet(
    SURVEY,
    "survey_responses",
    "answer to one question. It is of its survey's term. Names, numbers and addresses of who answered are not stored, "
    "even where the survey system sends them",
    (
        number("ResponseID", "the answer", required=True),
        _survey(),
        number("QuestionID", "the question", required=True),
        school(),
        _group(),
        of_person("GradeLevel", "grade level of the student, in the system's spelling"),
        number(
            "RespondentKey",
            "the survey system's key of who answered, the same on each answer of one sheet",
            required=True,
            personal=PersonalData.SENSITIVE,
        ),
        sensitive("Answer", "the answer: a rating, a choice or words", required=True),
        day("AnsweredOn", "day of the answer", personal=PersonalData.INDIRECT),
        *(
            Column(
                header=header,
                secret=True,
                may_be_absent=True,
                personal=PersonalData.SENSITIVE,
                description="of who answered; never stored",
            )
            for header in ("PersonNumber", "StudentNumber", "StaffNumber", "Name", "Email", "IPAddress")
        ),
    ),
    ("response_id",),
    term=_OF_ITS_SURVEY,
    scope=("survey_id", "school_id"),
    school="school_id",
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("survey_response",),
)
