{#
    Days are offsets from the presentation's nominal start: the term's first instructional day. A banked result is one
    of an earlier presentation that counts in this one: it stands here as the submission that it replaces.
#}
select
    submission._feed || ':' || submission.id_assessment || '-' || submission.id_student as assessment_result_id,
    submission._feed || ':' || submission.id_student as student_id,
    school.school_id,
    submission._feed || ':' || submission.id_assessment as assessment_id,
    assessment.code_module as subject,
    cast(term.instructional_start + cast(submission.date_submitted as integer) as date) as administration_date,
    cast(null as text) as grade_level,
    submission.score,
    'OULAD 0-100' as score_scale,
    cast(null as text) as performance_level,
    cast(null as text) as objective_id,
    cast(null as integer) as attempt,
    cast(null as text) as reason_not_tested,
    submission.term_key,
    submission._feed,
    submission._load_id,
    submission._ingested_at
from {{ source('raw_zone', 'oulad__student_assessment') }} as submission
inner join {{ source('etl', 'term') }} as term on submission.term_key = term.term_key
cross join {{ source('etl', 'school') }} as school
left join {{ source('raw_zone', 'oulad__assessments') }} as assessment
    on
        submission.term_key = assessment.term_key
        and submission._feed = assessment._feed
        and submission.id_assessment = assessment.id_assessment
