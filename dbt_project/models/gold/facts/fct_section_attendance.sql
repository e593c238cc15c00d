{#
    One row a student, class, day and period of which anything is known: a mark, or that attendance of the class was
    taken, which tells of everybody in it. The sheets name the class as the roster does, but for the roster's feed, so
    it is found by term, school and that name.
#}
with mark as (
    select distinct on (
        given.student_id, given.school_id, given.source_class_id, given.attendance_date, given.period
    )
        given.student_id,
        {{ edu_key('student', 'given.student_id') }} as student_key,
        given.school_id,
        given.source_class_id,
        given.attendance_date,
        given.period,
        given.attendance_code,
        given.system,
        given.minutes_absent,
        given._load_id
    from {{ ref('conformed_section_attendance') }} as given
    where {{ in_term('given') }}
    order by
        given.student_id asc, given.school_id asc, given.source_class_id asc, given.attendance_date asc,
        given.period asc, given._load_id desc, given._feed asc
),

met as (
    select distinct
        mark.school_id,
        mark.source_class_id,
        mark.attendance_date,
        mark.period
    from mark
),

-- where the period is not named, those are meant in which anybody was marked; where nobody was, the class met once
taken as (
    select
        given.school_id,
        given.source_class_id,
        given.attendance_date,
        coalesce(given.period, met.period, '') as period,
        max(given._load_id) as _load_id
    from {{ ref('conformed_section_attendance_taken') }} as given
    left join met
        on
            given.period is null
            and given.school_id = met.school_id
            and given.source_class_id = met.source_class_id
            and given.attendance_date = met.attendance_date
    where {{ in_term('given') }}
    group by
        given.school_id, given.source_class_id, given.attendance_date, coalesce(given.period, met.period, '')
),

held_class as (
    select distinct on (class.school_id, class.source_class_id)
        class.school_id,
        class.source_class_id,
        class.class_id
    from {{ ref('conformed_class') }} as class
    where {{ in_term('class') }}
    order by class.school_id asc, class.source_class_id asc, class._load_id desc, class._feed asc
),

-- a union, so that who is in a class twice is there once
known as (
    select
        mark.student_key,
        mark.school_id,
        mark.source_class_id,
        mark.attendance_date,
        mark.period
    from mark
    union
    select
        enrollment.student_key,
        taken.school_id,
        taken.source_class_id,
        taken.attendance_date,
        taken.period
    from taken
    inner join held_class
        on taken.school_id = held_class.school_id and taken.source_class_id = held_class.source_class_id
    inner join {{ ref('fct_class_enrollment') }} as enrollment
        on
            {{ in_term('enrollment') }}
            and {{ edu_key('class', 'held_class.class_id') }} = enrollment.class_key
            and taken.attendance_date >= coalesce(enrollment.begin_date, '-infinity')
            and taken.attendance_date < coalesce(enrollment.end_date, 'infinity')
)

select
    {{ this_term() }} as term_key,
    {{ edu_key(
        'section_attendance',
        "concat_ws('|', known.student_key, known.school_id, known.source_class_id, known.attendance_date, known.period)"
    ) }} as section_attendance_key,
    known.student_key,
    {{ edu_key('school', 'known.school_id') }} as school_key,
    {{ edu_key('class', 'held_class.class_id') }} as class_key,
    known.attendance_date,
    known.period,
    taken.school_id is not null as is_taken,
    mark.student_id is not null as is_marked,
    mark.attendance_code,
    case when mark.student_id is not null then coalesce(code.category, 'unmapped') end as attendance_category,
    code.default_absent_portion as absent_portion,
    mark.minutes_absent,
    coalesce(mark._load_id, taken._load_id) as _load_id,
    mark.student_id,
    known.school_id,
    held_class.class_id
from known
left join mark
    on
        known.student_key = mark.student_key
        and known.school_id = mark.school_id
        and known.source_class_id = mark.source_class_id
        and known.attendance_date = mark.attendance_date
        and known.period = mark.period
left join taken
    on
        known.school_id = taken.school_id
        and known.source_class_id = taken.source_class_id
        and known.attendance_date = taken.attendance_date
        and known.period = taken.period
left join held_class
    on known.school_id = held_class.school_id and known.source_class_id = held_class.source_class_id
left join {{ ref('attendance_codes') }} as code
    on
        mark.system = code.system
        and mark.attendance_code = code.attendance_code
        and mark.attendance_date >= coalesce(code.effective_from, '-infinity')
        and mark.attendance_date < coalesce(code.effective_to, 'infinity')
