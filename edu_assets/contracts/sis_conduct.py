"""Student information systems: behaviour incidents, who had a part in them, and what followed.

Belongs here: declarations of these sheets; columns that sheets share are in sheets.py. What links a student to
an incident is sensitive; an incident by itself names nobody.
"""

from edu_assets.contracts.base import Column, ColumnType, PersonalData, TermByDate, TermVia
from edu_assets.contracts.sheets import day, flag, number, school, sensitive, sheet, student
from edu_assets.contracts.sis import SIS

_OWNER = "student-conduct"

BEHAVIOR_INCIDENTS = sheet(
    SIS,
    "behavior_incidents",
    "behaviour incident at a school (Ed-Fi DisciplineIncident). It is of the term of its day; summer has one too. A "
    "sheet states a school's incidents of a term whole, so that one taken back is gone",
    (
        school(),
        number("IncidentID", "the incident; unique within the school", required=True),
        day("IncidentDate", "day on which it happened", required=True),
        Column(header="IncidentTime", description="time of day", pattern=r"\d{2}:\d{2}(:\d{2})?"),
        Column(header="Behavior", description="what happened, in the system's code", required=True),
        Column(header="Location", description="where, in the system's code"),
        Column(header="SeverityLevel", description="how grave it was, in the system's code"),
        sensitive("Narrative", "what happened, in words"),
        flag("ReportedToPolice", "whether the police were told"),
    ),
    ("school_id", "incident_id"),
    term=TermByDate(column="incident_date", school="school_id"),
    scope=("school_id",),
    school="school_id",
    owner=_OWNER,
    conforms_to=("behavior_incident",),
)

BEHAVIOR_PARTICIPANTS = sheet(
    SIS,
    "behavior_participants",
    "part that a student had in an incident; one student may have several (Ed-Fi "
    "StudentDisciplineIncidentBehaviorAssociation). It is of its incident's term, whatever the day",
    (
        school(),
        number("IncidentID", "the incident", required=True),
        student(),
        sensitive(
            "Role", "the part", required=True, allowed=("aggressor", "victim", "witness", "reporter", "bystander")
        ),
        sensitive("Behavior", "what the student did, in the system's code"),
    ),
    ("school_id", "incident_id", "student_number", "role"),
    term=TermVia(parent="behavior_incidents", key={"school_id": "school_id", "incident_id": "incident_id"}),
    scope=("school_id",),
    school="school_id",
    person=("student_number",),
    owner=_OWNER,
    conforms_to=("behavior_participant",),
)

DISCIPLINE_ACTIONS = sheet(
    SIS,
    "discipline_actions",
    "measure against a student, with or without an incident (Ed-Fi DisciplineAction). It is of the term of the day on "
    "which it begins: a suspension after the holidays is missed school of the new term",
    (
        number("ActionID", "the measure", required=True),
        school("the authority's number of the school that answers for it"),
        student(),
        number("IncidentID", "the incident that it follows"),
        day("ActionDate", "day on which it begins", required=True, personal=PersonalData.SENSITIVE),
        sensitive("Action", "what it is, in the system's code", required=True),
        sensitive("DaysAssigned", "length in school days as decided", type=ColumnType.NUMERIC),
        sensitive("DaysServed", "length in school days as served", type=ColumnType.NUMERIC),
        flag(
            "IEPPlacementMeeting",
            "whether the meeting that special education demands was held",
            personal=PersonalData.SENSITIVE,
        ),
    ),
    ("action_id", "student_number", "action_date"),
    term=TermByDate(column="action_date", school="school_id"),
    scope=("school_id",),
    school="school_id",
    person=("student_number",),
    owner=_OWNER,
    conforms_to=("discipline_action",),
)
