{#
    Role and organisation of a person stand in users in OneRoster 1.1, in roles in 1.2: there the primary
    role counts, of several the one at the person's primary organisation, else the first to begin. A role
    that ended before the term does so only where there is no other.

    A student's grade level is the first of the list that users.grades may be, in the CEDS spelling of
    the seed grade_level_aliases; a spelling that no seed knows stays as it came, for a test to find.
    The first of orgSourcedIds is the primary school.
#}
with ranked as (
    select
        role.term_key,
        role._feed,
        role.user_sourced_id,
        role.role,
        role.org_sourced_id,
        row_number() over (
            partition by role.term_key, role._feed, role.user_sourced_id
            order by
                coalesce(role.end_date <= term.administrative_start, false) asc,
                role.role_type = 'primary' desc,
                coalesce(role.org_sourced_id = users.primary_org_sourced_id, false) desc,
                role.begin_date asc nulls first,
                role.sourced_id asc
        ) as place
    from {{ source('raw_zone', 'oneroster__roles') }} as role
    inner join {{ source('raw_zone', 'oneroster__users') }} as users
        on
            role.term_key = users.term_key
            and role._feed = users._feed
            and role.user_sourced_id = users.sourced_id
    left join {{ source('etl', 'term') }} as term on role.term_key = term.term_key
),

placed as (
    select
        users.*,
        coalesce(nullif(users.role, ''), ranked.role) as chief_role,
        coalesce(nullif(trim(split_part(users.org_sourced_ids, ',', 1)), ''), ranked.org_sourced_id) as chief_org
    from {{ source('raw_zone', 'oneroster__users') }} as users
    left join ranked
        on
            users.term_key = ranked.term_key
            and users._feed = ranked._feed
            and users.sourced_id = ranked.user_sourced_id
            and ranked.place = 1
)

select
    coalesce(nullif(users.identifier, ''), users._feed || ':' || users.sourced_id) as student_id,
    users.given_name,
    users.family_name,
    coalesce(alias.grade_level, nullif(trim(split_part(users.grades, ',', 1)), '')) as grade_level,
    coalesce(nullif(org.identifier, ''), users._feed || ':' || users.chief_org) as primary_school_id,
    users.enabled_user as is_enabled,
    users.term_key,
    users._feed,
    users._load_id,
    users._ingested_at
from placed as users
left join {{ source('raw_zone', 'oneroster__orgs') }} as org
    on
        users.term_key = org.term_key
        and users._feed = org._feed
        and users.chief_org = org.sourced_id
left join {{ ref('grade_level_aliases') }} as alias
    on upper(trim(split_part(users.grades, ',', 1))) = alias.source_grade
where users.chief_role = 'student'
