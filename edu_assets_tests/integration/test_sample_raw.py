"""The sample network's exports, faults and all: every planted fault has its outcome, no row is lost."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import yaml

from edu_assets.raw_zone import DeliveryReport
from edu_assets.sample import ExportSummary, FileKind, Outcome, PlantedFault, write_exports
from edu_assets.settings import PROJECT
from edu_assets_tests.sample.reading import read_date, read_package
from edu_assets_tests.testbed import MakeNetwork, Platform

STUDENTS = 240


@dataclass(frozen=True)
class Loaded:
    platform: Platform
    summary: ExportSummary
    reports: dict[tuple[str | None, str], DeliveryReport]

    def faults(self, outcome: Outcome) -> list[PlantedFault]:
        found = [fault for fault in self.summary.faults if fault.outcome is outcome]
        assert found, f"the sample plants no fault whose outcome is {outcome}"
        return found

    def report(self, fault: PlantedFault) -> DeliveryReport:
        return self.reports[fault.feed, fault.file]

    def record(self, fault: PlantedFault, line: int) -> dict[str, str]:
        """The attendance record that stands on a line."""
        text = (self.platform.settings.landing_of(fault.feed) / fault.file).read_text(encoding="utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))[line - 2]

    def version(self, record: dict[str, str]) -> list[tuple]:
        """The open row of an attendance record's key: code, file, line."""
        return self.platform.query(
            "select attendance_code, _source_file, _source_row, _load_id from raw_zone.attendance__attendance_daily"
            " where school_id = %s and student_number = %s and attendance_date = %s",
            [record["SchoolID"], record["StudentNumber"], read_date(record["AttendanceDate"])],
        )


@pytest.fixture(scope="module")
def loaded(make_session_network: MakeNetwork) -> Loaded:
    declared = yaml.safe_load((PROJECT / "networks" / "sample.yaml").read_text(encoding="utf-8"))
    changes = {"name": "sample_raw", "sample": {"students": STUDENTS}}
    platform = make_session_network(**declared | changes)
    summary = write_exports(platform.settings.landing, platform.settings.network)
    reports = {(report.feed, report.source_file): report for report in platform.load_waiting()}
    return Loaded(platform, summary, reports)


def lines_by_file(faults: list[PlantedFault]) -> Iterator[tuple[PlantedFault, set[int]]]:
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for fault in faults:
        found[fault.feed, fault.file] |= set(fault.lines)
    seen = {(fault.feed, fault.file): fault for fault in faults}
    for place, lines in found.items():
        yield seen[place], lines


def test_every_exported_file_has_a_report(loaded: Loaded) -> None:
    exported = {(file.feed, file.path.split("/")[-1]) for file in loaded.summary.files}
    assert set(loaded.reports) == exported


def test_files_are_refused_exactly_where_a_fault_says_so(loaded: Loaded) -> None:
    refused = {place for place, report in loaded.reports.items() if report.status == "refused"}
    planted = loaded.faults(Outcome.REFUSED) + loaded.faults(Outcome.UNCLAIMED)
    assert refused == {(fault.feed, fault.file) for fault in planted}
    assert all(report.problems for report in loaded.reports.values() if report.status == "refused")


def test_every_other_file_is_applied(loaded: Loaded) -> None:
    assert {report.status for report in loaded.reports.values()} == {"applied", "refused"}


def test_an_unclaimed_file_is_said_to_be_so(loaded: Loaded) -> None:
    for fault in loaded.faults(Outcome.UNCLAIMED):
        assert "no contract of system" in loaded.report(fault).problems[-1]


def test_rows_are_quarantined_at_exactly_the_planted_lines(loaded: Loaded) -> None:
    for fault, lines in lines_by_file(loaded.faults(Outcome.QUARANTINED)):
        found = loaded.platform.query(
            "select source_row from etl.quarantine where feed = %s and source_file = %s", [fault.feed, fault.file]
        )
        assert {line for (line,) in found} == lines
        assert loaded.report(fault).quarantined == len(lines)


def test_nothing_else_is_quarantined(loaded: Loaded) -> None:
    files = {(fault.feed, fault.file) for fault in loaded.faults(Outcome.QUARANTINED)}
    assert set(loaded.platform.query("select distinct feed, source_file from etl.quarantine")) == files


def test_an_identical_duplicate_is_counted_and_loaded_once(loaded: Loaded) -> None:
    for fault in loaded.faults(Outcome.DUPLICATE):
        assert sum(part.duplicates for part in loaded.report(fault).slices) == len(fault.lines) - 1
        [(_, file, line, _)] = loaded.version(loaded.record(fault, fault.lines[0]))
        assert (file, line) == (fault.file, min(fault.lines))


