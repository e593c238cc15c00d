{#
    The system sends no enrolments, but whose attendance is taken in a section is in it: from the first day on
    which it was taken in the term. Nothing says when it ended. Marks come with letters while they are not final,
    so none is the class's result.
#}
select
    attendance._feed || ':' || attendance.section_id || '-' || attendance.student_id as class_enrollment_id,
    attendance._feed || ':' || attendance.student_id as student_id,
    attendance._feed || ':' || attendance.section_id as class_id,
    min(attendance.school_id) as school_id,
    min(attendance.attendance_date) as begin_date,
    cast(null as date) as end_date,
    cast(null as text) as final_result,
    attendance.term_key,
    attendance._feed,
    max(attendance._load_id) as _load_id,
    max(attendance._ingested_at) as _ingested_at
from {{ source('raw_zone', 'contoso__student_attendance') }} as attendance
group by attendance.term_key, attendance._feed, attendance.section_id, attendance.student_id
