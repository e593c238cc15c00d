{#
    Every version of a student's row that the network's latest term has had. A run of an older term reads no row here,
    so its back-fill changes nothing; nor does a deploy, which makes the table. What is gone from the rosters keeps its
    last version open: when a student left is in fct_enrollment.

    Of several feeds that hold a student those that keep the account in use speak, of these the row that changed last, so
    that versions never go back in time. One run at a time: the hook takes the gold lock, and the transaction that reads
    and writes keeps it.
#}
{% snapshot snap_students %}

{{ config(
    unique_key='student_key',
    strategy='timestamp',
    updated_at='_ingested_at',
    hard_deletes='ignore',
    pre_hook="{{ take_gold_lock() }}",
    post_hook="{{ keep_one_open_version(this, 'student_key') }}",
) }}

with latest as (
    select max(term.ordinal) as ordinal
    from {{ source('etl', 'load_log') }} as log
    inner join {{ source('etl', 'feed_entity') }} as given on log.feed = given.feed
    inner join {{ source('etl', 'term') }} as term on log.term_key = term.term_key
    where given.entity = 'student' and log.status = 'applied'
),

student as (
    {{ students_in_use() }}
)

select distinct on (student.student_id)
    {{ edu_key('student', 'student.student_id') }} as student_key,
    student.student_id,
    student.given_name,
    student.family_name,
    student.grade_level,
    {{ edu_key('school', 'student.primary_school_id') }} as primary_school_key,
    student.term_key as _term_key,
    student._feed,
    student._load_id,
    student._ingested_at
from student
inner join {{ source('etl', 'term') }} as term on student.term_key = term.term_key
inner join latest on term.ordinal = latest.ordinal
where {{ in_term('student') }} and student.student_id <> ''
order by student.student_id asc, student._ingested_at desc, student._load_id desc, student._feed asc

{% endsnapshot %}
