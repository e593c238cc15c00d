{#
    A certificate is of the term of its issue; enrolment and attempts that led to it may be of earlier ones. So this is a
    view over the facts of all terms, and nothing of it is stored.
#}
{{ config(materialized='view') }}

with rule as (
    select
        term.term_key,
        candidate.rule_version,
        candidate.days_from
    from {{ ref('dim_academic_term') }} as term
    cross join {{ source('etl', 'network') }} as network
    inner join {{ ref('rule_certification') }} as candidate
        on
            candidate.authority = {{ authority_of('rule_certification') }}
            and term.instructional_start >= coalesce(candidate.effective_from, '-infinity')
            and term.instructional_start < coalesce(candidate.effective_to, 'infinity')
),

-- the attempt that a certificate is for is the last that passed by the day of issue
earned as (
    select distinct on (certificate.term_key, certificate.learner_event_key)
        certificate.term_key,
        certificate.learner_event_key,
        certificate.learner_key,
        certificate.certification_id,
        certificate.begin_date as issued_on,
        passed.attempt_number,
        passed.course_key,
        passed.attempted_on
    from {{ ref('fct_learner_event') }} as certificate
    left join {{ ref('fct_exam_attempt') }} as passed
        on
            certificate.learner_key = passed.learner_key
            and certificate.certification_id = passed.certification_id
            and passed.is_passed
            and certificate.begin_date >= passed.attempted_on
    where certificate.event = 'certificate'
    order by
        certificate.term_key asc, certificate.learner_event_key asc,
        passed.attempted_on desc nulls last, passed.attempt_number desc
),

begun as (
    select
        earned.term_key,
        earned.learner_event_key,
        max(enrollment.begin_date) as enrolled_on
    from earned
    inner join {{ ref('fct_learner_event') }} as enrollment
        on
            earned.learner_key = enrollment.learner_key
            and earned.course_key = enrollment.course_key
            and enrollment.event = 'enrollment'
            and earned.attempted_on >= enrollment.begin_date
    group by earned.term_key, earned.learner_event_key
),

first_attempt as (
    select
        attempt.learner_key,
        attempt.certification_id,
        min(attempt.attempted_on) as attempted_on
    from {{ ref('fct_exam_attempt') }} as attempt
    group by attempt.learner_key, attempt.certification_id
),

timed as (
    select
        earned.term_key,
        earned.certification_id,
        coalesce(earned.attempt_number, 0) as attempt_number,
        earned.issued_on - case
            when rule.days_from = 'enrollment' then begun.enrolled_on
            when rule.days_from = 'first_attempt' and earned.issued_on >= first_attempt.attempted_on
                then first_attempt.attempted_on
        end as days
    from earned
    left join rule on earned.term_key = rule.term_key
    left join begun
        on
            earned.term_key = begun.term_key
            and earned.learner_event_key = begun.learner_event_key
    left join first_attempt
        on
            earned.learner_key = first_attempt.learner_key
            and earned.certification_id = first_attempt.certification_id
),

part as (
    select
        attempt.term_key,
        attempt.certification_id,
        attempt.attempt_number,
        count(*) as attempts,
        count(attempt.is_passed) as attempts_with_result,
        count(*) filter (where attempt.is_passed) as passes,
        0 as certificates,
        0 as certificates_timed,
        0 as days_to_certificate
    from {{ ref('fct_exam_attempt') }} as attempt
    group by attempt.term_key, attempt.certification_id, attempt.attempt_number
    union all
    select
        timed.term_key,
        timed.certification_id,
        timed.attempt_number,
        0 as attempts,
        0 as attempts_with_result,
        0 as passes,
        count(*) as certificates,
        count(timed.days) as certificates_timed,
        coalesce(sum(timed.days), 0) as days_to_certificate
    from timed
    group by timed.term_key, timed.certification_id, timed.attempt_number
),

added as (
    select
        part.term_key,
        part.certification_id,
        part.attempt_number,
        cast(sum(part.attempts) as bigint) as attempts,
        cast(sum(part.attempts_with_result) as bigint) as attempts_with_result,
        cast(sum(part.passes) as bigint) as passes,
        cast(sum(part.certificates) as bigint) as certificates,
        cast(sum(part.certificates_timed) as bigint) as certificates_timed,
        cast(sum(part.days_to_certificate) as bigint) as days_to_certificate
    from part
    group by part.term_key, part.certification_id, part.attempt_number
)

select
    added.*,
    round(cast(added.passes as numeric) / nullif(added.attempts_with_result, 0), 4) as pass_rate,
    round(cast(added.days_to_certificate as numeric) / nullif(added.certificates_timed, 0), 1)
        as average_days_to_certificate,
    rule.rule_version
from added
left join rule on added.term_key = rule.term_key
