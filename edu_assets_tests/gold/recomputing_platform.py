"""Learning online worked out again from the exported sheets, from the definitions in words.

A learner is a student where the term's own sheet of learners gives the authority's number. On the platform a day is
active from one interaction on, in a product from one minute on; time that is not measured is no time at all, not zero.

A learner with an open enrolment is active for two weeks after an activity, enrolled for two weeks after an enrolment,
then at risk; 120 days after the last of both the enrolment counts as given up. An enrolment is open until it is
cancelled or its course completed.

Money is of the term of its day, and of the course of its enrolment. What is paid back takes away from it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from edu_assets.sample import ExportedFile
from edu_assets_tests.gold.recomputing import Membership, Recomputed
from edu_assets_tests.gold.recomputing_finance import fiscal
from edu_assets_tests.gold.recomputing_learning import hashed
from edu_assets_tests.gold.recomputing_sheets import Sheets, day_of, number
from edu_assets_tests.sample.reading import Row

PLATFORM, NO_SCHOOL = "platform", ""
DAY = timedelta(1)
AT_RISK_AFTER, LAPSED_AFTER = 14, 120
FOUR_PLACES, ONE_PLACE = Decimal("0.0001"), Decimal("0.1")


@dataclass
class History:
    """What is known of a learner. A cancellation's day is the first no longer enrolled, a certificate's the last."""

    known: list[date] = field(default_factory=list)
    enrolments: list[tuple[str, date, date | None]] = field(default_factory=list)
    completions: list[tuple[str, date]] = field(default_factory=list)
    certificates: list[tuple[date, date | None]] = field(default_factory=list)
    active: set[date] = field(default_factory=set)

    @property
    def first_day(self) -> date:
        return min([*self.known, *self.heard])

    @property
    def heard(self) -> list[date]:
        """Days on which something came of the learner; a registration alone is told by nobody's sheet of events."""
        return [
            *(begin for _, begin, _ in self.enrolments),
            *(day for _, day in self.completions),
            *(day for day, _ in self.certificates),
            *self.active,
        ]

    def _is_open(self, enrolment: tuple[str, date, date | None], day: date) -> bool:
        course, begin, cancelled = enrolment
        completed = any(of == course and begin <= done <= day for of, done in self.completions)
        return begin <= day and not completed and (cancelled is None or day < cancelled)

    def state_on(self, day: date) -> str:
        if any(self._is_open(each, day) for each in self.enrolments):
            active = [(day - each).days for each in self.active if each <= day]
            enrolled = [(day - begin).days for _, begin, _ in self.enrolments if begin <= day]
            if active and min(active) <= AT_RISK_AFTER:
                return "active"
            if min(enrolled) <= AT_RISK_AFTER:
                return "enrolled"
            if min(active + enrolled) <= LAPSED_AFTER:
                return "at_risk"
        if any(issued <= day and (last is None or day <= last) for issued, last in self.certificates):
            return "certified"
        return "completed" if any(done <= day for _, done in self.completions) else "prospect"


class SystemSheets(Sheets):
    """The sheets of one system alone: others have sheets of the same names."""

    def __init__(self, base: Recomputed, system: str) -> None:
        super().__init__(base)
        self.feeds = {name for name, feed in base.network.feeds.items() if feed.system == system}

    def _files(self, table: str) -> Iterator[tuple[ExportedFile, list[Row]]]:
        for file in self.base.files:
            if file.feed in self.feeds and table in file.rows:
                yield file, self.base.sheet(file)


