{#
    A test. Its overall score is the first of its scores, and its scale that of the tests of its family by that score.
    Bounds are texts in the standard; one that is no number is none.
#}
select
    test._feed || ':' || test.namespace || '|' || test.assessment_identifier as assessment_id,
    test.assessment_title,
    {{ edfi_code('test.assessment_category_descriptor') }} as assessment_category,
    {{ edfi_code(edfi_first('test.academic_subjects', 'academicSubjectDescriptor')) }} as subject,
    alias.grade_level,
    {{ edfi_score_scale('test', edfi_first('test.scores', 'assessmentReportingMethodDescriptor')) }} as score_scale,
    {{ edfi_number(edfi_first('test.scores', 'minimumScore')) }} as min_score,
    {{ edfi_number(edfi_first('test.scores', 'maximumScore')) }} as max_score,
    cast(null as text) as cut_score_version,
    nullif(test.assessment_family, '') as comparable_group,
    test.term_key,
    test._feed,
    test._load_id,
    test._ingested_at
from {{ source('raw_zone', 'edfi__assessments') }} as test
left join {{ ref('grade_level_aliases') }} as alias
    on
        jsonb_array_length({{ edfi_json('test.assessed_grade_levels') }}) = 1
        and upper(split_part({{ edfi_first('test.assessed_grade_levels', 'gradeLevelDescriptor') }}, '#', 2))
        = alias.source_grade
where {{ edfi_stands('test') }}
