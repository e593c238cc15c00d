{# A measure of several disciplines counts as its first, and follows the first incident that it names. #}
select
    action._feed || ':' || action.discipline_action_identifier as discipline_action_id,
    action.student_reference_student_unique_id as student_id,
    action.discipline_date,
    action.responsibility_school_reference_school_id as school_id,
    action._feed || ':' || {{ edfi_first(
        'action.student_discipline_incident_behavior_associations',
        'studentDisciplineIncidentBehaviorAssociationReference.schoolId'
    ) }} || '|' || {{ edfi_first(
        'action.student_discipline_incident_behavior_associations',
        'studentDisciplineIncidentBehaviorAssociationReference.incidentIdentifier'
    ) }} as incident_id,
    {{ edfi_code(edfi_first('action.disciplines', 'disciplineDescriptor')) }} as action_code,
    action.discipline_action_length as days_assigned,
    action.actual_discipline_action_length as days_served,
    'edfi' as system,
    action.term_key,
    action._feed,
    action._load_id,
    action._ingested_at
from {{ source('raw_zone', 'edfi__discipline_actions') }} as action
where {{ edfi_stands('action') }}
