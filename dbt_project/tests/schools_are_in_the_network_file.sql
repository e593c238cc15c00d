{{ config(severity='warn', meta={
    'what': 'every school that a system describes, or states members of, is in the network file',
    'why': 'one school under two names is two: its students are counted at both, and the one that the file does not know'
        ~ ' has no days in session, no seats and no grades of its own',
    'mend': 'name it in `also` of its school in the network file, or declare it there; deploy and build the term again',
    'names': ['school_id', 'school_name', 'feed'],
}) }}

with named as (
    select
        organization.organization_id as school_id,
        organization.organization_name as school_name,
        organization._feed as feed
    from {{ ref('conformed_organization') }} as organization
    where {{ in_term('organization') }} and organization.organization_type = 'school'
    union all
    select
        stated.school_id,
        cast(null as text) as school_name,
        stated._feed as feed
    from {{ ref('stated_school_enrollment') }} as stated
    where {{ in_term('stated') }}
)

select
    named.school_id,
    max(named.school_name) as school_name,
    named.feed
from named
where
    named.school_id <> ''
    and named.school_id not in (select known.school_id from {{ source('etl', 'school') }} as known)
group by named.school_id, named.feed
-- the check is one of the dimension; depends_on: {{ ref('dim_school') }}
