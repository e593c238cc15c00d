{# The part is the first that is stated, in its own word; without one it is not known. #}
select
    part._feed || ':' || part.discipline_incident_reference_school_id || '|'
    || part.discipline_incident_reference_incident_identifier as incident_id,
    part.student_reference_student_unique_id as student_id,
    coalesce(lower(nullif(split_part(
        {{ edfi_first(
            'part.discipline_incident_participation_codes', 'disciplineIncidentParticipationCodeDescriptor'
        ) }}, '#', 2
    ), '')), 'unknown') as participation_role,
    cast(null as text) as behavior_code,
    part.term_key,
    part._feed,
    part._load_id,
    part._ingested_at
from {{ source('raw_zone', 'edfi__student_discipline_incident_non_offenders') }} as part
where {{ edfi_stands('part') }}
