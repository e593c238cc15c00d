{#
    Chronic absence is a measure of the school year, so days are carried over terms, never flags. At LEA
    level a student's days are pooled over the LEA's schools and the student counts once.
#}
{{ config(materialized='view') }}

with rule as (
    {{ rules_reported_by('rule_chronic_absence') }}
),

-- what was built of each year; read twice, and small
built_term as not materialized (
    select
        of_year.term_key,
        of_year.academic_year,
        of_year.ordinal,
        of_year.instructional_start,
        of_year.ordinal = of_year.latest_ordinal as is_latest
    from (
        select
            each_term.*,
            max(each_term.ordinal) filter (where each_term.is_built) over (
                partition by each_term.academic_year
            ) as latest_ordinal
        from (
            select
                term.term_key,
                term.academic_year,
                term.ordinal,
                term.instructional_start,
                exists(
                    select 1
                    from {{ ref('mart_student_attendance') }} as built
                    where built.term_key = term.term_key
                ) as is_built
            from {{ ref('dim_academic_term') }} as term
        ) as each_term
    ) as of_year
    where of_year.is_built
),

organization as (
    select
        'school' as organization_level,
        school.school_key,
        school.school_id as organization_id
    from {{ ref('dim_school') }} as school
    union all
    select
        'lea' as organization_level,
        school.school_key,
        coalesce(school.lea_id, school.school_id) as organization_id
    from {{ ref('dim_school') }} as school
),

pooled as (
    select
        as_of.academic_year,
        as_of.term_key as as_of_term_key,
        organization.organization_level,
        organization.organization_id,
        part.student_key,
        as_of.is_latest,
        as_of.instructional_start,
        cast(sum(part.days_enrolled) as bigint) as days_enrolled,
        cast(sum(part.days_reported) as bigint) as days_reported,
        sum(part.days_present) as days_present,
        cast(sum(part.days_counted_absent) as bigint) as days_counted_absent
    from built_term as as_of
    inner join built_term as earlier
        on as_of.academic_year = earlier.academic_year and as_of.ordinal >= earlier.ordinal
    -- term by term, so that a filter on the year opens the partitions of its terms alone: without the offset it would
    -- be pulled up into a join, which reads all
    cross join
        lateral (
            select of_term.*
            from {{ ref('mart_student_attendance') }} as of_term
            where of_term.term_key = earlier.term_key
            offset 0 -- noqa: AM09
        ) as part
    inner join organization on part.school_key = organization.school_key
    group by
        as_of.academic_year, as_of.term_key, organization.organization_level, organization.organization_id,
        part.student_key, as_of.is_latest, as_of.instructional_start
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
inner join rule
    on
        pooled.instructional_start >= coalesce(rule.effective_from, '-infinity')
        and pooled.instructional_start < coalesce(rule.effective_to, 'infinity')
