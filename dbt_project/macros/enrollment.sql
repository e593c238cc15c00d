{# Who is enrolled, as several marts count it. #}

{#
    CTEs `rule`, `school_interval` and `membership`: the term's memberships with the days on which they hold, the
    school's first and last day, and whether the authority's rule counts them.
#}
{% macro membership_ctes() -%}
rule as (
    {{ rule_of_term('rule_headcount') }}
),

-- a school without dates of its own keeps the network's
school_interval as (
    select
        {{ edu_key('school', 'school_term.school_id') }} as school_key,
        school_term.instructional_start,
        school_term.instructional_end
    from {{ source('etl', 'school_term') }} as school_term
    where {{ in_term('school_term') }}
),

membership as (
    select
        enrollment.*,
        {{ enrolled_from('enrollment') }} as enrolled_from,
        {{ enrolled_until('enrollment', 'network') }} as enrolled_until,
        case
            when
                term.count_date >= term.administrative_start
                and term.count_date < term.administrative_end
                then term.count_date
        end as count_date,
        coalesce(school_interval.instructional_start, term.instructional_start) as first_day,
        coalesce(school_interval.instructional_end, term.instructional_end) - 1 as last_day,
        (rule.no_shows_count or not enrollment.is_no_show)
        and (not rule.primary_only or enrollment.is_primary) as counts
    from {{ ref('fct_enrollment') }} as enrollment
    inner join {{ source('etl', 'term') }} as term on enrollment.term_key = term.term_key
    cross join {{ source('etl', 'network') }} as network
    left join rule on true
    left join school_interval on enrollment.school_key = school_interval.school_key
    where {{ in_term('enrollment') }}
)
{%- endmacro %}

{#
    The membership that counts for each student on a day, so that nobody counts twice: the primary one where the rule
    says so, of two at once the one entered last.
#}
{% macro headcount_on(day) -%}
    select distinct on (membership.student_key) membership.enrollment_key
    from membership
    where
        membership.counts
        and membership.{{ day }} between membership.enrolled_from and membership.enrolled_until
    order by
        membership.student_key asc, membership.entry_date desc nulls last,
        membership._load_id desc, membership.school_key asc
{%- endmacro %}

{# The grade level of each student at each school of the term: that of the membership entered last. #}
{% macro last_membership_at_school() -%}
    select distinct on (enrollment.student_key, enrollment.school_key)
        enrollment.student_key,
        enrollment.school_key,
        enrollment.grade_level
    from {{ ref('fct_enrollment') }} as enrollment
    where {{ in_term('enrollment') }}
    order by
        enrollment.student_key asc, enrollment.school_key asc, enrollment.entry_date desc nulls last,
        enrollment.enrollment_key asc
{%- endmacro %}
