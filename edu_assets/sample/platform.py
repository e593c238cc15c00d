"""What the learning platform's three systems write: learners and activity, enrolments and payments, exams.

Belongs here: who learns on the platform, courses, days of activity, what was bought and what was passed. Does not
belong here: what schools teach (timetable.py).

About a quarter of the students of the upper grades learn there, in their own time, and others who are no students of
the network and have no number of the authority. Able students of a favourable outlook keep at it, and pass.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from edu_assets.sample.names import FAMILY, GIVEN
from edu_assets.sample.population import Student
from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.world import Cell, TableFile, World

LMS, BILLING, CERT = "lms", "billing", "cert"
CURRENCY = "USD"
MAIL_DOMAIN = "learners.example.org"


@dataclass(frozen=True)
class Course:
    """A course of the platform. hard: how much lower its scores are than others'."""

    number: str
    certification: str
    price: float
    weeks: int
    hard: float


COURSES = (
    Course("STATS-101", "CERT-STATS", 120.0, 10, 5.0),
    Course("DATA-101", "CERT-DATA", 150.0, 12, 3.0),
    Course("CODE-101", "CERT-CODE", 140.0, 12, 4.0),
    Course("WRITE-101", "CERT-WRITE", 90.0, 8, 0.0),
    Course("STUDY-100", "CERT-STUDY", 40.0, 6, -5.0),
)

LOWEST_GRADE = 6
LEARNERS = 0.25  # of the students of these grades
OTHERS = 0.25  # learners without a student number, for each with one
FEWEST_LEARNERS, FEWEST_OTHERS = 2, 3
COURSE_CHANCES = (1.0, 0.55, 0.25)  # of a first, a second, a third course
STUDENT_PRICE = 0.5  # share of the price that students of the network pay
PROSPECT, CANCELLED = 0.08, 0.09
CANCELLED_AFTER = (3, 40)  # days
PAID_AFTER, REFUNDED_AFTER = (0, 14), (2, 12)
REFUNDED = 0.75  # of cancellations that had been paid

ACTIVE, WEEKEND_ACTIVE = 0.4, 0.55  # chance of an active day; times a drive; at weekends times this again
DRIVE_BY_OUTLOOK, DRIVE_BY_ABILITY, DRIVE_SPREAD = 0.18, 0.1, 0.2
DROPS_OUT_LOGIT, DROPS_OUT_BY_DRIVE = -0.7, 3.0
ACTIVITIES = (  # kind, chance on an active day, interactions up to, minutes an interaction or None
    ("video", 0.75, 6, 7.0),
    ("reading", 0.5, 8, 3.5),
    ("quiz", 0.35, 3, 9.0),
    ("forum", 0.15, 4, None),
)
SCORE, SCORE_BY_ABILITY, SCORE_SPREAD = 78.0, 8.0, 7.0
TAKES_EXAM, TAKES_IT_AGAIN = 0.8, 0.8
PASSED_FROM, LEARNED_BETWEEN = 70.0, 7.0
MOST_ATTEMPTS = 3
EXAM_AFTER, AGAIN_AFTER, ISSUED_AFTER = (4, 21), (14, 35), (1, 5)
HOLDS_FOR = 730  # days

STUDENTS = ("LearnerID", "StudentNumber", "FirstName", "LastName", "Email", "RegisteredOn")
COURSE_ACTIVITY = ("LearnerID", "CourseID", "ActivityDate", "ActivityType", "Interactions", "Minutes")
COURSE_COMPLETION = ("LearnerID", "CourseID", "CompletedOn", "Score")
ENROLLMENTS = (*("EnrollmentID", "LearnerID", "CourseID", "EnrolledOn", "Status", "CancelledOn", "Price", "Currency"),)
PAYMENTS = ("PaymentID", "EnrollmentID", "PaidOn", "Amount", "Currency", "Kind")
EXAM_ATTEMPTS = (
    *("AttemptID", "LearnerID", "CertificationID", "CourseID", "AttemptNumber", "AttemptedOn", "Score", "Passed"),
)
CERTIFICATES = ("CertificateID", "LearnerID", "CertificationID", "IssuedOn", "ExpiresOn")

