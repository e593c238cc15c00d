"""Gold against the same figures worked out from the exported files, to the row, for two networks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from edu_assets.sample import write_exports
from edu_assets_tests.gold.recomputing import OPEN, Recomputed
from edu_assets_tests.gold.recomputing_attendance import Attendance
from edu_assets_tests.testbed import Platform

STUDENT = "join gold.dim_student as student using (student_key)"
SCHOOL = "join gold.dim_school as school using (school_key)"


@pytest.fixture(scope="module")
def recomputed(seeded: Platform) -> Recomputed:
    network = seeded.settings.network
    return Recomputed(network, seeded.settings.landing, write_exports(seeded.settings.landing, network))


def _table(platform: Platform, key: str, columns: list[str], source: str) -> dict[tuple, dict[str, Any]]:
    width = len(key.split(", "))
    rows = platform.query(f"select {key}, {', '.join(columns)} from {source}")  # noqa: S608
    found = {row[:width]: dict(zip(columns, row[width:], strict=True)) for row in rows}
    assert len(found) == len(rows)
    return found


def _assert_same(built: dict[tuple, dict], expected: dict[tuple, dict]) -> None:
    assert built.keys() == expected.keys()
    different = {key: (built[key], expected[key]) for key in built if built[key] != expected[key]}
    assert not different, f"{len(different)} rows differ, e.g. {next(iter(different.items()))}"


def _compare(platform: Platform, key: str, source: str, expected: dict[tuple, dict]) -> None:
    assert expected
    columns = list(next(iter(expected.values())))
    _assert_same(_table(platform, key, columns, source), expected)


def test_memberships_are_those_of_the_enrolment_records(seeded: Platform, recomputed: Recomputed) -> None:
    expected = {
        (term, each.student, each.school, each.entry): {
            "exit_date": None if each.exit == OPEN else each.exit,
            "enrollment.grade_level": each.grade,
            "is_primary": each.is_primary,
            "is_no_show": each.is_no_show,
            "exit_reason": each.exit_reason,
            "system": "sis",
        }
        for term, members in recomputed.memberships.items()
        for each in members
    }
    _compare(
        seeded,
        "term_key, student_id, school_id, entry_date",
        f"gold.fct_enrollment as enrollment {STUDENT} {SCHOOL}",
        expected,
    )


def test_what_rosters_say_of_memberships_is_the_union_of_class_enrolments(
    seeded: Platform, recomputed: Recomputed
) -> None:
    """The sample's rosters stand behind its enrolment records; where there are none, they count."""
    expected = {
        (term, each.student, each.school, each.entry): {
            "exit_date": each.exit,
            "grade_level": each.grade,
            "is_primary": each.is_primary,
            "is_no_show": False,
        }
        for term, members in recomputed.rostered.items()
        for each in members
    }
    rostered = "staging.stg_oneroster__enrollments__school_enrollment"
    _compare(seeded, "term_key, student_id, school_id, entry_date", rostered, expected)


def test_every_day_enrolled_is_a_day_of_the_fact(seeded: Platform, recomputed: Recomputed) -> None:
    expected = {
        (term, day.student, day.school, day.day): {
            "attendance.grade_level": day.grade,
            "day_source": day.report.source if day.report else None,
            "daily_rule_version": day.report.rule if day.report else None,
            "attendance_code": day.report.code if day.report else None,
            "absent_portion": day.report.missed if day.report else None,
            "is_reported": day.report is not None,
            "is_school_reported": day.school_reported,
            "is_absent_day": day.is_absent if day.report else None,
        }
        for term, days in recomputed.days.items()
        for day in days
    }
    _compare(
        seeded,
        "term_key, student_id, school_id, attendance_date",
        f"gold.fct_attendance as attendance {STUDENT} {SCHOOL}",
        expected,
    )


