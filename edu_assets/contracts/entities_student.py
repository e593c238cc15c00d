"""Canonical entities of what is known of a student beside enrolment: register, numbers, programmes, health, support,
guardians, the way to school.

Belongs here: the columns to which staging views map source tables. Natural keys are those of entities.py. Ends are
exclusive, whatever the source writes.
"""

from edu_assets.contracts.base import Entity, EntityColumn, PersonalData


def _student() -> EntityColumn:
    return EntityColumn(name="student_id", type="text", personal=PersonalData.DIRECT)


def _school() -> EntityColumn:
    return EntityColumn(name="school_id", type="text")


def _begin() -> EntityColumn:
    return EntityColumn(name="begin_date", type="date", personal=PersonalData.SENSITIVE)


def _end() -> EntityColumn:
    return EntityColumn(
        name="end_date",
        type="date",
        description="exclusive; null while it lasts",
        personal=PersonalData.SENSITIVE,
    )


STUDENT_DEMOGRAPHIC = Entity(
    name="student_demographic",
    definition="Ed-Fi StudentDemographic; OneRoster demographics: what the register says of a student in the term",
    columns=(
        _student(),
        EntityColumn(
            name="state_student_id",
            type="text",
            description="number given by the state; null where none is known",
            personal=PersonalData.DIRECT,
        ),
        EntityColumn(name="birth_date", type="date", personal=PersonalData.INDIRECT),
        EntityColumn(name="sex", type="text", description="the source's code", personal=PersonalData.INDIRECT),
        EntityColumn(name="is_hispanic", type="boolean", personal=PersonalData.SENSITIVE),
        EntityColumn(
            name="races",
            type="text",
            description="the source's codes by comma; null where none is given",
            personal=PersonalData.SENSITIVE,
        ),
        EntityColumn(name="home_language", type="text", personal=PersonalData.INDIRECT),
    ),
)

STUDENT_ID_MERGE = Entity(
    name="student_id_merge",
    definition=(
        "Ed-Fi StudentIdentificationCode that was replaced: of two numbers that turned out to be one student's, which "
        "was given up for which"
    ),
    columns=(
        EntityColumn(
            name="old_student_id",
            type="text",
            description="the identifier given up, spelled as student_id is",
            personal=PersonalData.DIRECT,
        ),
        EntityColumn(
            name="new_student_id", type="text", description="the number that stays", personal=PersonalData.DIRECT
        ),
        EntityColumn(name="merged_on", type="date", description="day of the merge"),
    ),
)

STUDENT_PROGRAM = Entity(
    name="student_program",
    definition="Ed-Fi StudentProgramAssociation: participation of a student in a programme",
    columns=(
        _student(),
        _school(),
        EntityColumn(name="program", type="text", description="the source's code", personal=PersonalData.SENSITIVE),
        _begin(),
        _end(),
        EntityColumn(
            name="participates",
            type="boolean",
            description="false where the student is entitled only, or has declined",
            personal=PersonalData.SENSITIVE,
        ),
    ),
)

STUDENT_HEALTH_RECORD = Entity(
    name="student_health_record",
    definition="Ed-Fi StudentHealth: an entry of a student's health record",
    columns=(
        EntityColumn(name="health_record_id", type="text", description="feed and the source's key"),
        _student(),
        _school(),
        EntityColumn(
            name="record_type",
            type="text",
            description="condition, allergy, medication, immunization, screening, visit or plan",
            personal=PersonalData.SENSITIVE,
        ),
        _begin(),
        _end(),
        EntityColumn(name="has_action_plan", type="boolean", personal=PersonalData.SENSITIVE),
    ),
)

STUDENT_TRANSPORTATION = Entity(
    name="student_transportation",
    definition="Ed-Fi StudentTransportation: how a student comes to school or home",
    columns=(
        _student(),
        _school(),
        EntityColumn(name="direction", type="text", description="to_school or from_school"),
        EntityColumn(name="mode", type="text", description="means of transport, the source's code"),
        EntityColumn(name="is_eligible", type="boolean", description="whether the authority pays"),
        _begin(),
        _end(),
    ),
)

STUDENT_GUARDIAN = Entity(
    name="student_guardian",
    definition="Ed-Fi StudentContactAssociation: a guardian of a student, and what the guardian may",
    columns=(
        _student(),
        _school(),
        EntityColumn(name="guardian_id", type="text", personal=PersonalData.DIRECT),
        EntityColumn(name="given_name", type="text", personal=PersonalData.DIRECT),
        EntityColumn(name="family_name", type="text", personal=PersonalData.DIRECT),
        EntityColumn(
            name="relationship",
            type="text",
            description="what the guardian is to the student, the source's code",
            personal=PersonalData.INDIRECT,
        ),
        EntityColumn(name="custody", type="text", description="full, joint or none", personal=PersonalData.SENSITIVE),
        EntityColumn(name="is_contact_allowed", type="boolean", personal=PersonalData.SENSITIVE),
        EntityColumn(name="has_court_order", type="boolean", personal=PersonalData.SENSITIVE),
        EntityColumn(name="lives_with", type="boolean", personal=PersonalData.SENSITIVE),
        EntityColumn(
            name="language",
            type="text",
            description="in which the guardian is addressed",
            personal=PersonalData.SENSITIVE,
        ),
        EntityColumn(name="household_id", type="text", personal=PersonalData.SENSITIVE),
        EntityColumn(
            name="contact_priority",
            type="integer",
            description="place in the order of calls",
            personal=PersonalData.INDIRECT,
        ),
    ),
)

INTERVENTION = Entity(
    name="intervention",
    definition="Ed-Fi StudentInterventionAssociation: support that a student gets beyond class",
    columns=(
        EntityColumn(name="intervention_id", type="text", description="feed and the source's key"),
        _student(),
        _school(),
        EntityColumn(
            name="tier",
            type="text",
            description="how intense it is: 1 for all, 3 for one",
            personal=PersonalData.SENSITIVE,
        ),
        EntityColumn(
            name="intervention_area",
            type="text",
            description="attendance, behaviour or subject, in the source's code",
            personal=PersonalData.SENSITIVE,
        ),
        _begin(),
        _end(),
        EntityColumn(
            name="progress_code",
            type="text",
            description="how far the goal is reached, in the source's code; null where nothing was entered",
            personal=PersonalData.SENSITIVE,
        ),
        EntityColumn(
            name="reviewed_date", type="date", description="day of the last review", personal=PersonalData.SENSITIVE
        ),
        EntityColumn(name="system", type="text", description="whose codes the row uses"),
    ),
)
