{#
    A module certifies itself: its final exam is the exam of the certification. The publisher numbers attempts at the
    module, of which an exam is the end; a banked result is the attempt of an earlier presentation.
#}
select
    submission._feed || ':' || submission.id_assessment || '-' || submission.id_student as exam_attempt_id,
    submission._feed || ':' || submission.id_student as learner_id,
    submission._feed || ':' || assessment.code_module as certification_id,
    submission._feed || ':' || assessment.code_module as course_id,
    cast(info.num_of_prev_attempts + 1 as integer) as attempt_number,
    cast(term.instructional_start + cast(submission.date_submitted as integer) as date) as attempted_on,
    submission.score,
    cast(null as boolean) as is_passed,
    'oulad' as system,
    submission.term_key,
    submission._feed,
    submission._load_id,
    submission._ingested_at
from {{ source('raw_zone', 'oulad__student_assessment') }} as submission
inner join {{ source('raw_zone', 'oulad__assessments') }} as assessment
    on
        submission.term_key = assessment.term_key
        and submission._feed = assessment._feed
        and submission.id_assessment = assessment.id_assessment
        and assessment.assessment_type = 'Exam'
inner join {{ source('etl', 'term') }} as term on submission.term_key = term.term_key
left join {{ source('raw_zone', 'oulad__student_info') }} as info
    on
        assessment.term_key = info.term_key
        and assessment._feed = info._feed
        and assessment.code_module = info.code_module
        and assessment.code_presentation = info.code_presentation
        and submission.id_student = info.id_student
where not submission.is_banked
