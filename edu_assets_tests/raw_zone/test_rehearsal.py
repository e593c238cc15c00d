"""A rehearsed load says what the load then does, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from edu_assets.contracts.base import DeclarationError
from edu_assets.raw_zone import rehearse
from edu_assets.raw_zone.rehearsal import MOST_LINES, Rehearsal
from edu_assets_tests.raw_zone.exports import attendance, org, package, student, submissions
from edu_assets_tests.testbed import Platform

ROWS = (
    "01,1,2013-03-01,P,0",
    "01,1,2013-03-01,P,0",
    "01,2,2013-03-01,P,0",
    "01,3,2013-10-01,P,0",
    "01,4,2013-02-30,Secretname,0",
    "01,,2013-03-01,P,0",
    "01,5,1999-03-01,P,0",
)
TRACES = """
select (select count(*) from etl.delivery) + (select count(*) from etl.quarantine) + (select count(*) from etl.load_log)
    + (select count(*) from etl.landing_file) + (select count(*) from raw_zone.attendance__attendance_daily)
    + (select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = 'stage')
"""


def rehearsed(platform: Platform, path: Path, content: str | bytes, **options: str) -> Rehearsal:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return rehearse(platform.warehouse, platform.settings, path, **options)


def test_what_is_rehearsed_is_what_the_load_does(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "attendance_daily.csv"
    found = rehearsed(platform, file, attendance(*ROWS))
    assert (found.status, found.feed) == ("quarantines", "attendance")
    assert found.contracts == ["attendance__attendance_daily"]
    [table] = found.tables
    assert (table.rows_read, table.valid, table.duplicates, table.quarantined) == (7, 3, 1, 3)
    assert table.terms == {"2013|B": 2, "2013|J": 1}
    assert sorted((cause.rule, cause.column, cause.lines) for cause in table.set_aside) == [
        ("required", "student_number", [7]),
        ("term", None, [8]),
        ("type", "attendance_date", [6]),
    ]
    [report] = platform.load(file, feed="attendance")
    assert (report.rows_read, report.quarantined) == (table.rows_read, table.quarantined)
    assert {part.term_key: part.accepted for part in report.slices if part.accepted} == table.terms
    said = platform.query("select rule, column_name, source_row, message from etl.quarantine order by 1")
    assert said == sorted((c.rule, c.column, c.lines[0], c.message) for c in table.set_aside)


def test_a_rehearsal_leaves_nothing_behind_and_tells_no_value(platform: Platform, tmp_path: Path) -> None:
    found = rehearsed(platform, tmp_path / "attendance_daily.csv", attendance(*ROWS))
    assert platform.value(TRACES) == 0
    assert not platform.settings.archive.exists()
    assert "Secretname" not in found.model_dump_json()


def test_of_many_rows_under_one_rule_the_first_lines_are_told(platform: Platform, tmp_path: Path) -> None:
    rows = (f"01,{n},soon,P,0" for n in range(50))
    [table] = rehearsed(platform, tmp_path / "attendance_daily.csv", attendance(*rows)).tables
    [cause] = table.set_aside
    assert (cause.rows, cause.lines) == (50, list(range(2, MOST_LINES + 2)))


def test_a_large_file_is_rehearsed_over_both_lanes(platform: Platform, tmp_path: Path) -> None:
    rows = (f"01,{n},2013-03-{n % 28 + 1:02},P,0" for n in range(250_000))
    found = rehearsed(platform, tmp_path / "attendance_daily.csv", attendance(*rows))
    assert (found.status, found.tables[0].valid) == ("loads", 250_000)
    assert platform.value(TRACES) == 0


def test_a_file_that_no_contract_claims_is_compared_with_the_nearest(platform: Platform, tmp_path: Path) -> None:
    text = attendance(*ROWS).replace("AttendanceCode", "Attendance Code")
    found = rehearsed(platform, tmp_path / "marks.csv", text)
    assert (found.status, found.contracts, found.nearest) == ("refused", [], "attendance__attendance_daily")
    assert "whose files are named attendance_daily*.csv" in found.problems[0]
    assert any("'AttendanceCode' is missing; nearest is 'Attendance Code'" in problem for problem in found.problems)


def test_a_file_like_none_is_pointed_to_a_draft(platform: Platform, tmp_path: Path) -> None:
    found = rehearsed(platform, tmp_path / "rides.csv", "Ride,Bus\n1,2\n")
    assert (found.status, found.nearest) == ("refused", None)
    assert "edu contracts infer" in found.problems[0]


def test_a_header_that_cannot_be_bound_is_refused_as_by_a_load(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "attendance_daily.csv"
    found = rehearsed(platform, file, "SchoolID,StudentNumber\n01,1\n")
    assert found.status == "refused"
    [report] = platform.load(file, feed="attendance")
    assert report.problems == found.problems


def test_a_system_without_a_feed_is_rehearsed_and_said(platform: Platform, tmp_path: Path) -> None:
    found = rehearsed(platform, tmp_path / "user.csv", "x\n1\n", system="sds")
    assert "the network file has no feed of system sds" in found.problems[0]
    with pytest.raises(DeclarationError, match="no system 'nothing'"):
        rehearsed(platform, tmp_path / "user.csv", "x\n1\n", system="nothing")


def test_children_without_their_parents_would_wait(platform: Platform, tmp_path: Path) -> None:
    found = rehearsed(platform, tmp_path / "studentAssessment.csv", submissions("1,7,1,0,60"), feed="ou")
    assert [(cause.rule, cause.rows) for cause in found.tables[0].set_aside] == [("parent", 1)]


def test_each_table_of_a_package_is_told_by_itself(platform: Platform, tmp_path: Path) -> None:
    content = package({"orgs": [org("s1")], "users": [student("u1"), student("u2")]})
    found = rehearsed(platform, tmp_path / "roster_2013-03-01.zip", content, feed="sis")
    assert found.status == "loads", found.problems
    assert {table.contract: table.valid for table in found.tables}["oneroster__users"] == 2
