{# Who behaved so is the aggressor; a student with several behaviours in an incident has one part, of the first code. #}
select distinct on (part.term_key, part._feed, incident_id, student_id)
    part._feed || ':' || part.discipline_incident_reference_school_id || '|'
    || part.discipline_incident_reference_incident_identifier as incident_id,
    part.student_reference_student_unique_id as student_id,
    'aggressor' as participation_role,
    {{ edfi_code('part.behavior_descriptor') }} as behavior_code,
    part.term_key,
    part._feed,
    part._load_id,
    part._ingested_at
from {{ source('raw_zone', 'edfi__student_discipline_incident_behaviors') }} as part
where {{ edfi_stands('part') }}
order by part.term_key asc, part._feed asc, incident_id asc, student_id asc, behavior_code asc
