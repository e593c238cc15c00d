{# Objectives with the unit and the programme in which they stand; where either is missing, its columns are empty. #}
select
    {{ edu_key('learning_objective', 'objective.objective_id') }} as learning_objective_key,
    objective.objective_id as learning_objective_id,
    objective.objective_code,
    objective.objective_statement,
    objective.mastery_score,
    objective.unit_id,
    unit.unit_title,
    unit.unit_sequence,
    unit.subject,
    unit.grade_level,
    unit.program_id,
    program.program_title,
    program.framework,
    objective.term_key,
    objective._feed,
    objective._load_id,
    objective._ingested_at
from {{ ref('conformed_learning_objective') }} as objective
left join {{ ref('conformed_curriculum_unit') }} as unit
    on objective.term_key = unit.term_key and objective.unit_id = unit.unit_id
left join {{ ref('conformed_program') }} as program
    on unit.term_key = program.term_key and unit.program_id = program.program_id
