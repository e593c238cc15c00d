{#
    Students in sections. An item without an end ends with its session. What meets neither the term's administrative
    interval nor the school's own days of instruction is of another term.
#}
with dated as (
    select
        member.*,
        {{ edfi_section('member', 'section_reference_') }} as source_class_id,
        coalesce(member.end_date + {{ edfi_last_day_counts('feed') }}, session.end_date + 1) as ends_before
    from {{ source('raw_zone', 'edfi__student_section_associations') }} as member
    left join {{ source('etl', 'feed') }} as feed on member._feed = feed.feed
    left join {{ source('raw_zone', 'edfi__sessions') }} as session
        on
            member.term_key = session.term_key
            and member._feed = session._feed
            and member.section_reference_school_id = session.school_reference_school_id
            and member.section_reference_school_year = session.school_year_type_reference_school_year
            and member.section_reference_session_name = session.session_name
    where {{ edfi_stands('member') }}
)

select
    dated._feed || ':' || dated.source_class_id || '|' || dated.student_reference_student_unique_id || '|'
    || dated.begin_date as class_enrollment_id,
    dated.student_reference_student_unique_id as student_id,
    dated._feed || ':' || dated.source_class_id as class_id,
    dated.section_reference_school_id as school_id,
    dated.begin_date,
    dated.ends_before as end_date,
    cast(null as text) as final_result,
    dated.term_key,
    dated._feed,
    dated._load_id,
    dated._ingested_at
from dated
inner join {{ source('etl', 'term') }} as term on dated.term_key = term.term_key
left join {{ source('etl', 'school_term') }} as own
    on dated.term_key = own.term_key and {{ network_school('dated.section_reference_school_id') }} = own.school_id
where
    dated.begin_date < greatest(term.administrative_end, own.instructional_end)
    and coalesce(dated.ends_before, 'infinity') > least(term.administrative_start, own.instructional_start)
