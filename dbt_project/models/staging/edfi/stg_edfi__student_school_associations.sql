{#
    Membership of a school as Ed-Fi records it: an item without an exit is open, a return is an item of its own. Of each
    term's slice what meets the term is kept: its administrative interval, or the school's own days of instruction
    where they reach beyond it. Whether the exit day is one of membership, the standard leaves open: the feed says.

    An item that does not say whether the school is the primary one is of a school that answers for the student. The
    reason is that of the seed exit_codes, where an exit is given; by the same seed an item is a no-show.
#}
select
    member.student_reference_student_unique_id as student_id,
    member.school_reference_school_id as school_id,
    member.entry_date,
    member.exit_withdraw_date + {{ edfi_last_day_counts('feed') }} as exit_date,
    coalesce(member.primary_school, true) as is_primary,
    coalesce(code.exit_reason = 'never_came', false) as is_no_show,
    case
        when
            member.exit_withdraw_date is not null
            and {{ edfi_code('member.exit_withdraw_type_descriptor') }} is not null
            then coalesce(code.exit_reason, 'unmapped')
    end as exit_reason,
    coalesce(alias.grade_level, {{ edfi_code('member.entry_grade_level_descriptor') }}) as grade_level,
    member.term_key,
    member._feed,
    member._load_id,
    member._ingested_at
from {{ source('raw_zone', 'edfi__student_school_associations') }} as member
inner join {{ source('etl', 'term') }} as term on member.term_key = term.term_key
left join {{ source('etl', 'school_term') }} as own
    on member.term_key = own.term_key and {{ network_school('member.school_reference_school_id') }} = own.school_id
left join {{ source('etl', 'feed') }} as feed on member._feed = feed.feed
left join {{ ref('grade_level_aliases') }} as alias
    on upper({{ edfi_code('member.entry_grade_level_descriptor') }}) = alias.source_grade
left join {{ ref('exit_codes') }} as code
    on
        code.system = 'edfi'
        and {{ edfi_code('member.exit_withdraw_type_descriptor') }} = code.exit_code
        and member.exit_withdraw_date >= coalesce(code.effective_from, '-infinity')
        and member.exit_withdraw_date < coalesce(code.effective_to, 'infinity')
where
    {{ edfi_stands('member') }}
    and member.entry_date < greatest(term.administrative_end, own.instructional_end)
    and coalesce(member.exit_withdraw_date + {{ edfi_last_day_counts('feed') }}, 'infinity')
    > least(term.administrative_start, own.instructional_start)