Row = Sequence[Cell]
Event = tuple[date, str | None, Row]


def tables(world: World) -> Iterator[TableFile]:
    """Every table of the platform: of its systems lms, billing and cert."""
    platform = _Platform(world)
    yield from world.standing(LMS, "students", STUDENTS, platform.learner_rows)
    yield from world.dated(LMS, "course_activity", COURSE_ACTIVITY, platform.activity())
    yield from world.dated(LMS, "course_completion", COURSE_COMPLETION, platform.completions())
    yield from world.dated(BILLING, "enrollments", ENROLLMENTS, platform.enrolments())
    yield from world.dated(BILLING, "payments", PAYMENTS, platform.payments())
    yield from world.dated(CERT, "exam_attempts", EXAM_ATTEMPTS, platform.attempts())
    yield from world.dated(CERT, "certificates", CERTIFICATES, platform.certificates())


@dataclass(frozen=True)
class _Learner:
    """student: of the network, who has the authority's number. drive: expected share of effort, around 1."""

    number: str
    student: Student | None
    given: str
    family: str
    registered: date
    ability: float
    drive: float

    @property
    def mail(self) -> str:
        plain = unicodedata.normalize("NFKD", f"{self.given}.{self.family}").encode("ascii", "ignore").decode()
        return f"{plain.lower().replace(chr(39), '')}.{self.number.lower()}@{MAIL_DOMAIN}"


@dataclass(frozen=True)
class _Enrolment:
    """A learner in a course. ends: the last day on which the learner may be active in it; completed: when and how."""

    number: str
    learner: _Learner
    course: Course
    day: date
    status: str
    cancelled: date | None
    ends: date
    completed: tuple[date, float] | None

    @property
    def price(self) -> float:
        return round(self.course.price * (STUDENT_PRICE if self.learner.student else 1.0), 2)


@dataclass(frozen=True)
class _Attempt:
    enrolment: _Enrolment
    place: int
    day: date
    score: float

    @property
    def passed(self) -> bool:
        return self.score >= PASSED_FROM


