"""Learning online in gold against the same worked out from the exported sheets, to the row, for two networks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest

from edu_assets.sample import write_exports
from edu_assets.warehouse import Role
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_platform import (
    AT_RISK_AFTER,
    DAY,
    PLATFORM,
    History,
    LearningOnline,
    days_between,
    received,
)
from edu_assets_tests.gold.test_recomputed import SCHOOL, STUDENT, _compare
from edu_assets_tests.testbed import Platform

LEARNER = "join gold.dim_learner as learner using (learner_key)"
COURSE = "join gold.dim_course as course using (course_key)"


def recompute(platform: Platform) -> LearningOnline:
    network, landing = platform.settings.network, platform.settings.landing
    return LearningOnline(Recomputed(network, landing, write_exports(landing, network)))


@pytest.fixture(scope="module")
def online(seeded: Platform) -> LearningOnline:
    return recompute(seeded)


def test_days_of_learning_are_those_of_the_sheets(seeded: Platform, online: LearningOnline) -> None:
    student = "join gold.dim_student as student on activity.student_key = student.student_key"
    source = f"gold.fact_learning_activity_daily as activity {LEARNER} {COURSE} {student}"
    _compare(seeded, "activity.term_key, learner_id, course_id, activity_date", source, online.days)


def test_days_of_use_are_those_of_the_sheets(seeded: Platform, online: LearningOnline) -> None:
    source = (
        f"gold.fct_learning_usage as usage {STUDENT} {SCHOOL}"
        " join gold.dim_class as class on usage.class_key = class.class_key"
        " join gold.dim_course as course on usage.course_key = course.course_key"
    )
    key = "usage.term_key, student_id, school_id, product_id, usage.source_class_id, usage_date"
    _compare(seeded, key, source, online.product_days)


def test_learning_usage_is_made_of_the_days(seeded: Platform, online: LearningOnline) -> None:
    source = f"gold.mart_learning_usage as mart {SCHOOL} {COURSE}"
    _compare(seeded, "mart.term_key, school_id, course_id, usage_source", source, online.learning_usage())


def test_the_sample_has_learning_online_worth_comparing(online: LearningOnline) -> None:
    assert any(row["minutes"] is None for row in online.days.values())
    assert any(row["minutes"] and row["interactions_timed"] < row["interactions"] for row in online.days.values())
    mart = online.learning_usage()
    assert {source for *_, source in mart} > {PLATFORM}
    schools = {school for _, school, _, source in mart if source == PLATFORM}
    assert "" in schools
    assert len(schools) > 1
    assert any(row["active_students"] < row["active_days"] for row in mart.values())


# -- exams and certificates ---------------------------------------------------------------------


def test_attempts_are_those_of_the_sheets(seeded: Platform, online: LearningOnline) -> None:
    source = f"gold.fct_exam_attempt as attempt {LEARNER} {COURSE}"
    _compare(seeded, "attempt.term_key, exam_attempt_key", source, online.attempts)


def test_certification_is_made_of_attempts_and_certificates(seeded: Platform, online: LearningOnline) -> None:
    source = "gold.mart_certification_kpis"
    _compare(seeded, "term_key, certification_id, attempt_number", source, online.certification())


def test_the_sample_has_exams_worth_comparing(online: LearningOnline) -> None:
    mart = online.certification()
    assert any(row["passes"] < row["attempts"] for row in mart.values())
    assert any(number > 1 for _, _, number in mart)
    assert sum(row["certificates_timed"] for row in mart.values()) > 1


# -- payments -----------------------------------------------------------------------------------


def test_payments_are_those_of_the_sheets(seeded: Platform, online: LearningOnline) -> None:
    source = f"gold.fct_learner_payment as payment {LEARNER} {COURSE}"
    _compare(seeded, "payment.term_key, learner_payment_key", source, online.payments)


def test_what_courses_bring_in_is_made_of_payments(seeded: Platform, online: LearningOnline) -> None:
    key = "mart.term_key, course_id, fiscal_year, fiscal_period, currency"
    _compare(seeded, key, f"gold.mart_learner_payments as mart {COURSE}", online.paid_by_course())


def test_money_of_a_term_is_the_same_in_the_sheets_the_raw_table_the_fact_and_the_mart(
    seeded: Platform, online: LearningOnline
) -> None:
    sheets: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for term, rows in online.paid.items():
        for row in rows:
            sheets[term, row["Currency"]] += received(row)
    signed = "amount * case kind when 'refund' then -1 else 1 end"
    for amount, table in (
        (signed, "raw_billing.billing__payments"),
        ("amount", "gold.fct_learner_payment"),
        ("net_collected", "gold.mart_learner_payments"),
    ):
        held = seeded.query(f"select term_key, currency, sum({amount}) from {table} group by 1, 2")  # noqa: S608
        assert {(term, currency): total for term, currency, total in held} == sheets, table


def test_the_sample_has_payments_worth_comparing(small_one: Platform) -> None:
    """In the second network nobody pays at the turn of a term."""
    online = recompute(small_one)
    payments = online.payments.values()
    assert {row["is_enrollment_of_term"] for row in payments} == {True, False}
    assert {row["amount"] > 0 for row in payments} == {True, False}
    assert len({row["course_id"] for row in payments}) > 2
    assert len({term for term, *_ in online.paid_by_course()}) > 2


# -- lifecycle ----------------------------------------------------------------------------------


def test_the_state_of_each_day_follows_from_what_is_known(seeded: Platform, online: LearningOnline) -> None:
    _compare(seeded, "student_key, as_of_date", "gold.mart_student_lifecycle_daily", online.lifecycle())


def test_intervals_follow_each_other_without_gap_or_overlap(seeded: Platform, online: LearningOnline) -> None:
    _assert_tiled(_intervals(seeded.query(INTERVALS)), {key: each.first_day for key, each in online.histories.items()})


def test_the_sample_has_every_state(online: LearningOnline) -> None:
    states = {row["lifecycle_state"] for row in online.lifecycle().values()}
    assert states == {"prospect", "enrolled", "active", "at_risk", "completed", "certified"}


Interval = tuple[date, date | None, str]
INTERVALS = "select student_key, begin_date, end_date, lifecycle_state from gold.mart_student_lifecycle order by 1, 2"
FIRST, LAST = date(2024, 9, 1), date(2026, 3, 1)
ANY_COURSE = "(select course_key from gold.dim_course where course_id <> '' order by 1 limit 1 offset {})"


def _intervals(rows: list[tuple]) -> dict[str, list[Interval]]:
    found: dict[str, list[Interval]] = {}
    for student, *interval in rows:
        found.setdefault(student, []).append(tuple(interval))
    return found


def _assert_tiled(intervals: dict[str, list[Interval]], first_days: dict[str, date]) -> None:
    assert {student: held[0][0] for student, held in intervals.items()} == first_days
    for held in intervals.values():
        assert all(end == begin for (_, end, _), (begin, _, _) in pairwise(held))
        assert all(before != after for (_, _, before), (_, _, after) in pairwise(held))
        assert held[-1][1] is None


def _some_history(random: Random) -> History:
    """Days close to each other and to the bounds of the rule, in two courses."""

    def some_day() -> date:
        return FIRST + DAY * (random.randrange(3) * random.choice((AT_RISK_AFTER, 120)) + random.randrange(-2, 3) + 5)

    def perhaps(day: date, most: int) -> date | None:
        return None if random.random() < 0.5 else day + DAY * random.randrange(most)

    history = History(known=[some_day() for _ in range(random.randrange(2))])
    for _ in range(random.randrange(1, 4)):
        day = some_day()
        history.enrolments.append((random.choice("01"), day, perhaps(day, 40)))
    for _ in range(random.randrange(3)):
        history.completions.append((random.choice("01"), some_day()))
    for _ in range(random.randrange(3)):
        day = some_day()
        history.certificates.append((day, perhaps(day, 40)))
    history.active = {some_day() for _ in range(random.randrange(6))}
    return history


def _events(history: History, random: Random) -> Iterator[tuple[str, str | None, date, date | None]]:
    """Event, course, begin and end; days of activity are joined or not, as terms happen to part them."""
    for course, begin, cancelled in history.enrolments:
        yield "enrollment", course, begin, cancelled
    for course, day in history.completions:
        yield "completion", course, day, None
    for issued, last in history.certificates:
        yield "certificate", None, issued, last + DAY if last else None
    streaks: list[list[date]] = []
    for day in sorted(history.active):
        if streaks and (day - streaks[-1][-1]).days <= AT_RISK_AFTER and random.random() < 0.5:
            streaks[-1].append(day)
        else:
            streaks.append([day])
    for streak in streaks:
        yield "activity", None, streak[0], streak[-1] + DAY


def test_any_events_are_resolved_into_the_state_of_each_day(small_one: Platform) -> None:
    random = Random(20261125)
    histories = {f"learner {n}": _some_history(random) for n in range(400)}
    with small_one.warehouse.connect(Role.ADMIN) as connection:
        courses = [connection.execute(f"select {ANY_COURSE.format(n)}".encode()).fetchone() for n in range(2)]
        course_keys = {str(n): found[0] for n, found in enumerate(courses) if found}
        cursor = connection.cursor()
        cursor.executemany(
            "insert into gold.dim_learner (learner_key, learner_id, registered_on, is_inferred)"
            " values (%s, %s, %s, false)",
            [(key, key, min(history.known, default=None)) for key, history in histories.items()],
        )
        cursor.executemany(
            "insert into gold.fct_learner_event (term_key, learner_event_key, learner_key, event, course_key,"
            " begin_date, end_date, rule_version) values (%s, gen_random_uuid()::text, %s, %s,"
            " coalesce(%s, md5('course|')), %s, %s, 'student-lifecycle-1')",
            [
                (random.choice(small_one.terms), key, event, course_keys.get(course or ""), begin, end)
                for key, history in histories.items()
                for event, course, begin, end in _events(history, random)
            ],
        )
        rows = connection.execute(INTERVALS.encode()).fetchall()
        connection.rollback()
    intervals = {key: held for key, held in _intervals(rows).items() if key in histories}
    _assert_tiled(intervals, {key: history.first_day for key, history in histories.items()})
    resolved = {
        (key, day): state
        for key, held in intervals.items()
        for begin, end, state in held
        for day in days_between(begin, min(end or LAST, LAST) - DAY)
    }
    expected = {
        (key, day): history.state_on(day)
        for key, history in histories.items()
        for day in days_between(history.first_day, LAST - DAY)
    }
    different = {
        place: (resolved.get(place), state) for place, state in expected.items() if resolved.get(place) != state
    }
    assert not different, f"{len(different)} days differ, e.g. {next(iter(different.items()))}"
    assert resolved.keys() == expected.keys()
    assert len(set(expected.values())) == 6
