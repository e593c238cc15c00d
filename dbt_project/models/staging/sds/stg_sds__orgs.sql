{# Types are as sent: a college or a ministry is no type of OneRoster, and is not made one. #}
select
    _feed || ':' || sourced_id as organization_id,
    name as organization_name,
    type as organization_type,
    _feed || ':' || nullif(parent_sourced_id, '') as parent_organization_id,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sds__orgs') }}
