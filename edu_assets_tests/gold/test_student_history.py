"""Versions of students: written by the run of the latest loaded term alone, when a row has changed."""

from __future__ import annotations

import hashlib
import threading

import pytest

from edu_assets.warehouse import Role
from edu_assets_tests.conftest import MakeNetwork
from edu_assets_tests.gold.building import broken, build_term, deploy_again
from edu_assets_tests.gold.test_term_purity import somebody_waits
from edu_assets_tests.raw_zone.exports import org, package, student
from edu_assets_tests.testbed import Platform

EARLY, LATE = "2013|B", "2013|J"
VERSIONS = (
    "select grade_level, valid_from, valid_to, is_current from gold.dim_student_history where student_key = %s"
    " order by valid_from"
)


def key_of(student_id: str) -> str:
    return hashlib.md5(f"student|{student_id}".encode(), usedforsecurity=False).hexdigest()


ANN = key_of("sis:ann")


def deliver(platform: Platform, day: str, grade: str) -> None:
    """A package of a day: Ann in a grade, Bob always in the same."""
    users = [student("ann", grades=grade), student("bob", grades="03")]
    report = platform.deliver("sis", f"r_{day}.zip", package({"orgs": [org("s1")], "users": users}))
    assert report.quarantined == 0


def run(platform: Platform, term: str) -> None:
    assert not broken(build_term(platform, term, select="snap_students"))


def grades(platform: Platform, key: str = ANN) -> list[str]:
    return [grade for grade, *_ in platform.query(VERSIONS, [key])]


@pytest.fixture
def moved_up(make_network: MakeNetwork) -> Platform:
    """Two loads of a term: in the second Ann is a grade higher."""
    platform = make_network(deployed=True)
    deliver(platform, "2013-02-05", "04")
    run(platform, EARLY)
    deliver(platform, "2013-03-05", "05")
    run(platform, EARLY)
    return platform


def test_a_changed_row_is_a_version_and_closes_the_one_before(moved_up: Platform) -> None:
    [(first, begun, ended, was), (second, since, until, current)] = moved_up.query(VERSIONS, [ANN])
    assert (first, second) == ("04", "05")
    assert begun < ended == since
    assert (until, was, current) == (None, False, True)
    assert grades(moved_up, key_of("sis:bob")) == ["03"]


def test_the_same_content_is_no_version_in_this_term_or_the_next(moved_up: Platform) -> None:
    deliver(moved_up, "2013-04-05", "05")
    run(moved_up, EARLY)
    run(moved_up, EARLY)
    assert grades(moved_up) == ["04", "05"]
    deliver(moved_up, "2013-09-05", "05")
    run(moved_up, LATE)
    assert grades(moved_up) == ["04", "05"]
    deliver(moved_up, "2013-10-05", "06")
    run(moved_up, LATE)
    assert grades(moved_up) == ["04", "05", "06"]


def test_a_back_fill_of_an_older_term_adds_nothing(moved_up: Platform) -> None:
    deliver(moved_up, "2013-09-05", "06")
    run(moved_up, LATE)
    before = moved_up.query("select * from gold.snap_students order by dbt_scd_id")
    deliver(moved_up, "2013-06-10", "07")
    run(moved_up, EARLY)
    deploy_again(moved_up)
    assert moved_up.value("select max(grades) from raw_zone.oneroster__users where term_key = %s", [EARLY]) == "07"
    assert moved_up.query("select * from gold.snap_students order by dbt_scd_id") == before


def test_who_is_no_longer_in_the_roster_keeps_the_last_version(moved_up: Platform) -> None:
    moved_up.change("delete from raw_zone.oneroster__users where sourced_id = 'ann'")
    run(moved_up, EARLY)
    assert grades(moved_up) == ["04", "05"]
    assert moved_up.query(VERSIONS, [ANN])[-1][-1] is True


def test_every_version_of_a_person_is_found_by_the_key(moved_up: Platform) -> None:
    found = moved_up.query("select student_key, count(*) from gold.snap_students group by 1 order by 2 desc")
    assert found == [(ANN, 2), (key_of("sis:bob"), 1)]
    assert moved_up.value("select count(*) from gold.snap_students where student_id = 'sis:ann'") == 2


def test_a_student_has_one_open_version_by_a_constraint(moved_up: Platform) -> None:
    [index] = moved_up.query(
        "select indisunique, pg_get_expr(indpred, indrelid) from pg_index"
        " where indexrelid = 'gold.snap_students_one_open_version'::regclass"
    )
    assert index == (True, "(dbt_valid_to IS NULL)")


def test_a_run_waits_for_whoever_writes_gold(moved_up: Platform) -> None:
    held, waited = threading.Event(), []

    def hold_the_gold_lock() -> None:
        with moved_up.warehouse.connect(Role.DBT) as other:
            other.execute("select pg_advisory_xact_lock(hashtextextended('edu:gold', 0))")
            held.set()
            waited.append(somebody_waits(moved_up, "advisory"))

    other = threading.Thread(target=hold_the_gold_lock)
    other.start()
    held.wait()
    run(moved_up, EARLY)
    other.join()
    assert waited == [True]


def test_of_two_feeds_the_row_that_changed_last_speaks(moved_up: Platform) -> None:
    """The same number in two feeds: versions follow the changes, whichever feed sent them."""
    sent = (("sis", "2013-04-05", "05"), ("other_sis", "2013-04-06", "06"), ("sis", "2013-04-07", "07"))
    for feed, day, grade in sent:
        users = [student("ann", grades=grade, identifier="1001"), student("bob", grades="03")]
        moved_up.deliver(feed, f"r_{day}.zip", package({"orgs": [org("s1")], "users": users}))
        run(moved_up, EARLY)
    assert grades(moved_up, key_of("1001")) == ["05", "06", "07"]


def test_a_roster_that_has_disabled_a_student_says_nothing_beside_one_that_has_not(moved_up: Platform) -> None:
    """Ann moves, and the old roster disables her afterwards; then she comes back."""
    sent = (
        ("sis", "2013-04-05", "05", "true"),
        ("other_sis", "2013-04-06", "06", "true"),
        ("sis", "2013-04-07", "04", "false"),
        ("sis", "2013-04-08", "07", "true"),
        ("other_sis", "2013-04-09", "06", "false"),
    )
    for feed, day, grade, is_enabled in sent:
        ann = student("ann", grades=grade, identifier="1001", enabledUser=is_enabled)
        users = [ann, student("bob", grades="03")]
        moved_up.deliver(feed, f"r_{day}.zip", package({"orgs": [org("s1")], "users": users}))
        run(moved_up, EARLY)
    assert grades(moved_up, key_of("1001")) == ["05", "06", "07"]
