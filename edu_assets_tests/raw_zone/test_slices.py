"""Loading twice changes nothing; old content is held; full loads close within feed, term and scope."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import sql

from edu_assets.raw_zone import release
from edu_assets_tests.raw_zone.exports import active, assessments, attendance, gone, org, package, student, students
from edu_assets_tests.testbed import MakeNetwork, Platform

USERS = "select sourced_id from raw_zone.oneroster__users where _feed = %s and term_key = %s order by 1"
HELD = "select school, status from etl.held_slice order by held_id"


def physical_rows(platform: Platform) -> list[tuple[Any, ...]]:
    """Where each version of each row lies, and which transaction wrote it."""
    tables = platform.query(
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname in ('raw_zone', 'raw_history') and c.relkind = 'r' order by 1"
    )
    return [
        (table, *row)
        for schema, table in tables
        for row in platform.query(
            sql.SQL("select xmin::text, ctid::text, _load_id from {} order by 2").format(sql.Identifier(schema, table))
        )
    ]


def names(platform: Platform, feed: str = "sis", term: str = "2013|B") -> list[str]:
    return [name for (name,) in platform.query(USERS, [feed, term])]


def roster(platform: Platform, day: str, users: list, feed: str = "sis", **more: Any):
    return platform.deliver(feed, f"r_{day}.zip", package({"users": users}, **more))


def test_a_second_load_of_the_same_files_writes_nothing(platform: Platform) -> None:
    platform.drop("sis", "r_2013-02-05.zip", package({"users": students(3), "orgs": [org("s1")]}))
    platform.drop("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0", "01,1,2013-09-03,A,1"))
    platform.load(platform.settings.landing)
    before = physical_rows(platform)
    reports = platform.load(platform.settings.landing)
    assert [report.status for report in reports] == ["unchanged", "unchanged"]
    assert physical_rows(platform) == before
    assert len(before) == 6
    log = platform.query("select status, accepted, unchanged, inserted, changed, closed from etl.load_log")
    assert [row for row in log if row[0] == "unchanged" and row[1] != row[2]] == []


def test_the_order_of_rows_and_columns_makes_no_difference(platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0", "01,2,2013-03-01,P,0"))
    other = (
        "AbsenceValue,AttendanceCode,AttendanceDate,StudentNumber,SchoolID\n0,P,2013-03-01,2,01\n0,P,3/1/2013,1,01\n"
    )
    report = platform.deliver("attendance", "attendance_daily_2.csv", other)
    assert report.status == "unchanged"


def test_two_feeds_may_use_the_same_keys(platform: Platform) -> None:
    roster(platform, "2013-02-05", students(2))
    roster(platform, "2013-02-05", students(3), feed="other_sis")
    roster(platform, "2013-02-06", [student("s1-1"), student("s1-2"), student("s1-9")])
    assert names(platform) == ["s1-1", "s1-2", "s1-9"]
    assert names(platform, "other_sis") == ["s1-1", "s1-2", "s1-3"]


def test_a_full_load_closes_nothing_in_another_term(platform: Platform) -> None:
    roster(platform, "2013-02-05", students(6))
    roster(platform, "2013-09-05", students(5))
    assert len(names(platform, term="2013|B")) == 6
    assert len(names(platform, term="2013|J")) == 5


def test_a_full_load_closes_what_it_leaves_out(platform: Platform) -> None:
    roster(platform, "2013-02-05", students(6))
    report = roster(platform, "2013-02-06", students(5))
    [part] = report.slices
    assert (part.status, part.closed, part.unchanged) == ("applied", 1, 5)
    history = "select sourced_id, _closed_by from raw_history.oneroster__users"
    assert platform.query(history) == [("s1-6", part.load_id)]


def test_a_file_of_days_closes_within_its_schools_and_days_only(platform: Platform) -> None:
    rows = [
        f"{school},{n},{day},P,0" for school in ("01", "02") for day in ("2013-03-01", "2013-03-04") for n in range(6)
    ]
    platform.deliver("attendance", "attendance_daily_1.csv", attendance(*rows))
    again = [f"01,{n},2013-03-01,P,0" for n in range(1, 6)]
    report = platform.deliver("attendance", "attendance_daily_2.csv", attendance(*again))
    assert report.slices[0].closed == 1
    assert platform.value("select count(*) from raw_zone.attendance__attendance_daily") == 23
    closed = platform.query(
        "select school_id, student_number, attendance_date::text from raw_history.attendance__attendance_daily"
    )
    assert closed == [("01", "0", "2013-03-01")]


def test_a_file_without_a_terms_rows_leaves_the_term_alone(platform: Platform) -> None:
    platform.deliver("ou", "assessments.csv", assessments(*(f"AAA,2013J,{n},TMA,10,5" for n in range(9))))
    report = platform.deliver("ou", "assessments.csv", assessments("AAA,2014B,100,TMA,10,5", "AAA,2013J,1,TMA,x,5"))
    assert report.quarantined == 1
    assert platform.value("select count(*) from raw_zone.oulad__assessments where term_key = '2013|J'") == 9


def test_content_equal_to_an_older_delivery_is_held(platform: Platform) -> None:
    first, second = attendance("01,1,2013-03-01,P,0"), attendance("01,1,2013-03-01,A,1")
    platform.deliver("attendance", "attendance_daily_1.csv", first)
    platform.deliver("attendance", "attendance_daily_2.csv", second)
    before = physical_rows(platform)
    report = platform.deliver("attendance", "attendance_daily_3.csv", first)
    assert report.status == "held"
    assert (report.slices[0].held, report.slices[0].accepted) == (1, 0)
    assert physical_rows(platform) == before


def test_an_older_content_can_be_released(platform: Platform) -> None:
    first, second = attendance("01,1,2013-03-01,P,0"), attendance("01,1,2013-03-01,A,1")
    for n, content in enumerate((first, second, first)):
        platform.deliver("attendance", f"attendance_daily_{n}.csv", content)
    [(held_id,)] = platform.query("select held_id from etl.held_slice")
    release(platform.warehouse, platform.settings, held_id)
    assert platform.query("select attendance_code from raw_zone.attendance__attendance_daily") == [("P",)]


def test_a_delivery_effective_earlier_is_held(platform: Platform) -> None:
    roster(platform, "2013-02-10", [student("a", givenName="New")])
    report = roster(platform, "2013-02-05", [student("a", givenName="Old")])
    assert report.status == "held"
    assert "2013-02-10 is applied already" in report.slices[0].error
    assert platform.query("select given_name from raw_zone.oneroster__users") == [("New",)]


def test_a_delivery_earlier_than_one_that_changed_nothing_is_held(platform: Platform) -> None:
    roster(platform, "2013-02-01", [student("a")])
    roster(platform, "2013-02-10", [student("a")])
    report = roster(platform, "2013-02-05", [student("a", givenName="Between")])
    assert report.status == "held"


def test_an_earlier_delivery_that_changes_nothing_is_no_reason_to_hold(platform: Platform) -> None:
    roster(platform, "2013-02-01", [student("a")])
    roster(platform, "2013-02-10", [student("a")])
    assert roster(platform, "2013-02-01", [student("a")]).status == "unchanged"
    assert platform.query(HELD) == []


def test_one_school_is_held_above_the_share_and_the_others_go_on(platform: Platform) -> None:
    both = students(10, "s1") + students(10, "s2")
    roster(platform, "2013-02-05", both)
    report = roster(platform, "2013-02-06", students(7, "s1") + students(9, "s2") + [student("s2-99", "s2")])
    [part] = report.slices
    assert (part.status, part.held, part.accepted, part.closed, part.inserted) == ("applied", 7, 10, 1, 1)
    assert platform.query(HELD) == [("s1", "open")]
    assert [name for name in names(platform) if name.startswith("s1-")] == sorted(f"s1-{n}" for n in range(1, 11))
    assert "s2-10" not in names(platform)
    assert "s2-99" in names(platform)


def test_exactly_the_share_is_not_held(platform: Platform) -> None:
    roster(platform, "2013-02-05", students(10))
    assert roster(platform, "2013-02-06", students(8)).status == "applied"


def test_the_share_is_the_feeds_own(make_network: MakeNetwork) -> None:
    platform = make_network(feeds={"sis": {"system": "oneroster", "landing": "sis", "hold_share": 0.5}})
    roster(platform, "2013-02-05", students(10))
    assert roster(platform, "2013-02-06", students(5)).status == "applied"
    assert roster(platform, "2013-02-07", students(2)).slices[0].held == 2


def test_a_held_school_is_released_alone(platform: Platform) -> None:
    roster(platform, "2013-02-05", students(10, "s1") + students(10, "s2") + students(10, "s3"))
    roster(platform, "2013-02-06", students(2, "s1") + students(2, "s2") + students(10, "s3"))
    assert platform.query(HELD) == [("s1", "open"), ("s2", "open")]
    [(first,), (second,)] = platform.query("select held_id from etl.held_slice order by 1")
    release(platform.warehouse, platform.settings, first)
    assert platform.query(HELD) == [("s1", "released"), ("s2", "open")]
    assert len(names(platform)) == 22
    release(platform.warehouse, platform.settings, second)
    assert len(names(platform)) == 14


def test_a_table_without_schools_is_judged_by_the_feed_and_holds_the_package(platform: Platform) -> None:
    orgs = [org(f"s{n}") for n in range(4)]
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": orgs, "users": students(5)}))
    report = platform.deliver("sis", "r_2013-02-06.zip", package({"orgs": orgs[:2], "users": students(6)}))
    assert report.status == "held"
    assert platform.query("select status, held from etl.load_log where load_id = 2 order by 2") == [
        ("held", 2),
        ("held", 6),
    ]
    assert len(names(platform)) == 5


def test_a_much_smaller_first_delivery_of_a_term_is_held_and_rolls_over_when_released(platform: Platform) -> None:
    roster(platform, "2013-02-05", students(10))
    roster(platform, "2013-09-05", students(3))
    assert names(platform, term="2013|J") == []
    [(held_id,)] = platform.query("select held_id from etl.held_slice")
    release(platform.warehouse, platform.settings, held_id)
    assert len(names(platform, term="2013|J")) == 3
    assert len(names(platform, term="2013|B")) == 10


def test_a_newer_full_delivery_makes_a_held_one_past(platform: Platform) -> None:
    roster(platform, "2013-02-05", students(10))
    roster(platform, "2013-02-06", students(2))
    roster(platform, "2013-02-07", students(9))
    assert platform.query(HELD) == [("s1", "superseded")]


def test_a_newer_held_delivery_makes_the_older_held_one_past(platform: Platform) -> None:
    roster(platform, "2013-02-05", students(10))
    roster(platform, "2013-02-06", students(2))
    roster(platform, "2013-02-07", students(3))
    assert platform.query(HELD) == [("s1", "superseded"), ("s1", "open")]


def test_a_held_file_of_days_is_past_once_a_newer_file_states_all_its_days(platform: Platform) -> None:
    def sheet(count: int, *days: str) -> str:
        return attendance(*(f"01,{n},{day},P,0" for day in days for n in range(count)))

    first, second, third = "2013-03-01", "2013-03-04", "2013-03-05"
    platform.deliver("attendance", "attendance_daily_1.csv", sheet(10, first, second))
    platform.deliver("attendance", "attendance_daily_2.csv", sheet(2, first, second))
    assert platform.query(HELD) == [("01", "open")]
    platform.deliver("attendance", "attendance_daily_3.csv", sheet(11, first, third))
    assert platform.query(HELD) == [("01", "open")]
    platform.deliver("attendance", "attendance_daily_4.csv", sheet(12, third, second, first))
    assert platform.query(HELD) == [("01", "superseded")]


def test_neither_a_delta_nor_an_old_file_makes_a_held_delivery_past(platform: Platform) -> None:
    roster(platform, "2013-02-05", students(10))
    roster(platform, "2013-02-07", students(2))
    roster(platform, "2013-02-08", [active(student("s1-1", givenName="New"))], delta=["users"])
    roster(platform, "2013-02-05", students(10))
    assert platform.query(HELD)[0] == ("s1", "open")
    [(held_id,)] = platform.query("select held_id from etl.held_slice where school = 's1'")
    release(platform.warehouse, platform.settings, held_id)
    assert platform.query("select sourced_id, given_name from raw_zone.oneroster__users order by 1") == [
        ("s1-1", "New"),
        ("s1-2", "Given"),
    ]


def test_a_release_leaves_what_a_later_load_wrote(platform: Platform) -> None:
    roster(platform, "2013-02-05", students(10))
    roster(platform, "2013-02-06", students(2))
    later = [active(student("s1-7", givenName="Later")), active(student("s1-50")), gone(student("s1-2"))]
    roster(platform, "2013-02-08", later, delta=["users"])
    [(held_id,)] = platform.query("select held_id from etl.held_slice")
    release(platform.warehouse, platform.settings, held_id)
    assert names(platform) == ["s1-1", "s1-50", "s1-7"]


def test_a_delta_adds_changes_and_deletes_and_leaves_the_rest(platform: Platform) -> None:
    roster(platform, "2013-02-05", students(4))
    delta = [active(student("s1-1", givenName="New")), gone(student("s1-2")), active(student("s1-5"))]
    [part] = roster(platform, "2013-02-06", delta, delta=["users"]).slices
    assert (part.mode, part.inserted, part.changed, part.closed) == ("delta", 1, 1, 1)
    assert names(platform) == ["s1-1", "s1-3", "s1-4", "s1-5"]


def test_a_delta_that_deletes_what_is_not_there_changes_nothing(platform: Platform) -> None:
    roster(platform, "2013-02-05", students(1))
    report = roster(platform, "2013-02-06", [gone(student("never-seen"))], delta=["users"])
    assert (report.status, report.slices[0].accepted) == ("unchanged", 1)


def test_one_package_may_mix_bulk_and_delta(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org("s1")], "users": students(6)}))
    mixed = package({"orgs": [active(org("s2"))], "users": students(5)}, delta=["orgs"])
    platform.deliver("sis", "r_2013-02-06.zip", mixed)
    assert platform.query("select sourced_id from raw_zone.oneroster__orgs order by 1") == [("s1",), ("s2",)]
    assert len(names(platform)) == 5


def test_a_table_that_the_manifest_calls_absent_stays(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org("s1")], "users": students(6)}))
    platform.deliver("sis", "r_2013-02-06.zip", package({"orgs": [org("s1", "Renamed")]}))
    assert len(names(platform)) == 6


def test_a_table_that_the_manifest_promises_and_the_package_lacks_refuses_the_package(platform: Platform) -> None:
    manifest = "propertyName,value\nfile.orgs,bulk\nfile.users,bulk\n"
    content = package({"orgs": [org("s1")]}, files={"manifest.csv": manifest})
    report = platform.deliver("sis", "r_2013-02-05.zip", content)
    assert report.status == "refused"
    assert "users.csv is sent (bulk)" in report.problems[-1]
    assert platform.value("select count(*) from raw_zone.oneroster__orgs") == 0


def test_an_empty_bulk_file_is_held(platform: Platform) -> None:
    roster(platform, "2013-02-05", students(3))
    assert roster(platform, "2013-02-06", []).status == "held"
    assert len(names(platform)) == 3


@pytest.mark.parametrize("first", [True, False], ids=["first load", "later load"])
def test_tables_of_a_package_commit_under_one_load(platform: Platform, first: bool) -> None:
    if not first:
        platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org("s9")], "users": students(1)}))
    report = platform.deliver(
        "sis", "r_2013-02-06.zip", package({"orgs": [org("s9"), org("s1")], "users": students(2)})
    )
    assert len({part.load_id for part in report.slices}) == 1
    assert len(report.slices) == 2
