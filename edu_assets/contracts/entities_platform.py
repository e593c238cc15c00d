"""Canonical entities of learning online: learners, their activity, enrolments and what is paid for them, exams and
certificates, use of products.

Belongs here: columns alone. Does not belong here: fees of schools (entities_finance.py), the products themselves, which
state a learner is in (rules, in gold).

A learner is whoever has an account; a learner who is a student of the network has the authority's student number too.
The platform's three systems share its numbers of learners and courses, so a natural key says `platform:`, not a feed.
"""

from edu_assets.contracts.base import Entity, EntityColumn, PersonalData

_LEARNER = EntityColumn(
    name="learner_id", type="text", description="the platform's or the feed's learner", personal=PersonalData.DIRECT
)
_COURSE = EntityColumn(name="course_id", type="text", description="the course that is learned online")
_CERTIFICATION = EntityColumn(name="certification_id", type="text", description="what the exam certifies")


def _of_person(name: str, kind: str, description: str) -> EntityColumn:
    return EntityColumn(name=name, type=kind, description=description, personal=PersonalData.INDIRECT)


LEARNER = Entity(
    name="learner",
    definition="an account on a learning platform, as of the term (xAPI Actor)",
    columns=(
        _LEARNER,
        EntityColumn(
            name="student_id",
            type="text",
            description="the network's student who has the account; null: a learner of no school",
            personal=PersonalData.DIRECT,
            may_be_unregistered=True,
        ),
        _of_person("registered_on", "date", "day of registration; null where not given"),
    ),
)

STUDENT_ACCOUNT = Entity(
    name="student_account",
    definition=(
        "an account whose system does not give the authority's number of its holder, with what it says of who that is "
        "(Ed-Fi StudentIdentificationSystem): for a person to look at, never for figures"
    ),
    columns=(
        EntityColumn(
            name="account_id", type="text", description="the system's identifier", personal=PersonalData.DIRECT
        ),
        EntityColumn(name="given_name", type="text", personal=PersonalData.DIRECT),
        EntityColumn(name="family_name", type="text", personal=PersonalData.DIRECT),
        _of_person("birth_date", "date", "null where not given"),
        _of_person("grade_level", "text", "CEDS grade level code; null where not given"),
    ),
)

LEARNING_ACTIVITY = Entity(
    name="learning_activity",
    definition="a learner's day in an online course, by kind of activity (Caliper and xAPI events, added up)",
    columns=(
        _LEARNER,
        _COURSE,
        _of_person("activity_date", "date", "the day, in the network's zone"),
        _of_person("activity_type", "text", "kind of activity, in the source's code"),
        _of_person("interactions", "bigint", "number of interactions"),
        _of_person("minutes", "numeric", "time spent; null where it is not measured"),
    ),
)

PRODUCT_USAGE = Entity(
    name="product_usage",
    definition="a student's day in a learning product that a class uses",
    columns=(
        EntityColumn(name="student_id", type="text", personal=PersonalData.DIRECT),
        EntityColumn(name="school_id", type="text"),
        EntityColumn(name="product_id", type="text"),
        EntityColumn(name="source_class_id", type="text", description="the class as its roster names it"),
        _of_person("usage_date", "date", "the day, in the school's zone"),
        _of_person("minutes", "numeric", "time of use"),
        _of_person("sessions", "bigint", "number of sessions; null where not given"),
        _of_person("items_completed", "bigint", "number of items completed; null where not given"),
    ),
)

LEARNER_ENROLLMENT = Entity(
    name="learner_enrollment",
    definition="enrolment of a learner in an online course, or the interest in one",
    columns=(
        EntityColumn(name="learner_enrollment_id", type="text", description="feed and the source's key"),
        _LEARNER,
        _COURSE,
        _of_person("enrolled_on", "date", "first day"),
        _of_person("is_prospect", "boolean", "whether it is an interest only, so far"),
        _of_person("is_cancelled", "boolean", "whether it was cancelled"),
        _of_person("cancelled_on", "date", "first day no longer enrolled; null where not given"),
    ),
)

LEARNER_PAYMENT = Entity(
    name="learner_payment",
    definition=(
        "what was paid, or paid back, for an enrolment in an online course: money of whoever runs the platform, never "
        "a school's fee (fee_payment)"
    ),
    columns=(
        EntityColumn(name="learner_payment_id", type="text", description="feed and the source's key"),
        EntityColumn(name="learner_enrollment_id", type="text", description="feed and the source's enrolment"),
        _of_person("payment_date", "date", "day of the payment"),
        EntityColumn(
            name="payment_kind", type="text", description="payment or refund", personal=PersonalData.SENSITIVE
        ),
        EntityColumn(
            name="amount",
            type="numeric",
            description="amount received; negative where it was paid back",
            personal=PersonalData.SENSITIVE,
        ),
        EntityColumn(name="currency", type="text", description="ISO 4217 code"),
    ),
)

COURSE_COMPLETION = Entity(
    name="course_completion",
    definition="completion of an online course by a learner",
    columns=(
        _LEARNER,
        _COURSE,
        _of_person("completed_on", "date", "day of the completion"),
    ),
)

EXAM_ATTEMPT = Entity(
    name="exam_attempt",
    definition="attempt of a learner at the exam of a certification",
    columns=(
        EntityColumn(name="exam_attempt_id", type="text", description="feed and the source's key"),
        _LEARNER,
        _CERTIFICATION,
        _COURSE,
        _of_person("attempt_number", "integer", "number of the attempt, from 1"),
        _of_person("attempted_on", "date", "day of the exam"),
        _of_person("score", "numeric", "score in percent; null where there is none"),
        _of_person("is_passed", "boolean", "as the source says; null: the pass mark of its system decides"),
        EntityColumn(name="system", type="text"),
    ),
)

CERTIFICATE = Entity(
    name="certificate",
    definition="certificate of a learner",
    columns=(
        EntityColumn(name="certificate_id", type="text", description="feed and the source's key"),
        _LEARNER,
        _CERTIFICATION,
        _of_person("issued_on", "date", "day of issue"),
        _of_person("expires_on", "date", "last day on which it holds; null: it does not expire"),
    ),
)
