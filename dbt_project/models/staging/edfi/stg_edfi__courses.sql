select
    course._feed || ':' || course.education_organization_reference_education_organization_id || '|'
    || course.course_code as course_id,
    course.course_title,
    course.course_code,
    coalesce(
        {{ edfi_code(edfi_first('course.academic_subjects', 'academicSubjectDescriptor')) }},
        {{ edfi_code('course.academic_subject_descriptor') }}
    ) as subject,
    course.term_key,
    course._feed,
    course._load_id,
    course._ingested_at
from {{ source('raw_zone', 'edfi__courses') }} as course
where {{ edfi_stands('course') }}