class LearningOnline:
    """Activity, use of products and what follows from them by term, from a network's landing zone."""

    def __init__(self, base: Recomputed) -> None:
        self.base = base
        lms, products = SystemSheets(base, "lms"), SystemSheets(base, "assessment")
        self.learners = lms.standing("students")
        self.activity = lms.dated("course_activity", "ActivityDate", "ActivityDate")
        self.usage = products.dated("usage_records", "UsedOn", "SchoolID", "ProductID", "UsedOn")
        self.completed = lms.dated("course_completion", "CompletedOn")
        self.enrolled = SystemSheets(base, "billing").dated("enrollments", "EnrolledOn")
        self.paid = SystemSheets(base, "billing").dated("payments", "PaidOn")
        self.attempted = SystemSheets(base, "cert").dated("exam_attempts", "AttemptedOn")
        self.certified = SystemSheets(base, "cert").dated("certificates", "IssuedOn")

    @cached_property
    def student_of(self) -> dict[tuple[str, str], str]:
        """(term, learner) → the student whom the term's sheet of learners names."""
        return {
            (term, row["LearnerID"]): row["StudentNumber"]
            for term, rows in self.learners.items()
            for row in rows
            if row["StudentNumber"]
        }

    @cached_property
    def days(self) -> dict[tuple, dict]:
        """(term, learner, course, day) → what the learner did."""
        kinds: dict[tuple, list[Row]] = defaultdict(list)
        for term, rows in self.activity.items():
            for row in rows:
                day = date.fromisoformat(row["ActivityDate"])
                kinds[term, f"platform:{row['LearnerID']}", f"platform:{row['CourseID']}", day].append(row)
        return {
            key: {
                "student_id": self.student_of.get((key[0], rows[0]["LearnerID"]), ""),
                "interactions": sum(int(row["Interactions"]) for row in rows),
                "interactions_timed": sum(int(row["Interactions"]) for row in rows if row["Minutes"]),
                "minutes": total([number(row["Minutes"]) for row in rows]),
            }
            for key, rows in kinds.items()
        }

    @cached_property
    def course_of(self) -> dict[tuple[str, str, str], tuple[str, str]]:
        """(term, school, the roster's name of a class) → the class and its course, with their feed."""
        return {
            (term, tables["orgs"][row["schoolSourcedId"]]["identifier"], row["sourcedId"]): (
                f"{feed}:{row['sourcedId']}",
                f"{feed}:{row['courseSourcedId']}",
            )
            for (feed, term), tables in self.base.rosters.items()
            for row in tables["classes"].values()
        }

    @cached_property
    def product_days(self) -> dict[tuple, dict]:
        """(term, student, school, product, the roster's name of the class, day) → the use."""
        found = {}
        for term, rows in self.usage.items():
            for row in rows:
                class_id, course_id = self.course_of[term, row["SchoolID"], row["ClassID"]]
                day = date.fromisoformat(row["UsedOn"])
                found[term, row["StudentNumber"], row["SchoolID"], row["ProductID"], row["ClassID"], day] = {
                    "class_id": class_id,
                    "course_id": course_id,
                    "minutes": Decimal(row["Minutes"]),
                    "sessions": int(row["Sessions"]),
                    "items_completed": int(row["ItemsCompleted"]),
                }
        return found

    @cached_property
    def _stays(self) -> dict[tuple[str, str], list[Membership]]:
        found: dict[tuple[str, str], list[Membership]] = defaultdict(list)
        for term, members in self.base.memberships.items():
            for member in members:
                if not member.is_no_show:
                    found[term, member.student].append(member)
        return found

    def school_on(self, term: str, student: str, day: date) -> str:
        """The school of the membership on a day, the primary one first; else of the term's last."""
        stays = self._stays.get((term, student), [])
        foremost = max(stays, key=lambda stay: (stay.holds_on(day), stay.is_primary, stay.entry), default=None)
        return foremost.school if foremost else NO_SCHOOL

    def learning_usage(self) -> dict[tuple, dict]:
        """(term, school, course, source) → the mart."""
        spent: dict[tuple, dict[tuple[str, date], list[dict]]] = defaultdict(lambda: defaultdict(list))
        for (term, learner, course, day), done in self.days.items():
            school = self.school_on(term, done["student_id"], day)
            spent[term, school, course, PLATFORM][done["student_id"] or learner, day].append(done)
        for (term, student, school, product, _, day), used in self.product_days.items():
            spent[term, school, used["course_id"], product][student, day].append(used)
        return {place: _of_days(place[3] == PLATFORM, by_day) for place, by_day in spent.items()}

    # -- exams and certificates -----------------------------------------------------------------

    @cached_property
    def attempts(self) -> dict[tuple, dict]:
        """(term, hash of the attempt) → the rest of it."""
        return {
            (term, hashed("exam_attempt", f"cert:{row['AttemptID']}")): {
                "learner_id": f"platform:{row['LearnerID']}",
                "course_id": f"platform:{row['CourseID']}",
                "certification_id": f"platform:{row['CertificationID']}",
                "attempt_number": int(row["AttemptNumber"]),
                "attempted_on": date.fromisoformat(row["AttemptedOn"]),
                "score": number(row["Score"]),
                "is_passed": row["Passed"] == "true",
                "pass_rule_version": None,
            }
            for term, rows in self.attempted.items()
            for row in rows
        }

    def certification(self) -> dict[tuple, dict]:
        """(term, certification, number of the attempt) → the mart."""
        attempts: Counter[tuple] = Counter()
        passes: Counter[tuple] = Counter()
        for (term, _), attempt in self.attempts.items():
            place = (term, attempt["certification_id"], attempt["attempt_number"])
            attempts[place] += 1
            passes[place] += attempt["is_passed"]
        days: dict[tuple, list[int | None]] = defaultdict(list)
        for term, rows in self.certified.items():
            for row in rows:
                days[term, f"platform:{row['CertificationID']}", *self._way_to(row)[:1]].append(self._way_to(row)[1])
        return {
            place: {
                "attempts": attempts[place],
                "attempts_with_result": attempts[place],
                "passes": passes[place],
                "certificates": len(days[place]),
                "certificates_timed": len(timed),
                "days_to_certificate": sum(timed),
                "pass_rate": quotient(passes[place], attempts[place], FOUR_PLACES),
                "average_days_to_certificate": quotient(sum(timed), len(timed), ONE_PLACE),
                "rule_version": "certification-1",
            }
            for place in {*attempts, *days}
            for timed in [[each for each in days[place] if each is not None]]
        }

    def _way_to(self, certificate: Row) -> tuple[int, int | None]:
        """The number of the attempt that earned a certificate, 0 if unknown, and the days since enrolling for it."""
        learner, issued = f"platform:{certificate['LearnerID']}", date.fromisoformat(certificate["IssuedOn"])
        passed = [
            each
            for each in self.attempts.values()
            if each["learner_id"] == learner
            and each["certification_id"] == f"platform:{certificate['CertificationID']}"
            and each["is_passed"]
            and each["attempted_on"] <= issued
        ]
        if not passed:
            return 0, None
        attempt = max(passed, key=lambda each: each["attempted_on"])
        begun = [
            date.fromisoformat(row["EnrolledOn"])
            for rows in self.enrolled.values()
            for row in rows
            if row["LearnerID"] == certificate["LearnerID"]
            and f"platform:{row['CourseID']}" == attempt["course_id"]
            and row["Status"] != "prospect"
            and date.fromisoformat(row["EnrolledOn"]) <= attempt["attempted_on"]
        ]
        return attempt["attempt_number"], (issued - max(begun)).days if begun else None

    # -- payments -------------------------------------------------------------------------------

    @cached_property
    def payments(self) -> dict[tuple, dict]:
        """(term, hash of the payment) → the rest of it; learner and course are told by enrolments of the term alone."""
        found = {}
        for term, rows in self.paid.items():
            enrolled = {row["EnrollmentID"]: row for row in self.enrolled[term]}
            for row in rows:
                of = enrolled.get(row["EnrollmentID"])
                found[term, hashed("learner_payment", f"billing:{row['PaymentID']}")] = {
                    "learner_enrollment_key": hashed("learner_enrollment", f"billing:{row['EnrollmentID']}"),
                    "is_enrollment_of_term": of is not None,
                    "learner_id": f"platform:{of['LearnerID']}" if of else "",
                    "course_id": f"platform:{of['CourseID']}" if of else "",
                    "payment_date": date.fromisoformat(row["PaidOn"]),
                    **fiscal(row["PaidOn"]),
                    "payment_kind": row["Kind"],
                    "amount": received(row),
                    "currency": row["Currency"],
                    "rule_version": "revenue-expenditure-1",
                }
        return found

    def paid_by_course(self) -> dict[tuple, dict]:
        """(term, course, fiscal year, period, currency) → the mart: the course is that of an enrolment of any term."""
        course_of = {row["EnrollmentID"]: row["CourseID"] for rows in self.enrolled.values() for row in rows}
        received_of: dict[tuple, list[tuple[Decimal, bool]]] = defaultdict(list)
        for term, rows in self.paid.items():
            of_term = {row["EnrollmentID"] for row in self.enrolled[term]}
            for row in rows:
                when, course = fiscal(row["PaidOn"]), course_of[row["EnrollmentID"]]
                place = (term, f"platform:{course}", *when.values(), row["Currency"])
                received_of[place].append((received(row), row["EnrollmentID"] in of_term))
        return {
            place: {
                "payments": len([amount for amount, _ in amounts if amount > 0]),
                "refunds": len([amount for amount, _ in amounts if amount < 0]),
                "collected": sum((amount for amount, _ in amounts if amount > 0), Decimal()),
                "refunded": sum((-amount for amount, _ in amounts if amount < 0), Decimal()),
                "net_collected": sum((amount for amount, _ in amounts), Decimal()),
                "net_collected_of_earlier_enrollments": sum(
                    (amount for amount, is_of_term in amounts if not is_of_term), Decimal()
                ),
                "rule_version": "revenue-expenditure-1",
            }
            for place, amounts in received_of.items()
        }

    # -- lifecycle ------------------------------------------------------------------------------

    @cached_property
    def histories(self) -> dict[str, History]:
        """The key of a student, or of a learner of no school → what is known."""
        found: dict[str, History] = defaultdict(History)
        latest = {row["LearnerID"]: row for rows in self.learners.values() for row in rows}
        keys = {
            learner: hashed("student", row["StudentNumber"]) for learner, row in latest.items() if row["StudentNumber"]
        }

        def of(learner: str) -> History:
            return found[keys.get(learner, hashed("learner", f"platform:{learner}"))]

        for learner, row in latest.items():
            of(learner).known.append(date.fromisoformat(row["RegisteredOn"]))
        for row in (row for rows in self.enrolled.values() for row in rows):
            begin = date.fromisoformat(row["EnrolledOn"])
            if row["Status"] == "prospect":
                of(row["LearnerID"]).known.append(begin)
            else:
                of(row["LearnerID"]).enrolments.append((row["CourseID"], begin, day_of(row["CancelledOn"])))
        for row in (row for rows in self.completed.values() for row in rows):
            of(row["LearnerID"]).completions.append((row["CourseID"], date.fromisoformat(row["CompletedOn"])))
        for row in (row for rows in self.certified.values() for row in rows):
            of(row["LearnerID"]).certificates.append((date.fromisoformat(row["IssuedOn"]), day_of(row["ExpiresOn"])))
        for _, learner, _, day in self.days:
            of(learner.removeprefix("platform:")).active.add(day)
        return dict(found)

    @cached_property
    def last_heard(self) -> date:
        interests = [
            date.fromisoformat(row["EnrolledOn"])
            for rows in self.enrolled.values()
            for row in rows
            if row["Status"] == "prospect"
        ]
        return max([day for history in self.histories.values() for day in history.heard] + interests)

    def lifecycle(self) -> dict[tuple, dict]:
        """(student, day) → the state, from the first day known to the last that was heard of."""
        return {
            (student, day): {"lifecycle_state": history.state_on(day), "rule_version": "student-lifecycle-1"}
            for student, history in self.histories.items()
            for day in days_between(history.first_day, self.last_heard)
        }


