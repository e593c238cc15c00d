select
    school.school_id as organization_id,
    school.name_of_institution as organization_name,
    'school' as organization_type,
    nullif(school.local_education_agency_reference_local_education_agency_id, '') as parent_organization_id,
    school.term_key,
    school._feed,
    school._load_id,
    school._ingested_at
from {{ source('raw_zone', 'edfi__schools') }} as school
where {{ edfi_stands('school') }}
