{#
    Chronic absence is a measure of the school year, so days are carried over terms, never flags. At LEA
    level a student's days are pooled over the LEA's schools and the student counts once.
#}
{{ config(materialized='view') }}

with built_term as (
    select
        term.term_key,
        term.academic_year,
        term.ordinal,
        term.instructional_start,
        term.ordinal = max(term.ordinal) over (partition by term.academic_year) as is_latest
    from {{ ref('dim_academic_term') }} as term
    where exists (
        select 1
        from {{ ref('mart_student_attendance') }} as built
        where built.term_key = term.term_key
    )
),

at_school as (
    select
        as_of.academic_year,
        as_of.term_key as as_of_term_key,
        'school' as organization_level,
        school.school_id as organization_id,
        part.student_key,
        as_of.is_latest,
        as_of.instructional_start,
        part.days_enrolled,
        part.days_reported,
        part.days_present,
        part.days_counted_absent,
        school.lea_id
    from built_term as as_of
    inner join built_term as earlier
        on as_of.academic_year = earlier.academic_year and as_of.ordinal >= earlier.ordinal
    inner join {{ ref('mart_student_attendance') }} as part on earlier.term_key = part.term_key
    inner join {{ ref('dim_school') }} as school on part.school_key = school.school_key
),

at_level as (
    select
        at_school.academic_year,
        at_school.as_of_term_key,
        at_school.organization_level,
        at_school.organization_id,
        at_school.student_key,
        at_school.is_latest,
        at_school.instructional_start,
        at_school.days_enrolled,
        at_school.days_reported,
        at_school.days_present,
        at_school.days_counted_absent
    from at_school
    union all
    select
        at_school.academic_year,
        at_school.as_of_term_key,
        'lea' as organization_level,
        coalesce(at_school.lea_id, at_school.organization_id) as organization_id,
        at_school.student_key,
        at_school.is_latest,
        at_school.instructional_start,
        at_school.days_enrolled,
        at_school.days_reported,
        at_school.days_present,
        at_school.days_counted_absent
    from at_school
),

pooled as (
    select
        at_level.academic_year,
        at_level.as_of_term_key,
        at_level.organization_level,
        at_level.organization_id,
        at_level.student_key,
        at_level.is_latest,
        at_level.instructional_start,
        cast(sum(at_level.days_enrolled) as bigint) as days_enrolled,
        cast(sum(at_level.days_reported) as bigint) as days_reported,
        sum(at_level.days_present) as days_present,
        cast(sum(at_level.days_counted_absent) as bigint) as days_counted_absent
    from at_level
    group by
        at_level.academic_year, at_level.as_of_term_key, at_level.organization_level, at_level.organization_id,
        at_level.student_key, at_level.is_latest, at_level.instructional_start
),

year_window as (
    select 'ytd' as attendance_window
    union all
    select 'year' as attendance_window
)

select
    rule.authority,
    pooled.academic_year,
    year_window.attendance_window,
    pooled.as_of_term_key,
    pooled.organization_level,
    pooled.organization_id,
    pooled.student_key,
    pooled.days_enrolled,
    pooled.days_reported,
    pooled.days_counted_absent,
    pooled.days_enrolled >= rule.min_days_enrolled as is_eligible,
    case
        when pooled.days_present < rule.min_days_present then null
        else {{ chronically_absent('pooled', 'rule') }}
    end as is_chronically_absent,
    rule.rule_version
from pooled
-- the year's figure is that of its latest term: it is final once the last term is
inner join year_window on year_window.attendance_window = 'ytd' or pooled.is_latest
cross join {{ source('etl', 'authority') }} as reported
inner join {{ ref('rule_chronic_absence') }} as rule
    on
        reported.authority = rule.authority
        and pooled.instructional_start >= coalesce(rule.effective_from, '-infinity')
        and pooled.instructional_start < coalesce(rule.effective_to, 'infinity')
