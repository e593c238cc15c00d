{# An incident of several behaviours counts as its first. #}
select
    incident._feed || ':' || incident.school_reference_school_id || '|' || incident.incident_identifier as incident_id,
    incident.school_reference_school_id as school_id,
    incident.incident_date,
    {{ edfi_code(edfi_first('incident.behaviors', 'behaviorDescriptor')) }} as behavior_code,
    {{ edfi_code('incident.incident_location_descriptor') }} as incident_location,
    cast(null as text) as severity_level,
    incident.reported_to_law_enforcement as is_reported_to_police,
    'edfi' as system,
    incident.term_key,
    incident._feed,
    incident._load_id,
    incident._ingested_at
from {{ source('raw_zone', 'edfi__discipline_incidents') }} as incident
where {{ edfi_stands('incident') }}
