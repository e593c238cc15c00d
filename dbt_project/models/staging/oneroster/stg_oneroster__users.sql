{#
    A student's grade level is the first of the list that users.grades may be, in the CEDS spelling of
    the seed grade_level_aliases; a spelling that no seed knows stays as it came, for a test to find.
    The first of orgSourcedIds is the primary school.
#}
select
    coalesce(nullif(users.identifier, ''), users._feed || ':' || users.sourced_id) as student_id,
    users.given_name,
    users.family_name,
    coalesce(alias.grade_level, nullif(trim(split_part(users.grades, ',', 1)), '')) as grade_level,
    coalesce(nullif(org.identifier, ''), users._feed || ':' || trim(split_part(users.org_sourced_ids, ',', 1)))
        as primary_school_id,
    users.term_key,
    users._feed,
    users._load_id,
    users._ingested_at
from {{ source('raw_zone', 'oneroster__users') }} as users
left join {{ source('raw_zone', 'oneroster__orgs') }} as org
    on
        users.term_key = org.term_key
        and users._feed = org._feed
        and trim(split_part(users.org_sourced_ids, ',', 1)) = org.sourced_id
left join {{ ref('grade_level_aliases') }} as alias
    on upper(trim(split_part(users.grades, ',', 1))) = alias.source_grade
where users.role = 'student'
