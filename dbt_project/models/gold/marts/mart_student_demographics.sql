{#
    Who makes up a school and grade at the term's end: the students of mart_enrollment's headcount, each once, by the
    groups that they are in.
#}
with {{ membership_ctes() }},

headcount_term_end as (
    {{ headcount_on('last_day') }}
),

counted as (
    select
        membership.school_key,
        membership.grade_level,
        membership.student_key,
        membership.last_day,
        membership.rule_version as headcount_rule_version
    from (
        select
            membership.*,
            rule.rule_version
        from membership
        left join rule on true
    ) as membership
    inner join headcount_term_end on membership.enrollment_key = headcount_term_end.enrollment_key
),

health as (
    select
        {{ edu_key('student', 'record.student_id') }} as student_key,
        bool_or(record.record_type in ('condition', 'allergy')) as has_condition,
        bool_or(record.has_action_plan) as has_action_plan
    from {{ ref('conformed_student_health_record') }} as record
    inner join counted on {{ edu_key('student', 'record.student_id') }} = counted.student_key
    where
        {{ in_term('record') }}
        and record.begin_date <= counted.last_day
        and coalesce(record.end_date, 'infinity') > counted.last_day
    group by record.student_id
),

transport as (
    select
        {{ edu_key('student', 'way.student_id') }} as student_key,
        bool_or(way.is_eligible) as is_eligible,
        bool_or(way.mode = code.source_code) as is_bused
    from {{ ref('conformed_student_transportation') }} as way
    inner join counted on {{ edu_key('student', 'way.student_id') }} = counted.student_key
    left join {{ ref('transportation_modes') }} as code on way.mode = code.source_code and code.mode = 'school_bus'
    where
        {{ in_term('way') }}
        and way.begin_date <= counted.last_day
        and coalesce(way.end_date, 'infinity') > counted.last_day
    group by way.student_id
)

select
    {{ this_term() }} as term_key,
    counted.school_key,
    counted.grade_level,
    bridge.subgroup_key,
    count(*) as students,
    count(*) filter (where health.has_condition) as students_with_health_condition,
    count(*) filter (where health.has_action_plan) as students_with_health_plan,
    count(*) filter (where transport.is_eligible) as students_eligible_for_transport,
    count(*) filter (where transport.is_bused) as students_on_school_bus,
    min(bridge.rule_version) as rule_version,
    min(counted.headcount_rule_version) as headcount_rule_version
from counted
inner join {{ ref('bridge_student_subgroup') }} as bridge
    on counted.student_key = bridge.student_key and {{ in_term('bridge') }}
left join health on counted.student_key = health.student_key
left join transport on counted.student_key = transport.student_key
group by counted.school_key, counted.grade_level, bridge.subgroup_key
