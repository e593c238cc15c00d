select
    coalesce(nullif(org.identifier, ''), org._feed || ':' || org.sourced_id) as organization_id,
    org.name as organization_name,
    org.type as organization_type,
    case
        when org.parent_sourced_id <> ''
            then coalesce(nullif(parent.identifier, ''), org._feed || ':' || org.parent_sourced_id)
    end as parent_organization_id,
    org.term_key,
    org._feed,
    org._load_id,
    org._ingested_at
from {{ source('raw_zone', 'oneroster__orgs') }} as org
left join {{ source('raw_zone', 'oneroster__orgs') }} as parent
    on
        org.term_key = parent.term_key
        and org._feed = parent._feed
        and org.parent_sourced_id = parent.sourced_id
