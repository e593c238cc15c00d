{#
    Who was tested, who was expected to be, and in which band the scores are. A test's windows say whose members of a day
    are expected; a test without a window expects nobody in particular: null.
#}
with rule as (
    {{ rule_of_term('rule_result_of_record') }}
),

recorded as (
    select
        result.school_key,
        result.grade_level,
        result.subject,
        result.assessment_id,
        result.student_key,
        result.is_scored,
        result.score,
        result.proficiency_band,
        result.is_proficient,
        result.reason_not_tested
    from {{ ref('fct_assessment_result') }} as result
    where
        {{ in_term('result') }}
        and result.is_of_record
        and result.objective_id is null
),

sitting as (
    select distinct
        {{ edu_key('school', 'given.school_id') }} as school_key,
        given.grade_level,
        coalesce(assessment.subject, 'unknown') as subject,
        given.assessment_id,
        given.expected_on
    from {{ ref('conformed_assessment_window') }} as given
    left join {{ ref('conformed_assessment') }} as assessment
        on
            given.term_key = assessment.term_key
            and given.assessment_id = assessment.assessment_id
    where {{ in_term('given') }}
),

expected as (
    select distinct
        sitting.school_key,
        sitting.grade_level,
        sitting.subject,
        sitting.assessment_id,
        enrollment.student_key
    from sitting
    cross join {{ source('etl', 'network') }} as network
    inner join {{ ref('fct_enrollment') }} as enrollment
        on
            {{ in_term('enrollment') }}
            and sitting.school_key = enrollment.school_key
            and sitting.grade_level = enrollment.grade_level
            and sitting.expected_on >= {{ enrolled_from('enrollment') }}
            and sitting.expected_on <= {{ enrolled_until('enrollment', 'network') }}
            and enrollment.is_primary is not false
            and not enrollment.is_no_show
),

windowed as (
    select distinct
        sitting.school_key,
        sitting.grade_level,
        sitting.subject,
        sitting.assessment_id
    from sitting
),

-- a window for which nobody is enrolled has a row too
place as (
    select
        windowed.school_key,
        windowed.grade_level,
        windowed.subject,
        windowed.assessment_id
    from windowed
    union
    select
        recorded.school_key,
        recorded.grade_level,
        recorded.subject,
        recorded.assessment_id
    from recorded
),

person as (
    select
        coalesce(expected.school_key, recorded.school_key) as school_key,
        coalesce(expected.grade_level, recorded.grade_level) as grade_level,
        coalesce(expected.subject, recorded.subject) as subject,
        coalesce(expected.assessment_id, recorded.assessment_id) as assessment_id,
        expected.student_key is not null as is_expected,
        recorded.student_key is not null as has_result,
        coalesce(recorded.is_scored, false) as is_tested,
        recorded.score,
        recorded.proficiency_band,
        coalesce(recorded.is_proficient, false) as is_proficient,
        recorded.reason_not_tested
    from expected
    full join recorded
        on
            expected.school_key = recorded.school_key
            and expected.grade_level = recorded.grade_level
            and expected.subject = recorded.subject
            and expected.assessment_id = recorded.assessment_id
            and expected.student_key = recorded.student_key
),

counted as (
    select
        person.school_key,
        person.grade_level,
        person.subject,
        person.assessment_id,
        count(*) filter (where person.is_expected) as students_expected,
        count(*) filter (where person.is_expected and person.is_tested) as students_expected_tested,
        count(*) filter (where person.is_expected and not person.has_result) as students_expected_without_result,
        count(*) filter (where person.has_result) as students_with_result,
        count(*) filter (where person.is_tested) as students_tested,
        {%- for reason in reasons_not_tested() %}
            count(*) filter (
                where person.has_result and not person.is_tested and person.reason_not_tested = '{{ reason }}'
            ) as students_not_tested_{{ reason }},
        {%- endfor %}
        count(*) filter (
            where
            person.has_result
            and not person.is_tested
            and (
                person.reason_not_tested is null
                or person.reason_not_tested not in (
                    {%- for reason in reasons_not_tested() %}
                        '{{ reason }}'{{ ',' if not loop.last }}
                    {%- endfor %}
                )
            )
        ) as students_not_tested_other,
        {%- for band in proficiency_bands() %}
            count(*) filter (where person.is_tested and person.proficiency_band = '{{ band }}')
                as students_{{ band }},
        {%- endfor %}
        count(*) filter (where person.is_tested and person.proficiency_band is null) as students_without_band,
        count(*) filter (where person.is_tested and person.is_proficient) as students_proficient_or_above,
        coalesce(sum(person.score) filter (where person.is_tested), 0) as score_sum
    from person
    group by person.school_key, person.grade_level, person.subject, person.assessment_id
)

select
    {{ this_term() }} as term_key,
    place.school_key,
    place.grade_level,
    place.subject,
    place.assessment_id,
    case when windowed.assessment_id is not null then coalesce(counted.students_expected, 0) end as students_expected,
    case when windowed.assessment_id is not null then coalesce(counted.students_expected_tested, 0) end
        as students_expected_tested,
    case when windowed.assessment_id is not null then coalesce(counted.students_expected_without_result, 0) end
        as students_expected_without_result,
    coalesce(counted.students_with_result, 0) as students_with_result,
    coalesce(counted.students_tested, 0) as students_tested,
    {%- for reason in reasons_not_tested() + ['other'] %}
        coalesce(counted.students_not_tested_{{ reason }}, 0) as students_not_tested_{{ reason }},
    {%- endfor %}
    {%- for band in proficiency_bands() %}
        coalesce(counted.students_{{ band }}, 0) as students_{{ band }},
    {%- endfor %}
    coalesce(counted.students_without_band, 0) as students_without_band,
    coalesce(counted.students_proficient_or_above, 0) as students_proficient_or_above,
    coalesce(counted.score_sum, 0) as score_sum,
    rule.rule_version
from place
left join rule on true
left join windowed
    on
        place.school_key = windowed.school_key
        and place.grade_level = windowed.grade_level
        and place.subject = windowed.subject
        and place.assessment_id = windowed.assessment_id
left join counted
    on
        place.school_key = counted.school_key
        and place.grade_level = counted.grade_level
        and place.subject = counted.subject
        and place.assessment_id = counted.assessment_id
