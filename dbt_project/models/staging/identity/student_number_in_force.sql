{#
    Numbers given up, each with the number that holds instead, by the merges of all terms: a merge tells of a student,
    whatever term its day is in.

    Of two merges of one number the later decides, of one day the later load. A number that was given up for one that was
    given up as well stands for the last of them. Merges that contradict each other in a circle (a for b, b for a) keep
    the number whose own merge is the oldest, since a later merge took it back. Sets of pairs, not paths, are followed, so
    that a circle ends like a chain.
#}
with recursive decided as (
    select distinct on (stated.old_student_id)
        stated.old_student_id,
        stated.new_student_id,
        stated.merged_on,
        stated._load_id
    from {{ ref('conformed_student_id_merge') }} as stated
    where stated.old_student_id <> stated.new_student_id
    order by
        stated.old_student_id asc, stated.merged_on desc, stated._load_id desc, stated._feed asc,
        stated.new_student_id asc
),

reached as (
    select
        decided.old_student_id as student_number,
        decided.new_student_id as student_id
    from decided
    union
    select
        reached.student_number,
        decided.new_student_id as student_id
    from reached
    inner join decided on reached.student_id = decided.old_student_id
),

in_a_circle as (
    select reached.student_number
    from reached
    where reached.student_number = reached.student_id
),

in_force as (
    select distinct on (reached.student_number)
        reached.student_number,
        reached.student_id
    from reached
    left join decided as onward on reached.student_id = onward.old_student_id
    left join in_a_circle on reached.student_id = in_a_circle.student_number
    where onward.old_student_id is null or in_a_circle.student_number is not null
    order by
        reached.student_number asc, onward.merged_on asc, onward._load_id asc, reached.student_id asc
)

select
    in_force.student_number,
    in_force.student_id,
    decided.merged_on
from in_force
inner join decided on in_force.student_number = decided.old_student_id
where in_force.student_number <> in_force.student_id
