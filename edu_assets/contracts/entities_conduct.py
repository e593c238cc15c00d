"""Canonical entities of conduct: incidents, who had a part in them, and what followed.

Terms are those of Ed-Fi. An incident's number is its system's own, so its natural key names the feed and the
school. What an incident says in words is in no entity: no figure needs it.
"""

from edu_assets.contracts.base import Entity, EntityColumn, PersonalData

_INCIDENT = EntityColumn(name="incident_id", type="text", description="feed, school and the system's number")
_SYSTEM = EntityColumn(name="system", type="text", description="whose codes the row uses")

BEHAVIOR_INCIDENT = Entity(
    name="behavior_incident",
    definition="Ed-Fi DisciplineIncident",
    columns=(
        _INCIDENT,
        EntityColumn(name="school_id", type="text"),
        EntityColumn(name="incident_date", type="date"),
        EntityColumn(
            name="behavior_code", type="text", description="the source's code; the seed behavior_codes says what it is"
        ),
        EntityColumn(name="incident_location", type="text", description="in the source's code"),
        EntityColumn(name="severity_level", type="text", description="in the source's code"),
        EntityColumn(name="is_reported_to_police", type="boolean", description="null where the source does not say"),
        _SYSTEM,
    ),
)

BEHAVIOR_PARTICIPANT = Entity(
    name="behavior_participant",
    definition="Ed-Fi StudentDisciplineIncidentBehaviorAssociation or NonOffenderAssociation: a part",
    columns=(
        _INCIDENT,
        EntityColumn(name="student_id", type="text", personal=PersonalData.DIRECT),
        EntityColumn(
            name="participation_role",
            type="text",
            description="aggressor, victim, witness, reporter or bystander",
            personal=PersonalData.SENSITIVE,
        ),
        EntityColumn(
            name="behavior_code",
            type="text",
            description="what the student did, in the source's code; null where it says nothing",
            personal=PersonalData.SENSITIVE,
        ),
    ),
)

DISCIPLINE_ACTION = Entity(
    name="discipline_action",
    definition="Ed-Fi DisciplineAction, one a student and day on which it begins",
    columns=(
        EntityColumn(name="discipline_action_id", type="text", description="feed and the system's number"),
        EntityColumn(name="student_id", type="text", personal=PersonalData.DIRECT),
        EntityColumn(name="discipline_date", type="date", personal=PersonalData.SENSITIVE),
        EntityColumn(name="school_id", type="text", description="the school that answers for it"),
        EntityColumn(name="incident_id", type="text", description="the incident that it follows; null without one"),
        EntityColumn(
            name="action_code",
            type="text",
            description="the source's code; the seed discipline_action_codes says what it is",
            personal=PersonalData.SENSITIVE,
        ),
        EntityColumn(
            name="days_assigned",
            type="numeric",
            description="school days as decided; null where the source does not say",
            personal=PersonalData.SENSITIVE,
        ),
        EntityColumn(
            name="days_served",
            type="numeric",
            description="school days as served; null where the source does not say",
            personal=PersonalData.SENSITIVE,
        ),
        _SYSTEM,
    ),
)
