{#
    What the register says of a student: the day of birth is the student's, the rest that of the organisation whose
    item arrived last, of several at once the one of the highest number. Races are codes of descriptors; the state's
    number is the number itself, since the authority gives it.
#}
with known as (
    select distinct on (item.term_key, item._feed, item.student_reference_student_unique_id) item.*
    from {{ source('raw_zone', 'edfi__student_organization_associations') }} as item
    where {{ edfi_stands('item') }}
    order by
        item.term_key asc, item._feed asc, item.student_reference_student_unique_id asc, item._load_id desc,
        item.education_organization_reference_education_organization_id desc
)

select
    student.student_unique_id as student_id,
    cast(null as text) as state_student_id,
    student.birth_date,
    coalesce({{ edfi_code('known.sex_descriptor') }}, {{ edfi_code('student.birth_sex_descriptor') }}) as sex,
    known.hispanic_latino_ethnicity as is_hispanic,
    {{ edfi_codes('known.races', 'raceDescriptor') }} as races,
    {{ edfi_code(edfi_first('known.languages', 'languageDescriptor')) }} as home_language,
    student.term_key,
    student._feed,
    greatest(student._load_id, known._load_id) as _load_id,
    greatest(student._ingested_at, known._ingested_at) as _ingested_at
from {{ source('raw_zone', 'edfi__students') }} as student
left join known
    on
        student.term_key = known.term_key
        and student._feed = known._feed
        and student.student_unique_id = known.student_reference_student_unique_id
where {{ edfi_stands('student') }}
