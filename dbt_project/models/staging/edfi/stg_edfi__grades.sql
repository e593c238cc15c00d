{#
    A student's mark in a section for a grading period: of the kinds of mark that a period may have, the first that the
    seed grade_type_codes counts; exams, conduct and progress reports are none. A letter has the scale of letters of the
    feed, a number that of numbers; a number from 0 to 100 is read as a percentage.
#}
select distinct on (mark.term_key, mark._feed, student_id, source_class_id, grading_period)
    mark.student_section_association_reference_student_unique_id as student_id,
    mark.student_section_association_reference_school_id as school_id,
    {{ edfi_section('mark', 'student_section_association_reference_') }} as source_class_id,
    mark.grading_period_reference_grading_period_name as grading_period,
    coalesce(nullif(mark.letter_grade_earned, ''), cast(mark.numeric_grade_earned as text)) as grade,
    mark._feed || ':' || case when nullif(mark.letter_grade_earned, '') is null then 'numbers' else 'letters' end
        as grade_scale_id,
    case when mark.numeric_grade_earned between 0 and 100 then mark.numeric_grade_earned end as percent,
    cast(null as numeric) as credits_attempted,
    cast(null as numeric) as credits_earned,
    mark.current_grade_as_of_date as graded_on,
    mark.term_key,
    mark._feed,
    mark._load_id,
    mark._ingested_at
from {{ source('raw_zone', 'edfi__grades') }} as mark
inner join {{ ref('grade_type_codes') }} as code
    on
        code.system = 'edfi'
        and {{ edfi_code('mark.grade_type_descriptor') }} = code.grade_type
        and code.is_mark_of_period
where {{ edfi_stands('mark') }}
order by
    mark.term_key asc, mark._feed asc, student_id asc, source_class_id asc, grading_period asc,
    code.precedence asc, mark.student_section_association_reference_begin_date desc
