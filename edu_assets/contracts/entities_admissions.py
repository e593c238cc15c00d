"""Canonical entities of admissions: applications and the steps that they take.

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
