{#
    Membership of a school, which OneRoster 1.1 does not hold: the union of a student's class enrolments
    at the school. Two enrolments belong to one membership unless a day in session lies between them
    (gaps and islands); a weekend or a holiday does not end a membership. An enrolment without a begin
    date began before the term, one without an end is open.

    A membership is primary at the student's primary school, and elsewhere where it meets none at the
    primary school: a student who moved in mid-term was at the old school with full right until then.

    Every window and join keeps term_key, so that a filter on it reaches the raw partition.
#}
with spell as (
    select
        enrollment.student_id,
        enrollment.school_id,
        coalesce(enrollment.begin_date, term.administrative_start) as begin_date,
        coalesce(enrollment.end_date, 'infinity') as end_date,
        enrollment.term_key,
        enrollment._feed,
        enrollment._load_id,
        enrollment._ingested_at
    from {{ ref('stg_oneroster__enrollments__class_enrollment') }} as enrollment
    inner join {{ source('etl', 'term') }} as term on enrollment.term_key = term.term_key
),

ordered as (
    select
        spell.*,
        max(spell.end_date) over (
            partition by spell.term_key, spell._feed, spell.student_id, spell.school_id
            order by spell.begin_date, spell.end_date
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from spell
),

marked as (
    select
        ordered.*,
        case
            when ordered.begin_date <= ordered.covered_until then 0
            when ordered.covered_until is null then 1
            when exists (
                select 1
                from {{ source('etl', 'school_day') }} as school_day
                where
                    {{ network_school('ordered.school_id') }} = school_day.school_id
                    and school_day.school_date >= ordered.covered_until
                    and school_day.school_date < ordered.begin_date
            ) then 1
            else 0
        end as opens
    from ordered
),

numbered as (
    select
        marked.*,
        sum(marked.opens) over (
            partition by marked.term_key, marked._feed, marked.student_id, marked.school_id
            order by marked.begin_date, marked.end_date
            rows between unbounded preceding and current row
        ) as island
    from marked
),

membership as (
    select
        student_id,
        school_id,
        min(begin_date) as entry_date,
        max(end_date) as exit_date,
        term_key,
        _feed,
        max(_load_id) as _load_id,
        max(_ingested_at) as _ingested_at
    from numbered
    group by term_key, _feed, student_id, school_id, island
),

-- one student number may stand behind several users of a feed; the latest version speaks
student as (
    select distinct on (term_key, _feed, student_id)
        term_key,
        _feed,
        student_id,
        grade_level,
        primary_school_id
    from {{ ref('stg_oneroster__users') }}
    order by
        term_key asc, _feed asc, student_id asc, _load_id desc, primary_school_id asc, grade_level asc
),

placed as (
    select
        membership.*,
        student.grade_level,
        membership.school_id = student.primary_school_id as at_primary_school
    from membership
    left join student
        on
            membership.term_key = student.term_key
            and membership._feed = student._feed
            and membership.student_id = student.student_id
),

-- how far memberships at the primary school reach before and after each other one: two of them meet
-- where the latest that begins earlier is still running, or the next begins before this one ends
neighboured as (
    select
        placed.*,
        max(placed.exit_date) filter (where placed.at_primary_school) over earlier as primary_until,
        min(placed.entry_date) filter (where placed.at_primary_school) over later as primary_from
    from placed
    window
        earlier as (
            partition by placed.term_key, placed._feed, placed.student_id
            order by placed.entry_date
            range between unbounded preceding and current row
        ),
        later as (
            partition by placed.term_key, placed._feed, placed.student_id
            order by placed.entry_date
            range between current row and unbounded following
        )
)

select
    student_id,
    school_id,
    entry_date,
    nullif(exit_date, 'infinity') as exit_date,
    coalesce(at_primary_school, true)
    or not (
        coalesce(primary_until > entry_date, false)
        or coalesce(primary_from < exit_date, false)
    ) as is_primary,
    false as is_no_show,
    cast(null as text) as exit_reason,
    grade_level,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from neighboured