def test_sections_are_those_of_the_sheets_and_everybody_in_a_class_that_was_taken(
    seeded: Platform, recomputed: Recomputed
) -> None:
    sections = Attendance(recomputed).sections
    feeds = {"01001": "north_sis", "01002": "north_sis", "02001": "south_sis"}
    expected = {
        (term, student, school, f"{feeds[school]}:{name}", day, period): {
            ("attendance." + column if column == "is_taken" else column): value for column, value in row.items()
        }
        for (term, student, school, name, day, period), row in sections.items()
    }
    _compare(
        seeded,
        "attendance.term_key, student_id, school_id, class_id, attendance_date, period",
        "gold.fct_section_attendance as attendance join gold.dim_student using (student_key)"
        " join gold.dim_school as school on attendance.school_key = school.school_key"
        " join gold.dim_class as class on attendance.class_key = class.class_key",
        expected,
    )
    rows = expected.values()
    assert {row["is_marked"] for row in rows} == {True, False}
    assert {row["attendance_code"] for row in rows} >= {"A", "E", "T", None}


def test_student_attendance_is_the_sum_of_the_days(seeded: Platform, recomputed: Recomputed) -> None:
    expected = {
        key: {("mart." + name if name == "grade_level" else name): value for name, value in row.items()}
        for key, row in recomputed.student_attendance().items()
    }
    _compare(
        seeded, "term_key, student_id, school_id", f"gold.mart_student_attendance as mart {STUDENT} {SCHOOL}", expected
    )


def test_attendance_insights_are_the_sum_of_the_days(seeded: Platform, recomputed: Recomputed) -> None:
    _compare(
        seeded,
        "term_key, school_id, grade_level",
        f"gold.mart_attendance_insights {SCHOOL}",
        recomputed.attendance_insights(),
    )


def test_chronic_absence_follows_the_rule_of_each_authority(seeded: Platform, recomputed: Recomputed) -> None:
    _compare(
        seeded,
        "authority, attendance_window, as_of_term_key, organization_level, organization_id, student_id",
        f"gold.mart_chronic_absence {STUDENT}",
        recomputed.chronic_absence(),
    )


def test_enrollment_is_counted_from_the_memberships(seeded: Platform, recomputed: Recomputed) -> None:
    expected = recomputed.enrollment()
    _compare(seeded, "term_key, school_id, grade_level", f"gold.mart_enrollment {SCHOOL}", expected)


def test_the_networks_hold_what_makes_the_comparison_worth_having(seeded: Platform, recomputed: Recomputed) -> None:
    enrollment = recomputed.enrollment().values()
    assert sum(row["no_shows"] for row in enrollment) > 0
    assert sum(row["memberships_secondary"] for row in enrollment) > 0
    reasons = {reason for row in enrollment for reason in row["exits_by_reason"]}
    assert reasons >= {"transferred_within_network", "left_network"}
    assert sum(row["transfers_in"] for row in enrollment) > 0
    assert sum(row["entries"] for row in enrollment) > sum(row["transfers_in"] for row in enrollment)
    stated = {school for _, school in recomputed.registered_seats}
    assert stated < set(recomputed.schools), "a school whose register states no seats"
    declared = {
        recomputed.schools[school].capacity == seats for (_, school), seats in recomputed.registered_seats.items()
    }
    assert declared == {True, False}, "a school whose register agrees with the network file, and one that does not"
    insights = recomputed.attendance_insights().values()
    assert sum(row["school_days_unreported"] for row in insights) > 0
    assert sum(row["days_absent_other"] for row in insights) % 1 == Decimal("0.5") or any(
        row["days_absent_other"] % 1 for row in insights
    )
    made = {report.source: report for report in recomputed.reports.values()}
    assert set(made) == {"daily", "periods", "taps"}
    told = {(report.source, report.code, report.missed > 0) for report in recomputed.reports.values()}
    assert told >= {("taps", "late", True), ("taps", "in_time", False), ("periods", "unmarked", False)}
    assert any(0 < report.missed < 1 for report in recomputed.reports.values() if report.source == "periods")
    chronic = [row["is_chronically_absent"] for row in recomputed.chronic_absence().values()]
    assert True in chronic
    assert False in chronic
    assert seeded.value("select count(*) from gold.attendance_outside_enrollment") == sum(
        row["reports_outside_enrollment"] for row in insights
    )
