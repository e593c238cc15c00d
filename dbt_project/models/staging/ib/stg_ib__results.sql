{#
    A subject is graded 1 to 7; theory of knowledge and the extended essay A to E, which is no number; N
    is no grade at all. The session gives year and month, no day.
#}
select
    _feed || ':' || concat_ws('|', year, month, school_code, candidate, subject, level) as assessment_result_id,
    coalesce(nullif(student_unique_id, ''), _feed || ':' || candidate) as student_id,
    school_code as school_id,
    'ib:' || subject || ' ' || level as assessment_id,
    subject,
    cast(null as date) as administration_date,
    cast(null as text) as grade_level,
    case when subject_grade ~ '^[1-7]$' then cast(subject_grade as numeric) end as score,
    case when subject_grade ~ '^[1-7]$' then 'IB 1-7' when subject_grade ~ '^[A-E]$' then 'IB A-E' end as score_scale,
    nullif(subject_grade, '') as performance_level,
    cast(null as text) as objective_id,
    cast(null as integer) as attempt,
    cast(null as text) as reason_not_tested,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'ib__results') }}
