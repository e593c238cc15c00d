{# Days are inclusive in this entity; a feed whose ends are exclusive says so. #}
select
    item._feed || ':' || concat_ws(
        '|', item.staff_reference_staff_unique_id, item.education_organization_reference_education_organization_id,
        {{ edfi_code('item.staff_classification_descriptor') }}, item.begin_date
    ) as assignment_id,
    item.education_organization_reference_education_organization_id as school_id,
    item.staff_reference_staff_unique_id as staff_id,
    {{ edfi_code('item.staff_classification_descriptor') }} as role,
    item.full_time_equivalency as fte,
    item.begin_date,
    item.end_date + {{ edfi_last_day_counts('feed') }} - 1 as end_date,
    item.term_key,
    item._feed,
    item._load_id,
    item._ingested_at
from {{ source('raw_zone', 'edfi__staff_assignments') }} as item
left join {{ source('etl', 'feed') }} as feed on item._feed = feed.feed
where {{ edfi_stands('item') }}
