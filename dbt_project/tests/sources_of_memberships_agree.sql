{{ config(severity='warn', meta={
    'what': 'systems that state a school\'s memberships count about as many students on its last day of the term',
    'why': 'the first of them alone is counted: where another has more or fewer, one of the two misses students, and the'
        ~ ' headcount may be that of the wrong one',
    'mend': 'compare stated_school_enrollment by system for the school: a sheet that was sent without a grade, or for'
        ~ ' a few students only, is to be sent again; how far they may differ is the seed rule_membership_sources',
}) }}

with rule as (
    {{ rule_of_term('rule_membership_sources') }}
),

-- who is enrolled on the last day of the term at the school, as each system has it
counted as (
    select
        stated.school_id,
        stated.system,
        count(distinct stated.student_id) filter (
            where
            coalesce(stated.is_primary, true)
            and not coalesce(stated.is_no_show, false)
            and coalesce(stated.entry_date, '-infinity')
            < coalesce(at_school.instructional_end, term.instructional_end)
            and coalesce(stated.exit_date, 'infinity')
            >= coalesce(at_school.instructional_end, term.instructional_end)
        ) as students
    from {{ ref('stated_school_enrollment') }} as stated
    inner join {{ source('etl', 'term') }} as term on stated.term_key = term.term_key
    left join {{ source('etl', 'school_term') }} as at_school
        on stated.term_key = at_school.term_key and stated.school_id = at_school.school_id
    where {{ in_term('stated') }}
    group by stated.school_id, stated.system
),

compared as (
    select
        {{ edu_key('school', 'counted.school_id') }} as school_key,
        max(counted.students) as most,
        min(counted.students) as fewest,
        count(*) as systems
    from counted
    group by counted.school_id
)

select
    compared.school_key,
    compared.most,
    compared.fewest,
    (
        select min(enrollment.system)
        from {{ ref('fct_enrollment') }} as enrollment
        where {{ in_term('enrollment') }} and enrollment.school_key = compared.school_key
    ) as counted_by
from compared
inner join rule on compared.most - compared.fewest > rule.max_difference_share * compared.most
where compared.systems > 1
