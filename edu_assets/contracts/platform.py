"""The learning platform: its learners and their activity, what they bought, and the exams they sat.

Belongs here: declarations of its three systems, whose raw schemas are raw_lms, raw_billing and raw_cert. Does not
belong here: learning products that schools use in class (assessment.py: usage_records).

Learners have the platform's own number; a learner who is a student of the network has the authority's beside it.
"""

from edu_assets.contracts.base import Column, ColumnType, LoadMode, PersonalData, System, TermByDate
from edu_assets.contracts.sheets import (
    STANDING,
    YEAR_LONG,
    amount,
    currency,
    day,
    flag,
    named,
    number,
    of_person,
    sensitive,
    sheet,
)

LMS = System(name="lms", title="Learning platform: learners and activity")
BILLING = System(name="billing", title="Learning platform: enrolments and payments")
CERT = System(name="cert", title="Learning platform: exams and certificates")

_OFFICE = "learning-platform"


def _learner() -> Column:
    return number("LearnerID", "the platform's number of the learner", required=True, personal=PersonalData.DIRECT)


def _course() -> Column:
    return number("CourseID", "the platform's course", required=True)


def _certification() -> Column:
    return number("CertificationID", "the certification", required=True)


LMS_STUDENTS = sheet(
    LMS,
    "students",
    f"learner of the platform. {STANDING}",
    (
        _learner(),
        number("StudentNumber", "the authority's student number, where there is one", personal=PersonalData.DIRECT),
        named("FirstName", "given name"),
        named("LastName", "family name"),
        named("Email", "e-mail address"),
        day("RegisteredOn", "day of registration", required=True, personal=PersonalData.INDIRECT),
    ),
    ("learner_id",),
    person=("learner_id", "student_number"),
    raw_schema="raw_lms",
    owner=_OFFICE,
    conforms_to=("learner", "student_account"),
)

COURSE_ACTIVITY = sheet(
    LMS,
    "course_activity",
    "a learner's day in a course, by kind of activity. It is of its day's term; a sheet states days whole",
    (
        _learner(),
        _course(),
        day("ActivityDate", "the day, in the network's zone", required=True, personal=PersonalData.INDIRECT),
        of_person("ActivityType", "kind of activity, in the platform's code", required=True),
        of_person("Interactions", "number of interactions", type=ColumnType.INTEGER, required=True),
        of_person("Minutes", "minutes; empty where the platform measures none", type=ColumnType.NUMERIC),
    ),
    ("learner_id", "course_id", "activity_date", "activity_type"),
    term=TermByDate(column="activity_date"),
    scope=("activity_date",),
    person=("learner_id",),
    raw_schema="raw_lms",
    owner=_OFFICE,
    conforms_to=("learning_activity",),
)

COURSE_COMPLETION = sheet(
    LMS,
    "course_completion",
    "completion of a course by a learner. It is of the term of its day, and a sheet without it takes nothing back",
    (
        _learner(),
        _course(),
        day("CompletedOn", "day of the completion", required=True, personal=PersonalData.INDIRECT),
        of_person("Score", "final score in percent", type=ColumnType.NUMERIC),
    ),
    ("learner_id", "course_id"),
    term=TermByDate(column="completed_on"),
    mode=LoadMode.INCREMENTAL,
    person=("learner_id",),
    raw_schema="raw_lms",
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("course_completion",),
)

BILLING_ENROLLMENTS = sheet(
    BILLING,
    "enrollments",
    "enrolment of a learner in a course of the platform. It is of the term of its day, and a sheet without it takes "
    "nothing back: a cancellation is a later state of the same enrolment",
    (
        number("EnrollmentID", "the enrolment", required=True),
        _learner(),
        _course(),
        day("EnrolledOn", "day of the enrolment", required=True, personal=PersonalData.INDIRECT),
        of_person("Status", "its state", required=True, allowed=("prospect", "enrolled", "cancelled")),
        day("CancelledOn", "day of the cancellation", personal=PersonalData.INDIRECT),
        amount("Price", "price agreed", required=True, personal=PersonalData.SENSITIVE),
        currency(),
    ),
    ("enrollment_id",),
    term=TermByDate(column="enrolled_on"),
    mode=LoadMode.INCREMENTAL,
    person=("learner_id",),
    raw_schema="raw_billing",
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("learner_enrollment",),
)

BILLING_PAYMENTS = sheet(
    BILLING,
    "payments",
    "payment for an enrolment. It is of the term of its own day, and a sheet without it takes nothing back",
    (
        number("PaymentID", "the payment", required=True),
        number("EnrollmentID", "the enrolment", required=True),
        day("PaidOn", "day of the payment", required=True, personal=PersonalData.INDIRECT),
        amount("Amount", "amount, never negative; its kind says which way", required=True, personal="sensitive"),
        currency(),
        sensitive("Kind", "what it is", required=True, allowed=("payment", "refund")),
    ),
    ("payment_id",),
    term=TermByDate(column="paid_on"),
    mode=LoadMode.INCREMENTAL,
    raw_schema="raw_billing",
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("learner_payment",),
)

EXAM_ATTEMPTS = sheet(
    CERT,
    "exam_attempts",
    "attempt of a learner at the exam of a certification. It is of the term of its day, and a sheet without it takes "
    "nothing back",
    (
        number("AttemptID", "the attempt", required=True),
        _learner(),
        _certification(),
        _course(),
        of_person("AttemptNumber", "number of the attempt, from 1", type=ColumnType.INTEGER, required=True),
        day("AttemptedOn", "day of the exam", required=True, personal=PersonalData.INDIRECT),
        of_person("Score", "score in percent", type=ColumnType.NUMERIC),
        flag("Passed", "whether it was passed", required=True, personal=PersonalData.INDIRECT),
    ),
    ("attempt_id",),
    term=TermByDate(column="attempted_on"),
    mode=LoadMode.INCREMENTAL,
    person=("learner_id",),
    raw_schema="raw_cert",
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("exam_attempt",),
)

CERTIFICATES = sheet(
    CERT,
    "certificates",
    "certificate of a learner. It is of the term of the day on which it was issued, and a sheet without it takes "
    "nothing back",
    (
        number("CertificateID", "the certificate", required=True),
        _learner(),
        _certification(),
        day("IssuedOn", "day of issue", required=True, personal=PersonalData.INDIRECT),
        day("ExpiresOn", "last day on which it holds", personal=PersonalData.INDIRECT),
    ),
    ("certificate_id",),
    term=TermByDate(column="issued_on"),
    mode=LoadMode.INCREMENTAL,
    person=("learner_id",),
    raw_schema="raw_cert",
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("certificate",),
)
