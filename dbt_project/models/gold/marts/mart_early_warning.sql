{#
    Signs that a student needs help, of the term's own facts. A flag is null where nothing is known: no day counts, no
    mark stands on its scale, the network has no system of conduct.
#}
with rule as (
    {{ rule_of_term('rule_early_warning') }}
),

gpa_bound as (
    {{ rule_of_term('rule_early_warning_gpa') }}
),

gpa_weight as (
    {{ rule_of_term('rule_subject_performance') }}
),

conduct as (
    select count(*) > 0 as is_expected
    from {{ source('etl', 'feed_entity') }} as given
    where given.entity = 'behavior_incident'
),

incident as (
    select
        part.student_key,
        part.school_key,
        count(distinct part.incident_key) as incidents
    from {{ ref('fct_behavior_incident') }} as part
    inner join rule on part.participation_role = rule.counted_role
    where {{ in_term('part') }} and part.is_student_known
    group by part.student_key, part.school_key
),

measure as (
    select
        action.student_key,
        action.school_key,
        count(*) as suspensions
    from {{ ref('fct_discipline_action') }} as action
    where {{ in_term('action') }} and action.is_suspension
    group by action.student_key, action.school_key
),

mark as (
    select
        grade.student_key,
        grade.school_key,
        grade.grade_scale_id,
        max(grade.grade_level) as grade_level,
        count(grade.is_passing) as marks,
        count(*) filter (where not grade.is_passing) as failing_marks,
        sum(grade.grade_points * {{ gpa_weight_of('grade', 'gpa_weight') }}) as gpa_points,
        sum({{ gpa_weight_of('grade', 'gpa_weight') }}) filter (where grade.grade_points is not null) as gpa_credits
    from {{ ref('fct_course_grade') }} as grade
    left join gpa_weight on true
    where {{ in_term('grade') }}
    group by grade.student_key, grade.school_key, grade.grade_scale_id
),

course as (
    select
        mark.student_key,
        mark.school_key,
        max(mark.grade_level) as grade_level,
        cast(sum(mark.marks) as bigint) as marks,
        cast(sum(mark.failing_marks) as bigint) as failing_marks,
        count(*) filter (where mark.gpa_points < gpa_bound.gpa_below * mark.gpa_credits) as scales_below_gpa
    from mark
    left join gpa_bound on mark.grade_scale_id = gpa_bound.grade_scale_id
    group by mark.student_key, mark.school_key
),

support as (
    select
        intervention.student_key,
        intervention.school_key,
        count(*) as open_interventions
    from {{ ref('fct_intervention') }} as intervention
    where {{ in_term('intervention') }} and intervention.is_open
    group by intervention.student_key, intervention.school_key
),

attendance as (
    select mart.*
    from {{ ref('mart_student_attendance') }} as mart
    where {{ in_term('mart') }}
),

person as (
    select
        attendance.student_key,
        attendance.school_key
    from attendance
    union
    select
        incident.student_key,
        incident.school_key
    from incident
    union
    select
        measure.student_key,
        measure.school_key
    from measure
    union
    select
        course.student_key,
        course.school_key
    from course
    union
    select
        support.student_key,
        support.school_key
    from support
),

counted as (
    select
        person.student_key,
        person.school_key,
        coalesce(attendance.grade_level, course.grade_level, 'unknown') as grade_level,
        coalesce(attendance.days_enrolled, 0) as days_enrolled,
        coalesce(attendance.days_reported, 0) as days_reported,
        coalesce(attendance.days_counted_absent, 0) as days_counted_absent,
        case when conduct.is_expected then coalesce(incident.incidents, 0) end as incidents,
        case when conduct.is_expected then coalesce(measure.suspensions, 0) end as suspensions,
        coalesce(course.marks, 0) as marks,
        coalesce(course.failing_marks, 0) as failing_marks,
        coalesce(course.scales_below_gpa, 0) as scales_below_gpa,
        coalesce(support.open_interventions, 0) as open_interventions
    from person
    cross join conduct
    left join attendance
        on person.student_key = attendance.student_key and person.school_key = attendance.school_key
    left join incident on person.student_key = incident.student_key and person.school_key = incident.school_key
    left join measure on person.student_key = measure.student_key and person.school_key = measure.school_key
    left join course on person.student_key = course.student_key and person.school_key = course.school_key
    left join support on person.student_key = support.student_key and person.school_key = support.school_key
),

flagged as (
    select
        counted.*,
        rule.rule_version,
        {{ chronically_absent('counted', 'rule') }} as is_attendance_flagged,
        counted.incidents >= rule.incidents_from as has_incidents,
        counted.suspensions >= rule.suspensions_from as has_suspensions,
        case when counted.marks > 0 then counted.failing_marks >= rule.failing_marks_from end as has_failing_marks,
        case when counted.marks > 0 then counted.scales_below_gpa > 0 end as has_low_gpa
    from counted
    left join rule on true
)

select
    {{ this_term() }} as term_key,
    flagged.student_key,
    flagged.school_key,
    flagged.grade_level,
    flagged.is_attendance_flagged,
    case when flagged.is_attendance_flagged then 'days_absent' end as attendance_reason,
    flagged.has_incidents or flagged.has_suspensions as is_behavior_flagged,
    nullif(concat_ws(
        ', ',
        case when flagged.has_suspensions then 'suspensions' end,
        case when flagged.has_incidents then 'incidents' end
    ), '') as behavior_reason,
    flagged.has_failing_marks or flagged.has_low_gpa as is_course_flagged,
    nullif(concat_ws(
        ', ',
        case when flagged.has_failing_marks then 'failing_marks' end,
        case when flagged.has_low_gpa then 'grade_point_average' end
    ), '') as course_reason,
    cast(coalesce(flagged.is_attendance_flagged, false) as integer)
    + cast(coalesce(flagged.has_incidents or flagged.has_suspensions, false) as integer)
    + cast(coalesce(flagged.has_failing_marks or flagged.has_low_gpa, false) as integer) as flags,
    flagged.open_interventions,
    flagged.days_enrolled,
    flagged.days_reported,
    flagged.days_counted_absent,
    flagged.incidents,
    flagged.suspensions,
    flagged.marks,
    flagged.failing_marks,
    flagged.scales_below_gpa,
    flagged.rule_version
from flagged