def days_between(first: date, last: date) -> list[date]:
    """The days from the first to the last, both included."""
    return [first + DAY * n for n in range((last - first).days + 1)]


def received(payment: Row) -> Decimal:
    return Decimal(payment["Amount"]) * {"payment": 1, "refund": -1}[payment["Kind"]]


def quotient(part: int, whole: int, places: Decimal) -> Decimal | None:
    return (Decimal(part) / whole).quantize(places, rounding=ROUND_HALF_UP) if whole else None


def total(values: list[Decimal | None]) -> Decimal | None:
    """The sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known, Decimal()) if known else None


def _of_days(on_platform: bool, by_day: dict[tuple[str, date], list[dict]]) -> dict:
    minutes = {key: total([each["minutes"] for each in done]) for key, done in by_day.items()}
    if on_platform:
        interactions = {key: sum(each["interactions"] for each in done) for key, done in by_day.items()}
        active = [key for key, count in interactions.items() if count >= 1]
    else:
        interactions = {}
        active = [key for key, spent in minutes.items() if spent is not None and spent >= 1]
    return {
        "active_students": len({person for person, _ in active}),
        "active_days": len(active),
        "interactions": sum(interactions.values()) if on_platform else None,
        "days_timed": sum(spent is not None for spent in minutes.values()),
        "minutes": total(list(minutes.values())),
        "rule_version": "learning-usage-1",
    }
