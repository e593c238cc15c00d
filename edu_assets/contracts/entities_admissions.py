"""Canonical entities of admissions: applications, the steps that they take, and the places that there are.

Belongs here: the columns to which staging views map source tables. Natural keys are those of entities.py.
"""

from edu_assets.contracts.base import Entity, EntityColumn, PersonalData

ADMISSION_APPLICATION = Entity(
    name="admission_application",
    definition="Ed-Fi Application for a place at a school, of the term in which it was made",
    columns=(
        EntityColumn(name="application_id", type="text", description="feed and the source's key"),
        EntityColumn(name="school_id", type="text"),
        EntityColumn(
            name="student_id",
            type="text",
            description="the authority's number, null while there is none",
            personal=PersonalData.DIRECT,
            may_be_unregistered=True,
        ),
        EntityColumn(name="entry_year", type="text", description="academic year applied for"),
        EntityColumn(name="grade_level", type="text", description="CEDS grade level code applied for"),
        EntityColumn(name="applied_date", type="date"),
    ),
)

ADMISSION_STAGE_EVENT = Entity(
    name="admission_stage_event",
    definition="Ed-Fi ApplicationEvent: a step of an application, of its application's term",
    columns=(
        EntityColumn(name="application_id", type="text", description="feed and the source's key"),
        EntityColumn(name="stage", type="text", description="the source's word for it"),
        EntityColumn(name="reached_date", type="date"),
    ),
)

SCHOOL_CAPACITY = Entity(
    name="school_capacity",
    definition="places of a school in a grade level, as its system has them in the term",
    columns=(
        EntityColumn(name="school_id", type="text"),
        EntityColumn(
            name="grade_level", type="text", description="CEDS grade level code; the source's word where it has none"
        ),
        EntityColumn(name="seats", type="integer", description="all places, those that are kept back among them"),
        EntityColumn(name="reserved_seats", type="integer", description="places kept back; null where none are stated"),
    ),
)
