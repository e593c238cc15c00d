{#
    What was paid for courses of the platform, whichever term the enrolment is of. A payment follows its enrolment by
    days, so that at the turn of a term the two are of different terms; here terms are read together.
#}
{{ config(materialized='view') }}

with enrollment as (
    select distinct on (known.learner_enrollment_key)
        known.learner_enrollment_key,
        known.course_key
    from {{ ref('fct_learner_event') }} as known
    inner join {{ ref('dim_academic_term') }} as term on known.term_key = term.term_key
    where known.learner_enrollment_key is not null
    order by known.learner_enrollment_key asc, term.ordinal desc
),

placed as (
    select
        payment.*,
        coalesce(enrollment.course_key, {{ edu_key('course', "''") }}) as paid_course_key
    from {{ ref('fct_learner_payment') }} as payment
    left join enrollment on payment.learner_enrollment_key = enrollment.learner_enrollment_key
)

select
    placed.term_key,
    placed.paid_course_key as course_key,
    placed.fiscal_year,
    placed.fiscal_period,
    placed.currency,
    count(*) filter (where placed.payment_kind = 'payment') as payments,
    count(*) filter (where placed.payment_kind = 'refund') as refunds,
    coalesce(sum(placed.amount) filter (where placed.payment_kind = 'payment'), 0) as collected,
    coalesce(-sum(placed.amount) filter (where placed.payment_kind = 'refund'), 0) as refunded,
    sum(placed.amount) as net_collected,
    coalesce(sum(placed.amount) filter (where not placed.is_enrollment_of_term), 0)
        as net_collected_of_earlier_enrollments,
    max(placed.rule_version) as rule_version
from placed
group by
    placed.term_key, placed.paid_course_key, placed.fiscal_year, placed.fiscal_period, placed.currency
