{{ config(severity='error', meta={
    'what': 'every authority that the network reports by counts the same part of a day as an absence in the term',
    'why': 'absent days are counted once, by the rule of the network\'s own authority; another reading needs its own count',
    'mend': 'take the authority out of also_reported in the network file, or mend its rows of rule_chronic_absence',
}) }}

select distinct
    beside.authority,
    own.rule_version
from {{ ref('mart_student_attendance') }} as attendance
inner join {{ ref('rule_chronic_absence') }} as own on attendance.rule_version = own.rule_version
inner join {{ source('etl', 'authority') }} as reported on not reported.is_own
inner join {{ source('etl', 'term') }} as term on attendance.term_key = term.term_key
inner join {{ ref('rule_chronic_absence') }} as beside
    on
        reported.authority = beside.authority
        and term.instructional_start >= coalesce(beside.effective_from, '-infinity')
        and term.instructional_start < coalesce(beside.effective_to, 'infinity')
where
    {{ in_term('attendance') }}
    and (
        own.absent_day_numerator * beside.absent_day_denominator
        <> beside.absent_day_numerator * own.absent_day_denominator
        or own.absent_at_boundary <> beside.absent_at_boundary
    )
