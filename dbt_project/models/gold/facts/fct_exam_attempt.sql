{# One row an attempt. Whether it passed is what its system says, else the pass mark of the system. #}
with pass_mark as (
    {{ rows_in_force('exam_pass_marks') }}
)

select distinct on (given.exam_attempt_id)
    {{ this_term() }} as term_key,
    {{ edu_key('exam_attempt', 'given.exam_attempt_id') }} as exam_attempt_key,
    {{ edu_key('learner', 'given.learner_id') }} as learner_key,
    {{ edu_key('course', 'given.course_id') }} as course_key,
    given.certification_id,
    given.attempt_number,
    given.attempted_on,
    given.score,
    coalesce(given.is_passed, given.score >= pass_mark.pass_score) as is_passed,
    case when given.is_passed is null then pass_mark.rule_version end as pass_rule_version,
    given._load_id,
    given.learner_id,
    given.course_id
from {{ ref('conformed_exam_attempt') }} as given
left join pass_mark on given.system = pass_mark.system
where {{ in_term('given') }}
order by given.exam_attempt_id asc, given._load_id desc, given._feed asc
