{#
    The system sends no classes, but a section in which attendance was taken was held. Neither its title nor
    its course is given.
#}
select
    attendance._feed || ':' || attendance.section_id as class_id,
    cast(null as text) as class_title,
    'scheduled' as class_type,
    attendance.section_id as source_class_id,
    cast(null as text) as course_id,
    min(attendance.school_id) as school_id,
    attendance.term_key,
    attendance._feed,
    max(attendance._load_id) as _load_id,
    max(attendance._ingested_at) as _ingested_at
from {{ source('raw_zone', 'contoso__student_attendance') }} as attendance
group by attendance.term_key, attendance._feed, attendance.section_id
