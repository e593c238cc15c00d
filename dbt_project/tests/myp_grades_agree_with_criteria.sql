{{ config(severity='warn', meta={
    'what': 'a mark that has all four criteria is the MYP grade that their sum gives',
    'why': 'a grade that does not follow from its criteria was typed, or a criterion was changed after it',
    'mend': 'ask the school to enter the mark again from its criteria; where the IB changed the bounds, add them to the'
        ~ ' seed rule_myp_grades and deploy',
}) }}

with criterion as (
    select distinct on (
        given.student_id, given.school_id, given.source_class_id, given.grading_period, given.criterion
    )
        given.student_id,
        given.school_id,
        given.source_class_id,
        given.grading_period,
        given.criterion_level
    from {{ ref('conformed_course_grade_criterion') }} as given
    where {{ in_term('given') }}
    order by
        given.student_id asc, given.school_id asc, given.source_class_id asc, given.grading_period asc,
        given.criterion asc, given._load_id desc, given._feed asc
),

total as (
    select
        {{ edu_key(
            'course_grade',
            "concat_ws('|', criterion.student_id, criterion.school_id, criterion.source_class_id,"
            ~ " criterion.grading_period)"
        ) }} as course_grade_key,
        count(criterion.criterion_level) as criteria,
        sum(criterion.criterion_level) as level_total
    from criterion
    group by criterion.student_id, criterion.school_id, criterion.source_class_id, criterion.grading_period
),

bound as (
    {{ rows_in_force('rule_myp_grades') }}
)

select
    mark.course_grade_key,
    bound.rule_version
from {{ ref('fct_course_grade') }} as mark
inner join total on mark.course_grade_key = total.course_grade_key
left join bound
    on
        total.level_total >= bound.lowest_total
        and total.level_total <= bound.highest_total
where
    {{ in_term('mark') }}
    and total.criteria = (select max(known.criteria) from bound as known)
    and mark.grade is distinct from bound.grade
