{#
    One row a participation as the term's sheet states it, with the group that its code means. Its end is exclusive.
#}
with rule as (
    {{ rule_of_term('rule_subgroup') }}
),

-- every row of a rule has its version
version as (
    select min(rule.rule_version) as rule_version
    from rule
),

stated as (
    select distinct on (program.student_id, program.school_id, program.program, program.begin_date) program.*
    from {{ ref('conformed_student_program') }} as program
    where {{ in_term('program') }}
    order by
        program.student_id asc, program.school_id asc, program.program asc, program.begin_date asc,
        program._load_id desc, program._feed asc
)

select
    stated.term_key,
    {{ edu_key('student', 'stated.student_id') }} as student_key,
    {{ edu_key('school', 'stated.school_id') }} as school_key,
    stated.program,
    {{ edu_key('subgroup', 'rule.subgroup') }} as subgroup_key,
    stated.begin_date,
    stated.end_date,
    stated.participates,
    version.rule_version,
    stated._load_id,
    stated.student_id,
    stated.school_id
from stated
cross join version
left join rule on rule.attribute = 'program' and stated.program = rule.source_code
