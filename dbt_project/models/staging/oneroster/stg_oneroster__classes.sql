{# A class that spans terms stands in the package of each, so its rows pass through term by term. #}
select
    class._feed || ':' || class.sourced_id as class_id,
    class.title as class_title,
    class.class_type,
    class.sourced_id as source_class_id,
    class._feed || ':' || class.course_sourced_id as course_id,
    coalesce(nullif(org.identifier, ''), class._feed || ':' || class.school_sourced_id) as school_id,
    class.term_key,
    class._feed,
    class._load_id,
    class._ingested_at
from {{ source('raw_zone', 'oneroster__classes') }} as class
left join {{ source('raw_zone', 'oneroster__orgs') }} as org
    on
        class.term_key = org.term_key
        and class._feed = org._feed
        and class.school_sourced_id = org.sourced_id
