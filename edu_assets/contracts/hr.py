"""Personnel systems: staff, posts and who holds them, their days, cover, and what they learn.

Belongs here: declarations alone. Does not belong here: who teaches which class (the roster), pay (nobody
needs it here). Reasons of absence are sensitive; minimum counts protect staff as they do students.
"""

from edu_assets.contracts.base import Column, ColumnType, PersonalData, System, TermByDate
from edu_assets.contracts.sheets import (
    STANDING,
    YEAR_LONG,
    day,
    flag,
    named,
    number,
    of_person,
    school,
    sensitive,
    sheet,
    staff,
)

HR = System(name="hr", title="Personnel system")

_OFFICE = "human-resources"


def _role(**declared: object) -> Column:
    return Column(header="Role", description="role, in the system's code", **declared)


STAFF = sheet(
    HR,
    "staff",
    f"member of staff (Ed-Fi Staff). {STANDING}",
    (
        staff(required=True),
        named("FirstName", "given name"),
        named("LastName", "family name"),
        named("Email", "e-mail address at work"),
        of_person("EmploymentType", "permanent, fixed-term or substitute, in the system's code"),
        of_person("HighestDegree", "highest degree, in the system's code"),
        day("HiredOn", "first day of employment", required=True, personal=PersonalData.INDIRECT),
        day("LeftOn", "last day of employment; empty while it lasts", personal=PersonalData.INDIRECT),
        sensitive("LeftReason", "why it ended, in the system's code"),
    ),
    ("staff_number",),
    person=("staff_number",),
    owner=_OFFICE,
    conforms_to=("staff",),
)

STAFF_POSITIONS = sheet(
    HR,
    "staff_positions",
    f"post of a school, held or vacant (Ed-Fi OpenStaffPosition and StaffEducationOrganizationAssignment). {STANDING}",
    (
        number("PositionID", "the post", required=True),
        school(),
        _role(required=True),
        Column(header="Subject", description="subject taught, where it is a teacher's"),
        Column(header="FTE", type=ColumnType.NUMERIC, required=True, description="share of full time"),
        day("BeginDate", "day from which the school has the post", required=True),
        day("EndDate", "last day; empty while it lasts"),
        day("VacantSince", "day from which nobody holds it; empty while it is held"),
    ),
    ("position_id",),
    scope=("school_id",),
    school="school_id",
    owner=_OFFICE,
    conforms_to=("staff_position",),
)

STAFF_ASSIGNMENTS = sheet(
    HR,
    "staff_assignments",
    f"who holds a post, from when to when (Ed-Fi StaffEducationOrganizationAssignmentAssociation). {STANDING}",
    (
        number("AssignmentID", "the assignment", required=True),
        number("PositionID", "the post", required=True),
        school(),
        staff(required=True),
        _role(required=True),
        of_person("FTE", "share of full time", type=ColumnType.NUMERIC, required=True),
        day("BeginDate", "first day", required=True, personal=PersonalData.INDIRECT),
        day("EndDate", "last day; empty while it lasts", personal=PersonalData.INDIRECT),
    ),
    ("assignment_id",),
    scope=("school_id",),
    school="school_id",
    person=("staff_number",),
    owner=_OFFICE,
    conforms_to=("staff_assignment",),
)

STAFF_ATTENDANCE = sheet(
    HR,
    "staff_attendance",
    "working day of a member of staff at a school, worked or missed. It is of its day's term; a sheet states a "
    "school's day whole",
    (
        school(),
        staff(required=True),
        day("WorkDate", "the day", required=True),
        of_person("Status", "whether the day was worked", required=True, allowed=("present", "absent", "partial")),
        of_person("AbsentPortion", "share of the day missed", type=ColumnType.NUMERIC, required=True),
        sensitive("Reason", "why it was missed, in the system's code"),
    ),
    ("school_id", "staff_number", "work_date"),
    term=TermByDate(column="work_date", school="school_id"),
    scope=("school_id", "work_date"),
    school="school_id",
    person=("staff_number",),
    owner=_OFFICE,
    conforms_to=("staff_attendance",),
)

SUBSTITUTE_ASSIGNMENTS = sheet(
    HR,
    "substitute_assignments",
    "day on which an absent member of staff was to be covered, and whether somebody came. It is of its day's term",
    (
        number("CoverID", "the cover", required=True),
        school(),
        staff("AbsentStaffNumber", "staff number of who is absent", required=True),
        staff("SubstituteNumber", "staff number of who covers; empty: nobody was found"),
        day("WorkDate", "the day", required=True),
        of_person("Portion", "share of the day to be covered", type=ColumnType.NUMERIC, required=True),
        flag("Filled", "whether somebody came", required=True),
    ),
    ("cover_id",),
    term=TermByDate(column="work_date", school="school_id"),
    scope=("school_id", "work_date"),
    school="school_id",
    person=("absent_staff_number", "substitute_number"),
    owner=_OFFICE,
    conforms_to=("substitute_assignment",),
)

PROFESSIONAL_LEARNING = sheet(
    HR,
    "professional_learning",
    "a member of staff's part in a course or workshop. It is of the term of its day; a sheet states a school's records "
    "of a term whole",
    (
        number("RecordID", "the record", required=True),
        school(),
        staff(required=True),
        Column(header="Topic", required=True, description="topic, in the system's code"),
        Column(header="Title", description="what it is called"),
        day("HeldOn", "day on which it was held, or began", required=True),
        of_person("Hours", "hours that count", type=ColumnType.NUMERIC, required=True),
        of_person(
            "Status", "what became of it", required=True, allowed=("registered", "completed", "withdrawn", "no_show")
        ),
    ),
    ("record_id",),
    term=TermByDate(column="held_on", school="school_id"),
    scope=("school_id",),
    school="school_id",
    person=("staff_number",),
    owner="professional-learning",
    freshness_days=YEAR_LONG,
    conforms_to=("professional_learning",),
)

PROFESSIONAL_LEARNING_REQUIREMENTS = sheet(
    HR,
    "professional_learning_requirements",
    f"hours of a topic that a role must reach in an academic year. {STANDING}",
    (
        _role(required=True),
        Column(header="Topic", required=True, description="topic, in the system's code"),
        Column(header="AcademicYear", required=True, description="the academic year"),
        Column(header="Hours", type=ColumnType.NUMERIC, required=True, description="hours to be completed in the year"),
    ),
    ("role", "topic", "academic_year"),
    owner="professional-learning",
    freshness_days=YEAR_LONG,
    conforms_to=("professional_learning_requirement",),
)
