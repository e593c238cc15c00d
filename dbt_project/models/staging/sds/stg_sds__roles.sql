{#
    A student's role in an organisation for a session is the membership; no other role is. Lists of the format
    are read without regard to case. The end becomes exclusive by what the feed says of its own; who never
    came is not told. The grade is in the CEDS spelling of the seed grade_level_aliases, else as sent: `ps1`
    has no CEDS code there.
#}
select
    role._feed || ':' || role.user_sourced_id as student_id,
    role._feed || ':' || role.org_sourced_id as school_id,
    role.role_start_date as entry_date,
    role.role_end_date + case when feed.end_dates = 'inclusive' then 1 else 0 end as exit_date,
    role.is_primary,
    cast(null as boolean) as is_no_show,
    cast(null as text) as exit_reason,
    coalesce(alias.grade_level, nullif(trim(role.grade), '')) as grade_level,
    role.term_key,
    role._feed,
    role._load_id,
    role._ingested_at
from {{ source('raw_zone', 'sds__roles') }} as role
left join {{ source('etl', 'feed') }} as feed on role._feed = feed.feed
left join {{ ref('grade_level_aliases') }} as alias on upper(trim(role.grade)) = alias.source_grade
where lower(role.role) = 'student'
