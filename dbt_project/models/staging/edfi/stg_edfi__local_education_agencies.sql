select
    agency.local_education_agency_id as organization_id,
    agency.name_of_institution as organization_name,
    'district' as organization_type,
    coalesce(
        nullif(agency.parent_local_education_agency_id, ''),
        nullif(agency.state_education_agency_reference_state_education_agency_id, '')
    ) as parent_organization_id,
    agency.term_key,
    agency._feed,
    agency._load_id,
    agency._ingested_at
from {{ source('raw_zone', 'edfi__local_education_agencies') }} as agency
where {{ edfi_stands('agency') }}
