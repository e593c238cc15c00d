{#
    The student of the network whom a state's number means, by the register of each term; a number that the register
    gives to several students means none of them.

    A register without any state's numbers is that of a network which calls its students by them: there, and only there,
    the state's number is taken for the authority's, since elsewhere one student's may equal the other number of another.

    Every grouping and join keeps term_key, so that a filter on it reaches the raw partition.
#}
with registered as (
    select
        demographic.term_key,
        demographic.state_student_id,
        min(demographic.student_id) as student_id
    from {{ ref('conformed_student_demographic') }} as demographic
    where demographic.state_student_id is not null
    group by demographic.term_key, demographic.state_student_id
    having count(distinct demographic.student_id) = 1
),

has_state_numbers as (
    select distinct demographic.term_key
    from {{ ref('conformed_student_demographic') }} as demographic
    where demographic.state_student_id is not null
)

select
    registered.term_key,
    'state:' || registered.state_student_id as identifier,
    registered.student_id,
    'state_number' as matched_by
from registered
union all
select distinct
    student.term_key,
    'state:' || student.student_id as identifier,
    student.student_id,
    'state_number_as_own' as matched_by
from {{ ref('conformed_student') }} as student
left join has_state_numbers on student.term_key = has_state_numbers.term_key
where has_state_numbers.term_key is null
