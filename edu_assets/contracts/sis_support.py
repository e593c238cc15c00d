"""Student information systems: services that students get, their families, health and way to school.

Belongs here: declarations of these sheets; columns that sheets share are in sheets.py. Nearly all of it is
sensitive: need, disability, health, custody and where a child gets off the bus.
"""

from edu_assets.contracts.base import ColumnType, PersonalData
from edu_assets.contracts.sheets import (
    STANDING,
    day,
    flag,
    named,
    number,
    of_person,
    school,
    sensitive,
    sheet,
    student,
)
from edu_assets.contracts.sis import SIS

STUDENT_PROGRAMS = sheet(
    SIS,
    "student_programs",
    "participation of a student in a programme or membership of a group that has rights of its own. It lasts through "
    f"terms. {STANDING}",
    (
        school(),
        student(),
        sensitive(
            "Program",
            "special education (IEP), Section 504, English learner, economic disadvantage, homeless, foster care, "
            "migrant, military connected, gifted",
            required=True,
            allowed=("IEP", "504", "EL", "economic", "homeless", "foster", "migrant", "military", "gifted"),
        ),
        day("BeginDate", "first day", required=True, personal=PersonalData.SENSITIVE),
        day("EndDate", "last day; empty while it lasts", personal=PersonalData.SENSITIVE),
        sensitive(
            "Status",
            "whether the student is entitled, takes part, has left or has declined",
            required=True,
            allowed=("eligible", "active", "exited", "declined"),
        ),
        sensitive("Detail", "e.g. the primary disability or lunch status, in the system's code"),
        sensitive("ExitReason", "why it ended, in the system's code"),
        number("CaseManagerNumber", "staff number of who is in charge", personal=PersonalData.INDIRECT),
    ),
    ("student_number", "program", "begin_date", "school_id"),
    person=("student_number",),
    owner="student-services",
    scope=("school_id",),
    school="school_id",
    conforms_to=("student_program",),
)

STUDENT_HEALTH = sheet(
    SIS,
    "student_health",
    f"entry of a student's health record: condition, allergy, medication, immunisation, screening, visit. {STANDING}",
    (
        number("HealthRecordID", "the entry", required=True),
        school(),
        student(),
        sensitive(
            "RecordType",
            "kind of entry",
            required=True,
            allowed=("condition", "allergy", "medication", "immunization", "screening", "visit", "plan"),
        ),
        sensitive("Code", "what it is, in the system's code"),
        sensitive("Description", "what it is, in words"),
        day("BeginDate", "day from which it holds, or of the visit", required=True, personal=PersonalData.SENSITIVE),
        day("EndDate", "day until which it holds", personal=PersonalData.SENSITIVE),
        sensitive("Severity", "how grave it is, in the system's code"),
        flag("ActionPlan", "whether staff have written instructions", personal=PersonalData.SENSITIVE),
    ),
    ("health_record_id",),
    person=("student_number",),
    owner="health-services",
    scope=("school_id",),
    school="school_id",
    conforms_to=("student_health_record",),
)

STUDENT_GUARDIANS = sheet(
    SIS,
    "student_guardians",
    f"guardian of a student: relation, custody, whether contact is allowed, household. {STANDING}",
    (
        school(),
        student(),
        number("GuardianNumber", "number of the guardian", required=True, personal=PersonalData.DIRECT),
        named("FirstName", "given name of the guardian"),
        named("LastName", "family name of the guardian"),
        of_person("Relationship", "what the guardian is to the student, in the system's code"),
        sensitive("Custody", "who has custody", allowed=("full", "joint", "none")),
        flag("ContactAllowed", "whether the school may contact the guardian", personal=PersonalData.SENSITIVE),
        flag("CourtOrder", "whether a court has ordered something", personal=PersonalData.SENSITIVE),
        flag("LivesWith", "whether the student lives with the guardian", personal=PersonalData.SENSITIVE),
        of_person("Language", "language in which the guardian is addressed", pattern=r"[a-z]{2,3}"),
        number("HouseholdID", "the household", personal=PersonalData.INDIRECT),
        of_person("ContactPriority", "place in the order of calls", type=ColumnType.INTEGER),
        named("Email", "e-mail address"),
        named("Phone", "telephone number"),
    ),
    ("student_number", "guardian_number"),
    person=("student_number", "guardian_number"),
    scope=("school_id",),
    school="school_id",
    owner="student-information",
    conforms_to=("student_guardian",),
)

STUDENT_TRANSPORTATION = sheet(
    SIS,
    "student_transportation",
    f"how a student comes to school and home. {STANDING}",
    (
        school(),
        student(),
        of_person("Direction", "the way", required=True, allowed=("to_school", "from_school")),
        day("BeginDate", "first day", required=True, personal=PersonalData.INDIRECT),
        day("EndDate", "last day; empty while it lasts", personal=PersonalData.INDIRECT),
        of_person("Mode", "means of transport, in the system's code", required=True),
        flag("Eligible", "whether the authority pays", personal=PersonalData.INDIRECT),
        of_person("RouteID", "the route"),
        sensitive("StopID", "the stop: tells where the student lives"),
        of_person("Miles", "distance between home and school", type=ColumnType.NUMERIC),
    ),
    ("student_number", "direction", "begin_date"),
    person=("student_number",),
    owner="transportation",
    scope=("school_id",),
    school="school_id",
    conforms_to=("student_transportation",),
)

INTERVENTIONS = sheet(
    SIS,
    "interventions",
    f"support that a student gets beyond class, by tier, with goal and progress. It lasts through terms. {STANDING}",
    (
        number("InterventionID", "the intervention", required=True),
        school(),
        student(),
        sensitive("Tier", "how intense the support is: 1 for all, 3 for one", required=True, allowed=("1", "2", "3")),
        sensitive("Area", "attendance, behaviour or subject, in the system's code", required=True),
        day("BeginDate", "first day", required=True, personal=PersonalData.SENSITIVE),
        day("EndDate", "last day; empty while it lasts", personal=PersonalData.SENSITIVE),
        sensitive("Goal", "what is to be reached, in words"),
        sensitive("Progress", "how far it has been reached, in the system's code"),
        day("ReviewedOn", "day of the last review", personal=PersonalData.SENSITIVE),
        number("StaffNumber", "staff number of who gives it", personal=PersonalData.INDIRECT),
    ),
    ("intervention_id",),
    person=("student_number",),
    owner="student-services",
    scope=("school_id",),
    school="school_id",
    conforms_to=("intervention",),
)
