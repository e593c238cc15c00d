{#
    What staff of a school learned by role and topic in a term, beside what the academic year asks of the role. A topic
    that is asked of a role has a row at every school that has the role, whether anybody learned or not.
#}
with rule as (
    {{ rule_of_term('rule_professional_learning') }}
),

learned as (
    select
        learning.school_key,
        learning.role,
        learning.topic,
        count(*) as records,
        count(*) filter (where learning.is_counted) as completions,
        coalesce(sum(learning.hours) filter (where learning.is_counted), 0) as hours_completed,
        count(distinct learning.staff_key) as staff,
        count(distinct learning.staff_key) filter (where learning.is_counted) as staff_completed
    from {{ ref('fct_professional_learning') }} as learning
    where {{ in_term('learning') }}
    group by learning.school_key, learning.role, learning.topic
),

in_role as (
    select
        assignment.school_key,
        assignment.role,
        count(distinct assignment.staff_key) as staff_in_role
    from {{ ref('fct_staff_assignment') }} as assignment
    where {{ in_term('assignment') }} and assignment.is_held
    group by assignment.school_key, assignment.role
),

requirement as (
    select distinct on (stated.role, stated.topic)
        stated.role,
        stated.topic,
        stated.hours_required
    from {{ ref('conformed_professional_learning_requirement') }} as stated
    inner join {{ ref('dim_academic_term') }} as term
        on stated.term_key = term.term_key and stated.academic_year = term.academic_year
    where {{ in_term('stated') }}
    order by stated.role asc, stated.topic asc, stated._load_id desc, stated._feed asc
),

place as (
    select
        learned.school_key,
        learned.role,
        learned.topic
    from learned
    union
    select
        in_role.school_key,
        in_role.role,
        requirement.topic
    from in_role
    inner join requirement on in_role.role = requirement.role
)

select
    {{ this_term() }} as term_key,
    place.school_key,
    place.role,
    place.topic,
    coalesce(learned.records, 0) as records,
    coalesce(learned.completions, 0) as completions,
    coalesce(learned.hours_completed, 0) as hours_completed,
    coalesce(learned.staff, 0) as staff,
    coalesce(learned.staff_completed, 0) as staff_completed,
    coalesce(in_role.staff_in_role, 0) as staff_in_role,
    requirement.hours_required,
    rule.rule_version
from place
left join rule on true
left join learned
    on place.school_key = learned.school_key and place.role = learned.role and place.topic = learned.topic
left join in_role on place.school_key = in_role.school_key and place.role = in_role.role
left join requirement on place.role = requirement.role and place.topic = requirement.topic
