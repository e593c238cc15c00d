{#
    The groups of every student with a membership in the term, as of the term's last day of instruction. A register
    that gives nothing puts the student into the group that says so, so that a category always adds up.
#}
with rule as (
    {{ rule_of_term('rule_subgroup') }}
),

as_of as (
    select term.instructional_end - 1 as day
    from {{ source('etl', 'term') }} as term
    where {{ in_term('term') }}
),

student as (
    select distinct enrollment.student_key
    from {{ ref('fct_enrollment') }} as enrollment
    where {{ in_term('enrollment') }}
),

-- one register a student: the latest load's
register as (
    select distinct on (demographic.student_id)
        {{ edu_key('student', 'demographic.student_id') }} as student_key,
        demographic.sex,
        coalesce(demographic.is_hispanic, false) as is_hispanic,
        demographic.races
    from {{ ref('conformed_student_demographic') }} as demographic
    where {{ in_term('demographic') }}
    order by demographic.student_id asc, demographic._load_id desc, demographic._feed asc
),

-- every row of a rule has its version and policy
policy as (
    select
        min(rule.rule_version) as rule_version,
        bool_or(rule.hispanic_first) as hispanic_first
    from rule
),

named as (
    select
        register.student_key,
        trim(regexp_split_to_table(register.races, ',')) as race
    from register
),

race as (
    select
        named.student_key,
        count(distinct named.race) as races,
        min(named.race) as first_race
    from named
    where named.race <> ''
    group by named.student_key
),

race_code as (
    select
        register.student_key,
        case
            when register.is_hispanic and policy.hispanic_first then 'hispanic'
            when coalesce(race.races, 0) + register.is_hispanic::integer > 1 then 'several'
            when register.is_hispanic then 'hispanic'
            else race.first_race
        end as source_code
    from register
    left join race on register.student_key = race.student_key
    cross join policy
),

grouped as (
    select
        student.student_key,
        'all_students' as subgroup
    from student
    union all
    select
        student.student_key,
        coalesce(rule.subgroup, 'sex_not_given') as subgroup
    from student
    left join register on student.student_key = register.student_key
    left join rule on rule.attribute = 'sex' and register.sex = rule.source_code
    union all
    select
        student.student_key,
        coalesce(rule.subgroup, 'race_not_given') as subgroup
    from student
    left join race_code on student.student_key = race_code.student_key
    left join rule on rule.attribute = 'race' and race_code.source_code = rule.source_code
    union
    select
        student.student_key,
        rule.subgroup
    from {{ ref('conformed_student_program') }} as program
    inner join student on {{ edu_key('student', 'program.student_id') }} = student.student_key
    inner join rule on rule.attribute = 'program' and program.program = rule.source_code
    cross join as_of
    where
        {{ in_term('program') }}
        and program.participates
        and program.begin_date <= as_of.day
        and coalesce(program.end_date, 'infinity') > as_of.day
)

select
    {{ this_term() }} as term_key,
    grouped.student_key,
    {{ edu_key('subgroup', 'grouped.subgroup') }} as subgroup_key,
    as_of.day as as_of_date,
    policy.rule_version
from grouped
cross join as_of
cross join policy
