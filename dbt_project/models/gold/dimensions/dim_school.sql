{#
    The network file says which schools there are, in every term, and wins over the sources; a school that
    only a source names is added with the organisation above it as its LEA.
#}
with declared as (
    select
        school.school_id,
        school.school_name,
        school.lea_id,
        school.lea_name,
        term.term_key
    from {{ source('etl', 'school') }} as school
    cross join {{ source('etl', 'term') }} as term
),

sent as (
    select
        school.organization_id as school_id,
        school.organization_name as school_name,
        school.parent_organization_id as lea_id,
        lea.organization_name as lea_name,
        school.term_key,
        school._feed,
        school._load_id,
        school._ingested_at
    from {{ ref('conformed_organization') }} as school
    left join {{ ref('conformed_organization') }} as lea
        on
            school.term_key = lea.term_key
            and school._feed = lea._feed
            and school.parent_organization_id = lea.organization_id
    where
        school.organization_type = 'school'
        and school.organization_id not in (select known.school_id from {{ source('etl', 'school') }} as known)
),

school as (
    select
        declared.school_id,
        declared.school_name,
        declared.lea_id,
        declared.lea_name,
        declared.term_key,
        cast(null as text) as _feed,
        cast(null as bigint) as _load_id,
        cast(null as timestamptz) as _ingested_at
    from declared
    union all
    select
        sent.school_id,
        sent.school_name,
        sent.lea_id,
        sent.lea_name,
        sent.term_key,
        sent._feed,
        sent._load_id,
        sent._ingested_at
    from sent
)

select
    {{ edu_key('school', 'school.school_id') }} as school_key,
    school.school_id,
    school.school_name,
    school.lea_id,
    school.lea_name,
    network.name as network_name,
    network.title as network_title,
    school.term_key,
    school._feed,
    school._load_id,
    school._ingested_at
from school
cross join {{ source('etl', 'network') }} as network
