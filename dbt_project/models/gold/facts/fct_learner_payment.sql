{#
    One row a payment or refund, signed. Its learner and course are those of its enrolment, where both are of one term: a
    term's figures rest on its own rows.
#}
with rule as (
    {{ rule_of_term('rule_revenue_expenditure') }}
),

stated as (
    select distinct on (payment.learner_payment_id) payment.*
    from {{ ref('conformed_learner_payment') }} as payment
    where {{ in_term('payment') }}
    order by payment.learner_payment_id asc, payment._load_id desc, payment._feed asc
)

select
    stated.term_key,
    {{ edu_key('learner_payment', 'stated.learner_payment_id') }} as learner_payment_key,
    {{ edu_key('learner_enrollment', 'stated.learner_enrollment_id') }} as learner_enrollment_key,
    enrollment.learner_enrollment_key is not null as is_enrollment_of_term,
    coalesce(enrollment.learner_key, {{ edu_key('learner', "''") }}) as learner_key,
    coalesce(enrollment.course_key, {{ edu_key('course', "''") }}) as course_key,
    stated.payment_date,
    {{ fiscal_year('stated.payment_date', 'rule') }} as fiscal_year,
    {{ fiscal_period('stated.payment_date', 'rule') }} as fiscal_period,
    stated.payment_kind,
    stated.amount,
    stated.currency,
    rule.rule_version,
    stated._load_id
from stated
left join rule on true
left join {{ ref('fct_learner_event') }} as enrollment
    on
        {{ edu_key('learner_enrollment', 'stated.learner_enrollment_id') }} = enrollment.learner_enrollment_key
        and {{ in_term('enrollment') }}
