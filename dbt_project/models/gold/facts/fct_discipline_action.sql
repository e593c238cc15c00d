{#
    One row a measure against a student. Its behaviour is that of its incident, where both are of one term: a
    term's figures rest on its own rows.
#}
with stated as (
    select distinct on (action.discipline_action_id, action.student_id, action.discipline_date) action.*
    from {{ ref('conformed_discipline_action') }} as action
    where {{ in_term('action') }}
    order by
        action.discipline_action_id asc, action.student_id asc, action.discipline_date asc,
        action._load_id desc, action._feed asc
),

incident as (
    select distinct
        part.incident_key,
        part.behavior
    from {{ ref('fct_behavior_incident') }} as part
    where {{ in_term('part') }}
)

select
    stated.term_key,
    {{ edu_key(
        'discipline_action',
        "stated.discipline_action_id || '|' || stated.student_id || '|' || stated.discipline_date::text"
    ) }} as discipline_action_key,
    {{ edu_key('student', 'stated.student_id') }} as student_key,
    {{ edu_key('school', 'stated.school_id') }} as school_key,
    case when stated.incident_id is not null then {{ edu_key('incident', 'stated.incident_id') }} end as incident_key,
    incident.incident_key is not null as is_incident_of_term,
    stated.discipline_date,
    stated.action_code,
    coalesce(code.discipline_action, 'unmapped') as discipline_action,
    coalesce(code.is_suspension, false) as is_suspension,
    coalesce(incident.behavior, 'unknown') as behavior,
    stated.days_assigned,
    stated.days_served,
    stated._load_id,
    stated.student_id,
    stated.school_id
from stated
left join {{ ref('discipline_action_codes') }} as code
    on
        stated.system = code.system
        and stated.action_code = code.action_code
        and stated.discipline_date >= coalesce(code.effective_from, '-infinity')
        and stated.discipline_date < coalesce(code.effective_to, 'infinity')
left join incident on {{ edu_key('incident', 'stated.incident_id') }} = incident.incident_key
