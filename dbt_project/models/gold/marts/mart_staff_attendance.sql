{# Days of staff by school and role, cover, and posts at the term's end, in parts that add up. #}
with rule as (
    {{ rule_of_term('rule_staff_attendance') }}
),

worked as (
    select
        day.school_key,
        day.role,
        count(distinct day.staff_key) as staff,
        count(*) as days_working,
        sum(1 - day.absent_portion) as days_present,
        sum(day.absent_portion) as days_absent,
        count(*) filter (
            where day.absent_portion * rule.whole_day_denominator >= rule.whole_day_numerator
        ) as whole_days_absent,
        count(*) filter (
            where day.absent_portion > 0
            and day.absent_portion * rule.whole_day_denominator < rule.whole_day_numerator
        ) as days_absent_in_part,
        coalesce(sum(day.absent_portion) filter (
            where day.absent_portion * rule.whole_day_denominator < rule.whole_day_numerator
        ), 0) as absence_in_part
    from {{ ref('fct_staff_attendance') }} as day
    left join rule on true
    where {{ in_term('day') }}
    group by day.school_key, day.role
),

covered as (
    select
        cover.school_key,
        cover.role,
        count(*) as covers_needed,
        count(*) filter (where cover.is_filled) as covers_filled,
        sum(cover.cover_portion) as cover_days_needed,
        coalesce(sum(cover.cover_portion) filter (where cover.is_filled), 0) as cover_days_filled
    from {{ ref('fct_substitute_assignment') }} as cover
    where {{ in_term('cover') }}
    group by cover.school_key, cover.role
),

posts as (
    select
        post.school_key,
        post.role,
        sum(post.fte) as fte_posts,
        coalesce(sum(post.fte) filter (where post.is_vacant), 0) as fte_vacant
    from {{ ref('fct_staff_position') }} as post
    where {{ in_term('post') }} and post.is_open
    group by post.school_key, post.role
),

-- a role that has vacant posts alone has a row too
place as (
    select
        worked.school_key,
        worked.role
    from worked
    union
    select
        covered.school_key,
        covered.role
    from covered
    union
    select
        posts.school_key,
        posts.role
    from posts
)

select
    {{ this_term() }} as term_key,
    place.school_key,
    place.role,
    coalesce(worked.staff, 0) as staff,
    coalesce(worked.days_working, 0) as days_working,
    coalesce(worked.days_present, 0) as days_present,
    coalesce(worked.days_absent, 0) as days_absent,
    coalesce(worked.whole_days_absent, 0) as whole_days_absent,
    coalesce(worked.days_absent_in_part, 0) as days_absent_in_part,
    coalesce(worked.absence_in_part, 0) as absence_in_part,
    coalesce(covered.covers_needed, 0) as covers_needed,
    coalesce(covered.covers_filled, 0) as covers_filled,
    coalesce(covered.cover_days_needed, 0) as cover_days_needed,
    coalesce(covered.cover_days_filled, 0) as cover_days_filled,
    coalesce(posts.fte_posts, 0) as fte_posts,
    coalesce(posts.fte_vacant, 0) as fte_vacant,
    rule.rule_version
from place
left join rule on true
left join worked on place.school_key = worked.school_key and place.role = worked.role
left join covered on place.school_key = covered.school_key and place.role = covered.role
left join posts on place.school_key = posts.school_key and place.role = posts.role
