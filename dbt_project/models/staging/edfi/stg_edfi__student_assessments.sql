{#
    A result with its overall score: the one that the test names first, else the first that the result has. The day is
    the one written, in UTC: days without a time are sent as midnight there, and in any other zone would be the day before.
#}
with scored as (
    select
        result.*,
        coalesce(
            {{ edfi_first('test.scores', 'assessmentReportingMethodDescriptor') }},
            {{ edfi_first('result.score_results', 'assessmentReportingMethodDescriptor') }}
        ) as reporting_method,
        test.assessment_family,
        {{ edfi_code(edfi_first('test.academic_subjects', 'academicSubjectDescriptor')) }}
            as subject
    from {{ source('raw_zone', 'edfi__student_assessments') }} as result
    left join {{ source('raw_zone', 'edfi__assessments') }} as test
        on
            result.term_key = test.term_key
            and result._feed = test._feed
            and result.assessment_reference_assessment_identifier = test.assessment_identifier
            and result.assessment_reference_namespace = test.namespace
    where {{ edfi_stands('result') }}
)

select
    scored._feed || ':' || concat_ws(
        '|', scored.assessment_reference_namespace, scored.assessment_reference_assessment_identifier,
        scored.student_reference_student_unique_id, scored.student_assessment_identifier
    ) as assessment_result_id,
    scored.student_reference_student_unique_id as student_id,
    nullif(scored.reported_school_reference_school_id, '') as school_id,
    scored._feed || ':' || scored.assessment_reference_namespace || '|'
    || scored.assessment_reference_assessment_identifier as assessment_id,
    scored.subject,
    cast(scored.administration_date at time zone 'UTC' as date) as administration_date,
    coalesce(alias.grade_level, {{ edfi_code('scored.when_assessed_grade_level_descriptor') }}) as grade_level,
    {{ edfi_number(edfi_of_method('scored.score_results', 'scored.reporting_method', 'result')) }} as score,
    {{ edfi_score_scale('scored', 'scored.reporting_method', 'assessment_reference_') }} as score_scale,
    {{ edfi_code(edfi_first('scored.performance_levels', 'performanceLevelDescriptor')) }}
        as performance_level,
    cast(null as text) as objective_id,
    cast(null as integer) as attempt,
    {{ edfi_code('scored.reason_not_tested_descriptor') }} as reason_not_tested,
    scored.term_key,
    scored._feed,
    scored._load_id,
    scored._ingested_at
from scored
left join {{ ref('grade_level_aliases') }} as alias
    on upper({{ edfi_code('scored.when_assessed_grade_level_descriptor') }}) = alias.source_grade
