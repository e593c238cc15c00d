{#
    Who mastered what of the curriculum. Every objective that stands in the term has a row, also one of which nobody was
    tested; an objective of a test that no curriculum has is of no programme and no unit.
#}
with rule as (
    {{ rule_of_term('rule_result_of_record') }}
),

objective as (
    select distinct on (given.objective_id)
        given.objective_id,
        given.unit_id,
        given.objective_code,
        given.mastery_score
    from {{ ref('conformed_learning_objective') }} as given
    where {{ in_term('given') }}
    order by given.objective_id asc, given._load_id desc, given._feed asc
),

unit as (
    select distinct on (given.unit_id)
        given.unit_id,
        given.program_id,
        given.unit_title,
        given.subject,
        given.grade_level
    from {{ ref('conformed_curriculum_unit') }} as given
    where {{ in_term('given') }}
    order by given.unit_id asc, given._load_id desc, given._feed asc
),

program as (
    select distinct on (given.program_id)
        given.program_id,
        given.program_title
    from {{ ref('conformed_program') }} as given
    where {{ in_term('given') }}
    order by given.program_id asc, given._load_id desc, given._feed asc
),

-- a student who was tested of an objective by several tests counts once, by the best of what is of record
person as (
    select
        result.objective_id,
        result.student_key,
        max(result.score) as score
    from {{ ref('fct_assessment_result') }} as result
    where
        {{ in_term('result') }}
        and result.objective_id is not null
        and result.is_of_record
        and result.is_scored
    group by result.objective_id, result.student_key
),

assessed as (
    select
        person.objective_id,
        count(*) as students_assessed,
        count(*) filter (where person.score >= objective.mastery_score) as students_mastered,
        count(*) filter (where person.score < objective.mastery_score) as students_not_mastered,
        count(*) filter (where objective.mastery_score is null) as students_without_mastery_score,
        sum(person.score) as score_sum
    from person
    left join objective on person.objective_id = objective.objective_id
    group by person.objective_id
)

select
    {{ this_term() }} as term_key,
    coalesce(unit.program_id, 'unknown') as program_id,
    coalesce(objective.unit_id, 'unknown') as unit_id,
    coalesce(objective.objective_id, assessed.objective_id) as objective_id,
    program.program_title,
    unit.unit_title,
    coalesce(unit.subject, 'unknown') as subject,
    coalesce(unit.grade_level, 'unknown') as grade_level,
    objective.objective_code,
    objective.mastery_score,
    coalesce(assessed.students_assessed, 0) as students_assessed,
    coalesce(assessed.students_mastered, 0) as students_mastered,
    coalesce(assessed.students_not_mastered, 0) as students_not_mastered,
    coalesce(assessed.students_without_mastery_score, 0) as students_without_mastery_score,
    coalesce(assessed.score_sum, 0) as score_sum,
    rule.rule_version
from objective
full join assessed on objective.objective_id = assessed.objective_id
left join rule on true
left join unit on objective.unit_id = unit.unit_id
left join program on unit.program_id = program.program_id
