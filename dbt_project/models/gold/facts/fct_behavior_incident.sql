{#
    One row a student's part in an incident. An incident that names no student has one row, of the unknown
    member, so that it counts as an incident.
#}
with incident as (
    select distinct on (stated.incident_id) stated.*
    from {{ ref('conformed_behavior_incident') }} as stated
    where {{ in_term('stated') }}
    order by stated.incident_id asc, stated._load_id desc, stated._feed asc
),

participant as (
    select distinct on (stated.incident_id, stated.student_id, stated.participation_role) stated.*
    from {{ ref('conformed_behavior_participant') }} as stated
    where {{ in_term('stated') }}
    order by
        stated.incident_id asc, stated.student_id asc, stated.participation_role asc,
        stated._load_id desc, stated._feed asc
)

select
    incident.term_key,
    {{ edu_key('incident', 'incident.incident_id') }} as incident_key,
    {{ edu_key('student', 'participant.student_id') }} as student_key,
    coalesce(participant.participation_role, 'unknown') as participation_role,
    {{ edu_key('school', 'incident.school_id') }} as school_key,
    incident.incident_date,
    incident.behavior_code,
    coalesce(code.behavior, 'unmapped') as behavior,
    incident.incident_location,
    incident.severity_level,
    incident.is_reported_to_police,
    coalesce(participant.student_id, '') <> '' as is_student_known,
    participant.behavior_code as student_behavior_code,
    incident._load_id,
    participant.student_id,
    incident.school_id
from incident
left join participant on incident.incident_id = participant.incident_id
left join {{ ref('behavior_codes') }} as code
    on
        incident.system = code.system
        and incident.behavior_code = code.behavior_code
        and incident.incident_date >= coalesce(code.effective_from, '-infinity')
        and incident.incident_date < coalesce(code.effective_to, 'infinity')
