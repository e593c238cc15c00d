{#
    Membership of a school, which the system does not send: the union of a student's sections there in the term, from
    the first day on which attendance was taken, open at its end. It is primary at the student's school of that
    term's slice, and where the slice does not describe the student. The grade is that slice's: none where
    there is none, since a later drop does not say in which grade a student was before.
#}
with membership as (
    select
        attendance._feed || ':' || attendance.student_id as student_id,
        attendance.school_id,
        min(attendance.attendance_date) as entry_date,
        attendance.term_key,
        attendance._feed,
        max(attendance._load_id) as _load_id,
        max(attendance._ingested_at) as _ingested_at
    from {{ source('raw_zone', 'contoso__student_attendance') }} as attendance
    group by attendance.term_key, attendance._feed, attendance.student_id, attendance.school_id
)

select
    membership.student_id,
    membership.school_id,
    membership.entry_date,
    cast(null as date) as exit_date,
    coalesce(membership.school_id = student.primary_school_id, true) as is_primary,
    cast(null as boolean) as is_no_show,
    cast(null as text) as exit_reason,
    student.grade_level,
    membership.term_key,
    membership._feed,
    membership._load_id,
    membership._ingested_at
from membership
left join {{ ref('stg_contoso__students') }} as student
    on
        membership.term_key = student.term_key
        and membership._feed = student._feed
        and membership.student_id = student.student_id
