"""Merges of student numbers: how they resolve, and what becomes of terms that were built before them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from edu_assets.gold import StaleTerm, stale_terms
from edu_assets.warehouse import Role
from edu_assets_tests.gold.building import broken, build_term, digests
from edu_assets_tests.testbed import Platform

EARLY, TERM, LAST_TERM = "2024-25|T1", "2024-25|T2", "2025-26|T3"
OF_NUMBERS = ("fct_course_grade", "bridge_student_identifier")
MERGED_ON = "2026-04-01"
"""A day of the last term, long after the early ones."""

Merge = tuple[str, str, date, int]
"""Old number, new number, day, load."""

PLACE = ("old_student_id text", "new_student_id text", "merged_on date", "_load_id bigint", "_feed text")

numbers = st.sampled_from("abcdefgh")
merges = st.lists(
    st.tuples(numbers, numbers, st.integers(0, 4).map(lambda n: date(2025, 1, 1) + timedelta(n)), st.integers(1, 99)),
    max_size=14,
    unique_by=lambda merge: merge[3],
)


def walked(stated: list[Merge]) -> dict[str, str]:
    """Number given up → number in force, one step after the other."""
    decided: dict[str, Merge] = {}
    for merge in stated:
        old, new, day, load = merge
        if old != new and (old not in decided or (day, load) > decided[old][2:]):
            decided[old] = merge
    found = {}
    for number in decided:
        passed = [number]
        while passed[-1] in decided and decided[passed[-1]][1] not in passed:
            passed.append(decided[passed[-1]][1])
        last = passed[-1]
        if last in decided:  # it leads back to one that was passed: a circle, of which the oldest merge is void
            circle = passed[passed.index(decided[last][1]) :]
            last = min(circle, key=lambda member: decided[member][2:])
        if last != number:
            found[number] = last
    return found


@pytest.fixture(scope="module")
def stated(small_two: Platform) -> Iterator[Connection]:
    """A connection in which the view of numbers in force reads merges of a test's own; all of it is rolled back."""
    with small_two.warehouse.connect(Role.DBT) as connection:
        [(definition,)] = connection.execute(
            "select pg_get_viewdef('staging.student_number_in_force'::regclass)"
        ).fetchall()
        connection.execute(f"create temporary table stated ({', '.join(PLACE)})".encode())
        body = definition.replace("staging.conformed_student_id_merge", "pg_temp.stated")
        assert body != definition
        connection.execute(f"create temporary view resolved as {body}".encode())
        yield connection
        connection.rollback()


@given(given_merges=merges)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_merges_resolve_as_walking_from_one_to_the_next_does(stated: Connection, given_merges: list[Merge]) -> None:
    stated.execute("delete from pg_temp.stated")
    stated.cursor().executemany("insert into pg_temp.stated values (%s, %s, %s, %s, 'sis')", given_merges)
    assert dict(stated.execute("select student_number, student_id from pg_temp.resolved").fetchall()) == walked(
        given_merges
    )


# -- a merge that arrives -----------------------------------------------------------------------


def _twins(own: Platform) -> tuple[str, str]:
    """Two students who have marks in the early term; the first is not there in the last year."""
    early = {
        number
        for (number,) in own.query(
            "select distinct student_id from gold.fct_course_grade join gold.dim_student using (student_key)"
            " where fct_course_grade.term_key = %s",
            [EARLY],
        )
    }
    later = {
        number
        for (number,) in own.query(
            "select distinct identifier from gold.bridge_student_identifier where term_key > %s", ["2025"]
        )
    }
    merged = {number for (number,) in own.query("select student_id from gold.dim_student_number")}
    return min(early - later - merged), min((early & later) - merged)


def _deliver(own: Platform, *rows: tuple[str, str, str], name: str = "student_id_merges_2026-04-02.csv") -> None:
    lines = ["OldStudentNumber,NewStudentNumber,MergedOn,Reason", *(f"{old},{new},{day}," for old, new, day in rows)]
    [report] = own.load(own.drop("records", name, "\n".join(lines) + "\n"))
    assert report.status == "applied", report.problems


def _stale(own: Platform) -> list[StaleTerm]:
    return stale_terms(own.warehouse, own.settings)


def _terms_of(own: Platform, number: str) -> set[str]:
    query = "select distinct term_key from gold.bridge_student_identifier where identifier = %s"
    return {term for (term,) in own.query(query, [number])}


def _rebuild(own: Platform) -> None:
    for stale in _stale(own):
        assert not broken(build_term(own, stale.term_key))


def _build_of_numbers(own: Platform) -> None:
    """Build of the early term what tells by which numbers it knows students."""
    chosen = ("dim_student_number", "dim_student", *OF_NUMBERS)
    assert not broken(build_term(own, EARLY, select=" ".join(chosen)))


def _of(own: Platform, *tables: str) -> dict[tuple[str, str], str]:
    return {place: digest for place, digest in digests(own).items() if place[0] in tables}


def _students(own: Platform, table: str, term: str) -> set[str]:
    query = f"select distinct student_id from gold.{table} as t join gold.dim_student using (student_key)"  # noqa: S608
    return {number for (number,) in own.query(f"{query} where t.term_key = %s", [term])}


