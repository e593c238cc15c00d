{#
    A user is a student by a role in roles; guardians, who have none, and staff are none. Of several student roles
    the primary one gives grade and school, else the last to begin.
#}
with chief as (
    select distinct on (membership.term_key, membership._feed, membership.student_id)
        membership.term_key,
        membership._feed,
        membership.student_id,
        membership.grade_level,
        membership.school_id
    from {{ ref('stg_sds__roles') }} as membership
    order by
        membership.term_key asc, membership._feed asc, membership.student_id asc,
        membership.is_primary desc nulls last, membership.entry_date desc nulls last, membership.school_id asc
)

select
    chief.student_id,
    nullif(users.given_name, '') as given_name,
    nullif(users.family_name, '') as family_name,
    chief.grade_level,
    chief.school_id as primary_school_id,
    cast(null as boolean) as is_enabled,
    users.term_key,
    users._feed,
    users._load_id,
    users._ingested_at
from {{ source('raw_zone', 'sds__users') }} as users
inner join chief
    on
        users.term_key = chief.term_key
        and users._feed = chief._feed
        and users._feed || ':' || users.sourced_id = chief.student_id
