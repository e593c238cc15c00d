{#
    The system takes attendance by section, so a day is made of its sections by the rule that the seed
    rule_daily_attendance names for the system, and there is no daily attendance where it names none.

    share_of_sections: the share of the day missed is the share of the sections missed, among those in which
    attendance was taken; sections weigh alike, since the system gives no length of them. What a section's code
    is worth stands in the seed attendance_codes; one code that it does not know leaves the day unreported. The
    day's code is that of the sections missed, where there are any.
#}
with section as (
    select
        attendance.*,
        code.default_absent_portion,
        code.attendance_code is null as is_unmapped
    from {{ source('raw_zone', 'contoso__student_attendance') }} as attendance
    inner join {{ ref('rule_daily_attendance') }} as rule
        on
            rule.system = 'contoso'
            and rule.method = 'share_of_sections'
            and attendance.attendance_date >= coalesce(rule.effective_from, '-infinity')
            and attendance.attendance_date < coalesce(rule.effective_to, 'infinity')
    left join {{ ref('attendance_codes') }} as code
        on
            code.system = 'contoso'
            and attendance.attendance_code = code.attendance_code
            and attendance.attendance_date >= coalesce(code.effective_from, '-infinity')
            and attendance.attendance_date < coalesce(code.effective_to, 'infinity')
)

select
    section._feed || ':' || section.student_id as student_id,
    section.school_id,
    section.attendance_date,
    (array_agg(
        section.attendance_code
        order by section.is_unmapped desc, section.default_absent_portion desc, section.attendance_code asc
    ))[1] as attendance_code,
    'contoso' as system,
    case
        when not bool_or(section.is_unmapped) then trim_scale(avg(section.default_absent_portion))
    end as absent_portion,
    section.term_key,
    section._feed,
    max(section._load_id) as _load_id,
    max(section._ingested_at) as _ingested_at
from section
group by section.term_key, section._feed, section.student_id, section.school_id, section.attendance_date
