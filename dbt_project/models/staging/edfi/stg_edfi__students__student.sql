{#
    Students with a membership in the term. Of several memberships the primary one gives grade and school, else the one
    entered last.
#}
with chief as (
    select distinct on (membership.term_key, membership._feed, membership.student_id)
        membership.term_key,
        membership._feed,
        membership.student_id,
        membership.grade_level,
        membership.school_id
    from {{ ref('stg_edfi__student_school_associations') }} as membership
    order by
        membership.term_key asc, membership._feed asc, membership.student_id asc,
        membership.is_no_show asc, membership.is_primary desc, membership.entry_date desc, membership.school_id asc
)

select
    student.student_unique_id as student_id,
    student.first_name as given_name,
    student.last_surname as family_name,
    chief.grade_level,
    chief.school_id as primary_school_id,
    cast(null as boolean) as is_enabled,
    student.term_key,
    student._feed,
    student._load_id,
    student._ingested_at
from {{ source('raw_zone', 'edfi__students') }} as student
inner join chief
    on
        student.term_key = chief.term_key
        and student._feed = chief._feed
        and student.student_unique_id = chief.student_id
where {{ edfi_stands('student') }}
