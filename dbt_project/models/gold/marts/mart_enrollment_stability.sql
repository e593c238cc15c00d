{#
    Who stays at a school through an academic year, by each variant that the network reports. A year is no term, so
    nothing of it is stored: memberships of its terms are put together here, each clipped to the days of instruction of
    the term that states it. A stay is what memberships of a student at a school add up to where no more than the
    variant's days in session lie between two of them; recesses and the days between two terms end none.

    Days in session are known by their place in the school's year: `width_bucket` says how many of them lie up to a
    date. Every window and group keeps academic_year and no large part is read twice, so that a filter on it reaches the
    partitions of the year's terms.
#}
{{ config(materialized='view') }}

with rule as (
    {{ rules_reported_by('rule_stability') }}
),

-- what was built of each year; read several times, and small
built_term as not materialized (
    select of_year.*
    from (
        select
            each_term.*,
            min(each_term.instructional_start) over academic_year as year_start,
            bool_and(each_term.is_built) over academic_year as is_year_complete,
            first_value(each_term.term_key) over (
                partition by each_term.academic_year
                order by each_term.is_built desc, each_term.ordinal desc
            ) as as_of_term_key
        from (
            select
                term.term_key,
                term.academic_year,
                term.ordinal,
                term.instructional_start,
                term.instructional_end,
                term.count_date,
                exists(
                    select 1
                    from {{ ref('mart_enrollment') }} as built
                    where built.term_key = term.term_key
                ) as is_built
            from {{ ref('dim_academic_term') }} as term
        ) as each_term
        window academic_year as (partition by each_term.academic_year)
    ) as of_year
    where of_year.is_built
),

year_built as (
    select distinct
        built_term.academic_year,
        built_term.as_of_term_key,
        built_term.is_year_complete
    from built_term
),

school_year as (
    select
        built_term.academic_year,
        {{ edu_key('school', 'school_day.school_id') }} as school_key,
        array_agg(distinct school_day.school_date order by school_day.school_date) as days_in_session
    from built_term
    inner join {{ source('etl', 'school_day') }} as school_day on built_term.term_key = school_day.term_key
    group by built_term.academic_year, school_day.school_id
),

membership as (
    select
        built_term.academic_year,
        built_term.year_start,
        built_term.count_date,
        enrollment.student_key,
        enrollment.school_key,
        enrollment.grade_level,
        enrollment.is_primary,
        enrollment.is_no_show,
        enrollment.exit_reason,
        enrollment._load_id,
        greatest(
            {{ enrolled_from('enrollment') }}, coalesce(own.instructional_start, built_term.instructional_start)
        ) as first_day,
        least(
            {{ enrolled_until('enrollment', 'network') }},
            coalesce(own.instructional_end, built_term.instructional_end) - 1
        ) as last_day
    from built_term
    -- term by term, so that PostgreSQL opens the partitions of these terms alone: without the offset it would be pulled
    -- up into a join, which reads all
    cross join
        lateral (
            select of_term.*
            from {{ ref('fct_enrollment') }} as of_term
            where of_term.term_key = built_term.term_key
            offset 0 -- noqa: AM09
        ) as enrollment
    cross join {{ source('etl', 'network') }} as network
    left join {{ source('etl', 'school_term') }} as own
        on
            enrollment.term_key = own.term_key
            and enrollment.school_key = {{ edu_key('school', 'own.school_id') }}
),

-- with the places of its first and last day in session in the school's year
placed as (
    select
        membership.*,
        width_bucket(membership.first_day - 1, school_year.days_in_session) + 1 as first_place,
        width_bucket(membership.last_day, school_year.days_in_session) as last_place,
        cardinality(school_year.days_in_session) as year_days
    from membership
    inner join school_year
        on membership.academic_year = school_year.academic_year and membership.school_key = school_year.school_key
),

-- who counts by each variant; a grade that is not known is not known to be below the variant's first
told as (
    select
        placed.*,
        rule.variant,
        rule.rule_version,
        rule.max_gap_days,
        case when rule.from_count_date then placed.count_date else cast('-infinity' as date) end as counted_from,
        coalesce(placed.exit_reason = any(string_to_array(rule.disqualifying_exits, ' ')), false) as is_disqualifying
    from placed
    inner join rule
        on
            placed.year_start >= coalesce(rule.effective_from, '-infinity')
            and placed.year_start < coalesce(rule.effective_to, 'infinity')
            and (rule.no_shows_count or not placed.is_no_show)
            and (placed.is_primary or not rule.primary_only)
    left join {{ ref('grade_levels') }} as own_grade on placed.grade_level = own_grade.grade_level
    left join {{ ref('grade_levels') }} as first_grade on rule.first_grade = first_grade.grade_level
    where
        placed.first_place <= placed.last_place
        and coalesce(own_grade.ordinal >= first_grade.ordinal, true)
),

begun as (
    select
        told.*,
        told.first_place - 1 - max(told.last_place) over earlier > told.max_gap_days as begins_stay
    from told
    window earlier as (
        partition by told.academic_year, told.variant, told.rule_version, told.school_key, told.student_key
        order by told.first_place, told.last_place
        rows between unbounded preceding and 1 preceding
    )
),

numbered as (
    select
        begun.*,
        count(*) filter (where begun.begins_stay) over so_far as stay_number
    from begun
    window so_far as (
        partition by begun.academic_year, begun.variant, begun.rule_version, begun.school_key, begun.student_key
        order by begun.first_place, begun.last_place
        rows between unbounded preceding and current row
    )
),

stay as (
    select
        numbered.academic_year,
        numbered.variant,
        numbered.rule_version,
        numbered.school_key,
        numbered.student_key,
        numbered.year_days,
        numbered.max_gap_days,
        numbered.counted_from,
        min(numbered.first_day) as first_day,
        max(numbered.last_day) as last_day,
        min(numbered.first_place) as first_place,
        max(numbered.last_place) as last_place,
        (array_agg(numbered.grade_level order by numbered.last_place desc, numbered._load_id desc))[1] as grade_level,
        (array_agg(numbered.is_disqualifying order by numbered.last_place desc, numbered._load_id desc))[1]
            as is_disqualifying
    from numbered
    group by
        numbered.academic_year, numbered.variant, numbered.rule_version, numbered.school_key, numbered.student_key,
        numbered.year_days, numbered.max_gap_days, numbered.counted_from, numbered.stay_number
),

student as (
    select
        stay.academic_year,
        stay.variant,
        stay.rule_version,
        stay.school_key,
        stay.student_key,
        stay.year_days,
        (array_agg(stay.grade_level order by stay.last_place desc))[1] as grade_level,
        bool_or(stay.last_day >= stay.counted_from) as is_counted,
        sum(stay.last_place - stay.first_place + 1) as days_enrolled,
        -- who came from the count date on, and who went before the year was over
        count(*) filter (where stay.first_day > stay.counted_from and stay.first_place - 1 > stay.max_gap_days)
        + count(*) filter (
            where stay.last_day >= stay.counted_from and stay.year_days - stay.last_place > stay.max_gap_days
        ) as moves,
        coalesce(
            max(stay.last_day - stay.first_day + 1) filter (
                where not stay.is_disqualifying or stay.last_place = stay.year_days
            ),
            0
        ) as longest_days
    from stay
    group by
        stay.academic_year, stay.variant, stay.rule_version, stay.school_key, stay.student_key, stay.year_days
),

-- a condition that the variant does not set is met
judged as (
    select
        student.academic_year,
        student.school_key,
        student.grade_level,
        student.is_counted,
        student.moves,
        rule.authority,
        rule.variant,
        rule.measure,
        rule.rule_version,
        coalesce(student.moves <= rule.max_moves, true)
        and coalesce(student.longest_days >= rule.min_consecutive_days, true)
        and coalesce(
            student.days_enrolled * rule.min_share_denominator >= student.year_days * rule.min_share_numerator, true
        ) as is_stable
    from student
    inner join rule on student.variant = rule.variant and student.rule_version = rule.rule_version
),

summed as (
    select
        judged.academic_year,
        judged.school_key,
        judged.grade_level,
        judged.authority,
        judged.variant,
        judged.measure,
        judged.rule_version,
        case judged.measure
            when 'stability' then count(*) filter (where judged.is_counted and judged.is_stable)
            when 'mobility' then count(*) filter (where judged.is_counted and not judged.is_stable)
            when 'mobility_incidence' then cast(sum(judged.moves) as bigint)
        end as numerator,
        count(*) filter (where judged.is_counted) as denominator
    from judged
    group by
        judged.academic_year, judged.school_key, judged.grade_level, judged.authority, judged.variant,
        judged.measure, judged.rule_version
)

select
    summed.academic_year,
    year_built.as_of_term_key,
    year_built.is_year_complete,
    summed.school_key,
    summed.grade_level,
    summed.authority,
    summed.variant,
    summed.measure,
    summed.numerator,
    summed.denominator,
    round(cast(summed.numerator as numeric) / nullif(summed.denominator, 0), 4) as rate,
    summed.rule_version
from summed
inner join year_built on summed.academic_year = year_built.academic_year