def test_a_correction_changes_exactly_the_rows_that_differ(loaded: Loaded) -> None:
    for fault in loaded.faults(Outcome.CHANGED):
        assert sum(part.changed for part in loaded.report(fault).slices) == len(fault.lines)
        for line in fault.lines:
            record = loaded.record(fault, line)
            [(code, file, row, load_id)] = loaded.version(record)
            assert (code, file, row) == (record["AttendanceCode"], fault.file, line)
            history = loaded.platform.query(
                "select _closed_by from raw_history.attendance__attendance_daily"
                " where school_id = %s and student_number = %s and attendance_date = %s",
                [record["SchoolID"], record["StudentNumber"], read_date(record["AttendanceDate"])],
            )
            assert history == [(load_id,)]


def test_a_correction_inserts_exactly_the_rows_that_were_forgotten(loaded: Loaded) -> None:
    for fault in loaded.faults(Outcome.INSERTED):
        assert sum(part.inserted for part in loaded.report(fault).slices) == len(fault.lines)
        for line in fault.lines:
            assert [row[1:3] for row in loaded.version(loaded.record(fault, line))] == [(fault.file, line)]


def test_a_late_file_is_loaded_whole(loaded: Loaded) -> None:
    for fault in loaded.faults(Outcome.LATE):
        report = loaded.report(fault)
        assert sum(part.inserted for part in report.slices) == report.rows_read > 0


def test_a_school_that_reported_nothing_has_no_rows_on_a_day_in_session(loaded: Loaded) -> None:
    for fault in loaded.faults(Outcome.UNREPORTED):
        place = [fault.school_id, fault.day]
        rows = "select count(*) from raw_zone.attendance__attendance_daily"
        rows += " where school_id = %s and attendance_date = %s"
        assert loaded.platform.value(rows, place) == 0
        day = "select count(*) from etl.school_day where school_id = %s and school_date = %s"
        assert loaded.platform.value(day, place) == 1


def test_rows_read_are_accounted_for_in_every_slice(loaded: Loaded) -> None:
    unbalanced = (
        "select count(*) filter (where rows_read <> accepted + duplicates + quarantined + held + withheld), count(*)"
        " from etl.load_log"
    )
    [(wrong, slices)] = loaded.platform.query(unbalanced)
    assert wrong == 0
    assert slices > 200


def test_rows_read_are_accounted_for_in_every_file(loaded: Loaded) -> None:
    lost = (
        "select d.source_file from etl.delivery d where rows_read <>"
        " (select coalesce(sum(rows_read), 0) from etl.load_log l where l.delivery_id = d.delivery_id)"
        " + (select count(*) from etl.quarantine q where q.delivery_id = d.delivery_id and q.term_key is null)"
    )
    assert loaded.platform.query(lost) == []


def test_rows_read_are_those_that_were_exported(loaded: Loaded) -> None:
    exported: dict[tuple[str, str], int] = {}
    for file in loaded.summary.files:
        exported[file.feed, file.path.split("/")[-1]] = sum(file.rows.values())
    read = {place: report.rows_read for place, report in loaded.reports.items()}
    assert read == exported


def test_the_last_slice_of_a_feed_is_its_last_bulk_package_with_its_deltas(loaded: Loaded) -> None:
    landing = loaded.platform.settings.landing
    refused = {fault.file for fault in loaded.faults(Outcome.REFUSED)}
    users: dict[str, dict[str, str]] = {}
    files = [file for file in loaded.summary.files if file.feed == "north_sis" and file.kind is not FileKind.UNCLAIMED]
    for file in files:
        if file.path.split("/")[-1] in refused:
            continue
        manifest, members = read_package(landing / file.path)
        if manifest["file.users"] == "bulk":
            users = {}
        for row in members.get("users", []):
            if row["status"] == "tobedeleted":
                users.pop(row["sourcedId"])
            else:
                users[row["sourcedId"]] = row
    found = loaded.platform.query(
        "select sourced_id, given_name, grades from raw_zone.oneroster__users"
        " where _feed = 'north_sis' and term_key = '2025-26|T3'"
    )
    assert sorted(found) == sorted((key, row["givenName"], row["grades"]) for key, row in users.items())


def test_no_staging_table_is_left(loaded: Loaded) -> None:
    assert loaded.platform.value("select count(*) from pg_tables where schemaname = 'stage'") == 0
