{# One row an intervention, as it stood on the term's last instructional day at its school. Its end is exclusive. #}
with stated as (
    select distinct on (given.intervention_id) given.*
    from {{ ref('conformed_intervention') }} as given
    where {{ in_term('given') }}
    order by given.intervention_id asc, given._load_id desc, given._feed asc
),

dated as (
    {{ as_of_term_end('stated') }}
),

code as (
    {{ rows_in_force('intervention_progress_codes') }}
)

select
    dated.term_key,
    {{ edu_key('intervention', 'dated.intervention_id') }} as intervention_key,
    {{ edu_key('student', 'dated.student_id') }} as student_key,
    {{ edu_key('school', 'dated.school_id') }} as school_key,
    dated.tier,
    dated.intervention_area,
    dated.begin_date,
    dated.end_date,
    dated.progress_code,
    case when dated.progress_code is not null then coalesce(code.progress, 'unmapped') end as progress,
    coalesce(code.is_goal_met, false) as is_goal_met,
    dated.reviewed_date,
    dated.as_of_date,
    dated.begin_date <= dated.as_of_date and coalesce(dated.end_date, 'infinity') > dated.as_of_date as is_open,
    dated._load_id,
    dated.student_id,
    dated.school_id
from dated
left join code
    on
        dated.system = code.system
        and dated.progress_code = code.progress_code
