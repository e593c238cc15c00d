{#
    Membership of a school as the student information system records it. The sheet holds the whole year, so of each
    term's slice what meets the term is kept: its administrative interval, or the school's own days of instruction
    where they reach beyond it. Ends become exclusive by what the feed says of its own.

    Type primary is primary and secondary is not. A dual enrolment, of two institutions, is primary where it meets no
    primary one of the student in the sheet: the other institution is then outside the network, and the student would
    be counted nowhere.

    Why a student left is the reason of the seed exit_codes; who is still enrolled has none, whatever code the row
    holds. Every window and join keeps term_key, so that a filter on it reaches the raw partition.
#}
with dated as (
    select
        enrollment.student_number as student_id,
        enrollment.school_id,
        enrollment.entry_date,
        enrollment.exit_date + case when feed.end_dates = 'inclusive' then 1 else 0 end as exit_date,
        nullif(trim(enrollment.exit_code), '') as exit_code,
        enrollment.enrollment_type,
        coalesce(enrollment.no_show, false) as is_no_show,
        coalesce(alias.grade_level, nullif(trim(enrollment.grade_level), '')) as grade_level,
        enrollment.term_key,
        enrollment._feed,
        enrollment._load_id,
        enrollment._ingested_at
    from {{ source('raw_zone', 'sis__student_enrollments') }} as enrollment
    left join {{ source('etl', 'feed') }} as feed on enrollment._feed = feed.feed
    left join {{ ref('grade_level_aliases') }} as alias on upper(trim(enrollment.grade_level)) = alias.source_grade
),

-- how far primary enrolments reach before and after each one: two meet where the latest that begins earlier is still
-- running, or the next begins before this one ends
neighboured as (
    select
        dated.*,
        max(coalesce(dated.exit_date, 'infinity')) filter (
            where dated.enrollment_type = 'primary' and not dated.is_no_show
        ) over earlier as primary_until,
        min(dated.entry_date) filter (
            where dated.enrollment_type = 'primary' and not dated.is_no_show
        ) over later as primary_from
    from dated
    window
        earlier as (
            partition by dated.term_key, dated._feed, dated.student_id
            order by dated.entry_date
            range between unbounded preceding and current row
        ),
        later as (
            partition by dated.term_key, dated._feed, dated.student_id
            order by dated.entry_date
            range between current row and unbounded following
        )
)

select
    enrollment.student_id,
    enrollment.school_id,
    enrollment.entry_date,
    enrollment.exit_date,
    enrollment.enrollment_type = 'primary'
    or (
        enrollment.enrollment_type = 'dual'
        and not (
            coalesce(enrollment.primary_until > enrollment.entry_date, false)
            or coalesce(enrollment.primary_from < coalesce(enrollment.exit_date, 'infinity'), false)
        )
    ) as is_primary,
    enrollment.is_no_show,
    case
        when enrollment.exit_date is not null and enrollment.exit_code is not null
            then coalesce(code.exit_reason, 'unmapped')
    end as exit_reason,
    enrollment.grade_level,
    enrollment.term_key,
    enrollment._feed,
    enrollment._load_id,
    enrollment._ingested_at
from neighboured as enrollment
inner join {{ source('etl', 'term') }} as term on enrollment.term_key = term.term_key
left join {{ source('etl', 'school_term') }} as own
    on enrollment.term_key = own.term_key and {{ network_school('enrollment.school_id') }} = own.school_id
left join {{ ref('exit_codes') }} as code
    on
        code.system = 'sis'
        and enrollment.exit_code = code.exit_code
        and enrollment.exit_date >= coalesce(code.effective_from, '-infinity')
        and enrollment.exit_date < coalesce(code.effective_to, 'infinity')
where
    enrollment.entry_date < greatest(term.administrative_end, own.instructional_end)
    and coalesce(enrollment.exit_date, 'infinity') > least(term.administrative_start, own.instructional_start)