def test_a_merge_makes_the_terms_stale_that_hold_the_number_and_joins_its_students(own: Platform) -> None:
    assert not _stale(own)
    old, new = _twins(own)
    held = _terms_of(own, old)
    before = digests(own)
    others = (
        "select md5(string_agg(t::text, '|' order by t::text)) from gold.mart_student_attendance as t"
        " join gold.dim_student using (student_key) where t.term_key = %s and student_id not in (%s, %s)"
    )
    rows_before = own.value(others, [EARLY, old, new])
    marks = (
        "select count(*) from gold.fct_course_grade as t join gold.dim_student using (student_key)"
        " where t.term_key = %s and student_id = any (%s)"
    )
    marks_before = own.value(marks, [EARLY, [old, new]])
    _deliver(own, (old, new, MERGED_ON))
    stale = {term.term_key: term for term in _stale(own)}
    assert EARLY in held
    assert set(stale) == held | {LAST_TERM}
    assert {term: stale[term].reason for term in stale} == {
        term: "new rows" if term == LAST_TERM else "merged numbers" for term in stale
    }
    newest = own.value("select max(load_id) from etl.load_log where raw_table = 'sis__student_id_merges'")
    assert stale[EARLY].load_id == newest
    _rebuild(own)
    assert not _stale(own)
    for table in ("fct_course_grade", "mart_student_attendance", "fct_enrollment", "mart_student_progress"):
        assert old not in _students(own, table, EARLY)
        assert new in _students(own, table, EARLY)
    assert own.value(marks, [EARLY, [new]]) == marks_before
    assert own.value(others, [EARLY, old, new]) == rows_before
    assert own.value("select _is_dropped from gold.dim_student where student_id = %s", [old])
    after = digests(own)
    untouched = {place for place in before if place[1] not in stale}
    assert {place: after[place] for place in untouched} == {place: before[place] for place in untouched}


def test_a_merge_that_goes_on_or_is_taken_back_makes_its_terms_stale_again(own: Platform) -> None:
    before = _of(own, *OF_NUMBERS)
    old, new = _twins(own)
    _deliver(own, (old, new, MERGED_ON))
    _build_of_numbers(own)
    # a merge onward: the first number stands for the last, also in terms that know neither of the others
    _deliver(own, (new, "5550001", MERGED_ON), name="student_id_merges_2026-04-03.csv")
    assert {term.term_key for term in _stale(own)} >= _terms_of(own, old) | _terms_of(own, new)
    _build_of_numbers(own)
    assert EARLY not in {term.term_key for term in _stale(own)}
    assert {old, new} & _students(own, "fct_course_grade", EARLY) == set()
    assert "5550001" in _students(own, "fct_course_grade", EARLY)
    # only the merge onward is taken back: what was of the first number is of the second again
    own.change("delete from raw_zone.sis__student_id_merges where old_student_number = %s", [new])
    assert EARLY in {term.term_key for term in _stale(own)}
    _build_of_numbers(own)
    assert {old, new} & _students(own, "fct_course_grade", EARLY) == {new}
    own.change("delete from raw_zone.sis__student_id_merges where old_student_number = %s", [old])
    assert EARLY in {term.term_key for term in _stale(own)}
    _build_of_numbers(own)
    assert EARLY not in {term.term_key for term in _stale(own)}
    assert _of(own, *OF_NUMBERS) == before
    dropped = "select student_id, _is_dropped from gold.dim_student where student_id = any (%s)"
    assert dict(own.query(dropped, [[old, new]]))[new] is False


def test_a_merge_of_a_number_that_no_term_holds_makes_no_other_term_stale(own: Platform) -> None:
    _deliver(own, ("5550001", "5550002", MERGED_ON))
    assert [(term.term_key, term.reason) for term in _stale(own)] == [(LAST_TERM, "new rows")]


def test_an_inferred_student_whose_number_was_given_up_is_none_until_the_merge_is_taken_back(own: Platform) -> None:
    _, new = _twins(own)
    changed = own.change(
        "update raw_zone.assessment__course_grades set student_number = '5550001' where term_key = %s"
        " and student_number = %s",
        [EARLY, new],
    )
    assert changed
    _build_of_numbers(own)
    query = "select is_inferred, _is_dropped from gold.dim_student where student_id = '5550001'"
    assert own.query(query) == [(True, False)]
    _deliver(own, ("5550001", new, MERGED_ON))
    _build_of_numbers(own)
    assert own.query(query) == [(True, True)]
    own.change("delete from raw_zone.sis__student_id_merges where old_student_number = '5550001'")
    _build_of_numbers(own)
    assert own.query(query) == [(True, False)]


def test_a_term_that_was_built_while_merges_were_loaded_is_built_again(own: Platform) -> None:
    latest = "select max(build_id) from gold.term_build where term_key = %s and status = 'built' and is_whole"
    own.change("update gold.term_build set numbers_changed = true where build_id = %s", [own.value(latest, [TERM])])
    assert [(term.term_key, term.reason) for term in _stale(own)] == [(TERM, "merged numbers")]
    assert not broken(build_term(own, TERM))
    assert not _stale(own)


def test_merges_that_arrive_during_a_build_are_noticed(own: Platform) -> None:
    from edu_assets.gold.ledger import Ledger

    with own.warehouse.connect(Role.DBT, autocommit=True) as connection:
        ledger = Ledger.open(connection, TERM, "digest", is_whole=False, run_id=None)
        _deliver(own, ("5550001", "5550002", MERGED_ON))
        ledger.failed("a test")
        query = "select numbers_changed from gold.term_build where build_id = %s"
        assert own.value(query, [ledger.build_id])
        undisturbed = Ledger.open(connection, TERM, "digest", is_whole=False, run_id=None)
        undisturbed.failed("a test")
        assert not own.value(query, [undisturbed.build_id])
