{#
    Conduct of a school by behaviour, in parts, with the parts of the school's average daily membership. A row
    stands only where something happened.
#}
with rule as (
    {{ rule_of_term('rule_behavior_trends') }}
),

incident as (
    select
        part.school_key,
        part.behavior,
        count(distinct part.incident_key) as incidents,
        count(distinct part.incident_key) filter (where not part.is_student_known) as incidents_without_student,
        count(distinct part.student_key) filter (
            where part.is_student_known and part.participation_role = rule.counted_role
        ) as students_aggressor
    from {{ ref('fct_behavior_incident') }} as part
    left join rule on true
    where {{ in_term('part') }}
    group by part.school_key, part.behavior
),

measure as (
    select
        action.school_key,
        action.behavior,
        count(*) as actions,
        count(*) filter (where action.is_suspension) as suspensions,
        count(*) filter (where action.discipline_action = 'out_of_school_suspension') as suspensions_out_of_school,
        coalesce(sum(action.days_assigned) filter (where action.is_suspension), 0) as days_suspended_assigned,
        coalesce(sum(action.days_served) filter (where action.is_suspension), 0) as days_suspended,
        count(*) filter (where action.is_suspension and action.days_served is null) as suspensions_of_unknown_length
    from {{ ref('fct_discipline_action') }} as action
    where {{ in_term('action') }}
    group by action.school_key, action.behavior
),

place as (
    select
        incident.school_key,
        incident.behavior
    from incident
    union
    select
        measure.school_key,
        measure.behavior
    from measure
),

membership as (
    select
        attendance.school_key,
        count(*) as days_membership,
        count(distinct attendance.attendance_date) as days_in_session
    from {{ ref('fct_attendance') }} as attendance
    where {{ in_term('attendance') }}
    group by attendance.school_key
)

select
    {{ this_term() }} as term_key,
    place.school_key,
    place.behavior,
    coalesce(incident.incidents, 0) as incidents,
    coalesce(incident.incidents_without_student, 0) as incidents_without_student,
    coalesce(incident.students_aggressor, 0) as students_aggressor,
    coalesce(measure.actions, 0) as actions,
    coalesce(measure.suspensions, 0) as suspensions,
    coalesce(measure.suspensions_out_of_school, 0) as suspensions_out_of_school,
    coalesce(measure.days_suspended_assigned, 0) as days_suspended_assigned,
    coalesce(measure.days_suspended, 0) as days_suspended,
    coalesce(measure.suspensions_of_unknown_length, 0) as suspensions_of_unknown_length,
    membership.days_membership as school_days_membership,
    membership.days_in_session as school_days_in_session,
    rule.rule_version
from place
left join rule on true
left join incident on place.school_key = incident.school_key and place.behavior = incident.behavior
left join measure on place.school_key = measure.school_key and place.behavior = measure.behavior
left join membership on place.school_key = membership.school_key
