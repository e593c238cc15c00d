"""Canonical entities of personnel: staff, posts and who holds them, their days, cover, and what they learn.

Terms are those of Ed-Fi. A staff_id is the authority's staff number. Days are inclusive, as personnel offices
state them. Pay is in no entity.
"""

from edu_assets.contracts.base import Entity, EntityColumn, PersonalData

_STAFF = EntityColumn(name="staff_id", type="text", personal=PersonalData.DIRECT)
_SCHOOL = EntityColumn(name="school_id", type="text")
_ROLE = EntityColumn(name="role", type="text", description="in the source's code")

STAFF = Entity(
    name="staff",
    definition="Ed-Fi Staff, as of the term",
    columns=(
        _STAFF,
        EntityColumn(name="given_name", type="text", personal=PersonalData.DIRECT),
        EntityColumn(name="family_name", type="text", personal=PersonalData.DIRECT),
        EntityColumn(name="employment_type", type="text", personal=PersonalData.INDIRECT),
        EntityColumn(name="hire_date", type="date", personal=PersonalData.INDIRECT),
        EntityColumn(
            name="separation_date",
            type="date",
            description="last day of employment; null while it lasts",
            personal=PersonalData.INDIRECT,
        ),
    ),
)

STAFF_POSITION = Entity(
    name="staff_position",
    definition="Ed-Fi OpenStaffPosition and the posts that are held: what a school has, not who holds it",
    columns=(
        EntityColumn(name="position_id", type="text", description="feed and the system's number"),
        _SCHOOL,
        _ROLE,
        EntityColumn(name="subject", type="text", description="subject taught, where it is a teacher's"),
        EntityColumn(name="fte", type="numeric", description="share of full time"),
        EntityColumn(name="begin_date", type="date", description="first day"),
        EntityColumn(name="end_date", type="date", description="last day; null while the post lasts"),
        EntityColumn(name="vacant_since", type="date", description="first day that nobody holds it; null while held"),
    ),
)

STAFF_ASSIGNMENT = Entity(
    name="staff_assignment",
    definition="Ed-Fi StaffEducationOrganizationAssignmentAssociation",
    columns=(
        EntityColumn(name="assignment_id", type="text", description="feed and the system's number"),
        _SCHOOL,
        _STAFF,
        _ROLE,
        EntityColumn(name="fte", type="numeric", personal=PersonalData.INDIRECT),
        EntityColumn(name="begin_date", type="date", description="first day", personal=PersonalData.INDIRECT),
        EntityColumn(
            name="end_date",
            type="date",
            description="last day; null while it lasts",
            personal=PersonalData.INDIRECT,
        ),
    ),
)

STAFF_ATTENDANCE = Entity(
    name="staff_attendance",
    definition="Ed-Fi StaffAbsenceEvent and the days worked: one working day of a member of staff at a school",
    columns=(
        _SCHOOL,
        _STAFF,
        EntityColumn(name="work_date", type="date"),
        EntityColumn(
            name="absent_portion",
            type="numeric",
            description="share of the day missed, 0 to 1",
            personal=PersonalData.INDIRECT,
        ),
        EntityColumn(
            name="absence_reason",
            type="text",
            description="in the source's code; null where the day was worked",
            personal=PersonalData.SENSITIVE,
        ),
    ),
)

SUBSTITUTE_ASSIGNMENT = Entity(
    name="substitute_assignment",
    definition="a day on which somebody absent was to be covered, and whether somebody came",
    columns=(
        EntityColumn(name="cover_id", type="text", description="feed and the system's number"),
        _SCHOOL,
        EntityColumn(name="staff_id", type="text", description="who is absent", personal=PersonalData.DIRECT),
        EntityColumn(
            name="substitute_id",
            type="text",
            description="who covers; null where nobody was found",
            personal=PersonalData.DIRECT,
        ),
        EntityColumn(name="work_date", type="date"),
        EntityColumn(
            name="cover_portion",
            type="numeric",
            description="share of the day to be covered",
            personal=PersonalData.INDIRECT,
        ),
        EntityColumn(name="is_filled", type="boolean", personal=PersonalData.INDIRECT),
    ),
)

PROFESSIONAL_LEARNING = Entity(
    name="professional_learning",
    definition="Ed-Fi ProfessionalDevelopmentEventAttendance: a member of staff's part in a course or workshop",
    columns=(
        EntityColumn(name="record_id", type="text", description="feed and the system's number"),
        _SCHOOL,
        _STAFF,
        EntityColumn(name="topic", type="text", description="in the source's code"),
        EntityColumn(name="event_date", type="date", description="day on which it was held, or began"),
        EntityColumn(name="hours", type="numeric", description="hours that count", personal=PersonalData.INDIRECT),
        EntityColumn(
            name="attendance_status",
            type="text",
            description="registered, completed, withdrawn or no_show",
            personal=PersonalData.INDIRECT,
        ),
    ),
)

PROFESSIONAL_LEARNING_REQUIREMENT = Entity(
    name="professional_learning_requirement",
    definition="hours of a topic that whoever has a role completes in an academic year",
    columns=(
        _ROLE,
        EntityColumn(name="topic", type="text", description="in the source's code"),
        EntityColumn(name="academic_year", type="text"),
        EntityColumn(name="hours_required", type="numeric"),
    ),
)