class _Platform:
    def __init__(self, world: World) -> None:
        self.world = world
        self.begin = world.terms[0][1].administrative.start
        self.end = world.terms[-1][1].administrative.end - timedelta(1)  # so that the last day can be sent in time
        self.learners = [*self._students(), *self._others()]
        self.enrolled = [enrolment for learner in self.learners for enrolment in self._enrolments(learner)]
        self.attempted = [attempt for enrolment in self.enrolled for attempt in self._attempts(enrolment)]

    # -- tables ---------------------------------------------------------------------------------

    def learner_rows(self, _year: SchoolYear, day: date) -> Iterator[Row]:
        for each in self.learners:
            if each.registered <= day:
                student = self.world.number_on(each.student, day) if each.student else None
                yield each.number, student, each.given, each.family, each.mail, each.registered

    def activity(self) -> Iterator[Event]:
        for enrolment in self.enrolled:
            if enrolment.status == "prospect":
                continue
            for day in self._active_days(enrolment):
                for kind, interactions, minutes in self._of_day(enrolment, day):
                    about = (enrolment.learner.number, enrolment.course.number, day, kind)
                    yield day, None, (*about, interactions, minutes)

    def completions(self) -> Iterator[Event]:
        for enrolment in self.enrolled:
            if enrolment.completed is not None:
                day, score = enrolment.completed
                yield day, None, (enrolment.learner.number, enrolment.course.number, day, score)

    def enrolments(self) -> Iterator[Event]:
        for each in self.enrolled:
            about = (each.number, each.learner.number, each.course.number, each.day, each.status)
            yield each.day, None, (*about, each.cancelled, each.price, CURRENCY)

    def payments(self) -> Iterator[Event]:
        for enrolment in self.enrolled:
            for place, (day, kind) in enumerate(self._paid(enrolment), start=1):
                number = f"PAY-{enrolment.number}-{place}"
                yield day, None, (number, enrolment.number, day, enrolment.price, CURRENCY, kind)

    def attempts(self) -> Iterator[Event]:
        for each in self.attempted:
            enrolment = each.enrolment
            number = f"EX-{enrolment.number}-{each.place}"
            about = (number, enrolment.learner.number, enrolment.course.certification, enrolment.course.number)
            yield each.day, None, (*about, each.place, each.day, each.score, each.passed)

    def certificates(self) -> Iterator[Event]:
        for each in self.attempted:
            enrolment = each.enrolment
            day = each.day + timedelta(self._random("issued", enrolment.number).randint(*ISSUED_AFTER))
            if each.passed and day < self.end:
                about = (f"CE-{enrolment.number}", enrolment.learner.number, enrolment.course.certification)
                yield day, None, (*about, day, day + timedelta(HOLDS_FOR))

    # -- learners -------------------------------------------------------------------------------

    def _random(self, *about: object) -> Random:
        return self.world.random("platform", *about)

    def _students(self) -> Iterator[_Learner]:
        """Students of the upper grades, from the first year on in which they may learn here; a few at least."""
        since: dict[int, date] = {}
        for member in self.world.population.memberships:
            if member.came and member.grade != "KG" and int(member.grade) >= LOWEST_GRADE:
                since.setdefault(member.student.index, member.entry)
        eligible = [each for each in self.world.population.students if each.index in since]
        eligible.sort(key=lambda student: self._random("learns", student.index).random())
        count = min(len(eligible), max(FEWEST_LEARNERS, round(LEARNERS * len(eligible))))
        for place, student in enumerate(eligible[:count], start=1):
            traits = self.world.traits_of(student)
            random = self._random("registers", student.index)
            left = (self.end - since[student.index]).days
            registered = since[student.index] + timedelta(random.randrange(max(1, left * 2 // 3)))
            drive = DRIVE_BY_OUTLOOK * traits.outlook + DRIVE_BY_ABILITY * traits.ability
            number, family = f"L{place:06d}", student.family_on(registered)
            yield _Learner(
                *(number, student, student.given, family, registered, traits.ability),
                1 + drive + random.gauss(0, DRIVE_SPREAD),
            )

    def _others(self) -> Iterator[_Learner]:
        students, namesakes = len(list(self._students())), self._names_of_students()
        for place in range(1, max(FEWEST_OTHERS, round(OTHERS * students)) + 1):
            random = self._random("other", place)
            registered = self.begin + timedelta(random.randrange((self.end - self.begin).days * 3 // 4))
            given, family = random.choice(GIVEN), random.choice(FAMILY)
            if place <= len(namesakes):
                given, family = namesakes[place - 1]
            number = f"L{students + place:06d}"
            yield _Learner(
                *(number, None, given, family, registered, random.gauss(0.2, 1)), 1 + random.gauss(0.1, 0.25)
            )

    def _names_of_students(self) -> list[tuple[str, str]]:
        """Names of learners without a number that a student of the last year has, or two: perhaps these opened another
        account."""
        last_year = self.world.population.years[-1].label
        named: dict[tuple[str, str], set[int]] = {}
        for member in self.world.population.memberships:
            if member.came and member.year == last_year and member.student.renamed is None:
                named.setdefault((member.student.given, member.student.family), set()).add(member.student.index)
        first = {len(who): names for names, who in sorted(named.items(), reverse=True)}
        return [first[students] for students in (1, 2) if students in first]

    # -- enrolments -----------------------------------------------------------------------------

    def _enrolments(self, learner: _Learner) -> Iterator[_Enrolment]:
        """A learner's courses, one after the other as a rule, as far as the calendar reaches."""
        random = self._random("courses", learner.number)
        chosen = random.sample(COURSES, len(COURSE_CHANCES))
        day = learner.registered + timedelta(random.randrange(6))
        for place, (course, chance) in enumerate(zip(chosen, COURSE_CHANCES, strict=True), start=1):
            if day >= self.end or random.random() >= chance:
                return
            yield self._enrolment(f"E{learner.number[1:]}-{place}", learner, course, day)
            day += timedelta(course.weeks * 7 + random.randint(5, 60))

    def _enrolment(self, number: str, learner: _Learner, course: Course, day: date) -> _Enrolment:
        random = self._random("enrolment", number)
        full = day + timedelta(round(course.weeks * 7 * random.uniform(0.85, 1.2)))
        chance = random.random()
        if chance < PROSPECT:
            return _Enrolment(number, learner, course, day, "prospect", None, day, None)
        cancelled = day + timedelta(random.randint(*CANCELLED_AFTER))
        if chance < PROSPECT + CANCELLED and cancelled < self.end:
            return _Enrolment(number, learner, course, day, "cancelled", cancelled, cancelled, None)
        drops_out = 1 / (1 + math.exp(-(DROPS_OUT_LOGIT - DROPS_OUT_BY_DRIVE * (learner.drive - 1))))
        if random.random() < drops_out:
            ends = day + timedelta(random.randint(7, course.weeks * 5))
            return _Enrolment(number, learner, course, day, "enrolled", None, ends, None)
        score = self._score(random, learner, course)
        completed = (full, score) if full < self.end else None
        return _Enrolment(number, learner, course, day, "enrolled", None, full, completed)

    @staticmethod
    def _score(random: Random, learner: _Learner, course: Course, better: float = 0.0) -> float:
        score = random.gauss(SCORE + SCORE_BY_ABILITY * learner.ability - course.hard + better, SCORE_SPREAD)
        return round(min(max(score, 0.0), 100.0), 1)

    def _paid(self, enrolment: _Enrolment) -> Iterator[tuple[date, str]]:
        """Day and kind of what was paid and paid back; nothing is paid once an enrolment is cancelled."""
        random = self._random("paid", enrolment.number)
        day = enrolment.day + timedelta(random.randint(*PAID_AFTER))
        cancelled = enrolment.cancelled
        if enrolment.status == "prospect" or day >= self.end or (cancelled is not None and day > cancelled):
            return
        yield day, "payment"
        back = (cancelled or day) + timedelta(random.randint(*REFUNDED_AFTER))
        if cancelled is not None and random.random() < REFUNDED and back < self.end:
            yield back, "refund"

    # -- learning -------------------------------------------------------------------------------

    def _active_days(self, enrolment: _Enrolment) -> Iterator[date]:
        random = self._random("active", enrolment.number)
        chance = ACTIVE * min(max(enrolment.learner.drive, 0.3), 1.8)
        for n in range((min(enrolment.ends + timedelta(1), self.end) - enrolment.day).days):
            day = enrolment.day + timedelta(n)
            active = random.random() < chance * (WEEKEND_ACTIVE if day.weekday() > 4 else 1.0)
            if active or (enrolment.completed is not None and day == enrolment.completed[0]):
                yield day

    def _of_day(self, enrolment: _Enrolment, day: date) -> Iterator[tuple[str, int, float | None]]:
        """Kind, interactions and minutes of a day; at least one kind."""
        random = self._random("day", enrolment.number, day)
        done = [activity for activity in ACTIVITIES if random.random() < activity[1]] or [ACTIVITIES[0]]
        for kind, _, most, each in done:
            interactions = random.randint(1, most)
            minutes = None if each is None else round(interactions * each * random.uniform(0.5, 1.6), 1)
            yield kind, interactions, minutes

    def _attempts(self, enrolment: _Enrolment) -> Iterator[_Attempt]:
        """Attempts at the exam after a course, until it is passed or given up."""
        random = self._random("exam", enrolment.number)
        if enrolment.completed is None or random.random() >= TAKES_EXAM:
            return
        day = enrolment.completed[0] + timedelta(random.randint(*EXAM_AFTER))
        for place in range(1, MOST_ATTEMPTS + 1):
            score = self._score(random, enrolment.learner, enrolment.course, LEARNED_BETWEEN * (place - 1))
            attempt = _Attempt(enrolment, place, day, score)
            if day >= self.end:
                return
            yield attempt
            if attempt.passed or random.random() >= TAKES_IT_AGAIN:
                return
            day += timedelta(random.randint(*AGAIN_AFTER))
