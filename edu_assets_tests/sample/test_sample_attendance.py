"""Attendance files agree with the rosters and the calendar that are exported beside them."""

from __future__ import annotations

import pytest

from edu_assets.sample import FileKind, Outcome
from edu_assets_tests.sample.reading import Exported, read_date

SCALES = ("exported", "small_exported")


@pytest.fixture(params=SCALES)
def either(request: pytest.FixtureRequest) -> Exported:
    return request.getfixturevalue(request.param)


def test_every_row_lies_in_an_enrolment_and_on_a_day_in_session(either: Exported) -> None:
    network, stays = either.network, either.stays()
    schools = {school.school_id: school.calendar for school in network.schools}
    term_of = {
        (school_id, day): term.key
        for school_id, calendar in schools.items()
        for term in network.calendar.ordered_terms()
        for day in network.calendar.school_days(term, calendar)
    }
    for file, line, row in either.attendance():
        day = read_date(row["AttendanceDate"])
        place = (file.path, line)
        assert (row["SchoolID"], day) in term_of, place
        key = (term_of[row["SchoolID"], day], row["SchoolID"], row["StudentNumber"])
        assert any(begin <= day < end for begin, end in stays[key]), place


def test_every_enrolled_student_has_every_day_but_what_was_planted(either: Exported) -> None:
    network = either.network
    present = {
        (row["SchoolID"], row["StudentNumber"], read_date(row["AttendanceDate"])) for _, _, row in either.attendance()
    }
    silent = {(fault.school_id, fault.day) for fault in either.summary.faults if fault.outcome is Outcome.UNREPORTED}
    schools = {school.school_id: school.calendar for school in network.schools}
    given_up = {place for of_district in either.given_up().values() for place in of_district}
    assert not {(school, day) for school, _, day in present} & given_up
    expected = {
        (school, number, day)
        for (term_key, school, number), intervals in either.stays().items()
        for day in network.calendar.school_days(network.calendar.term(term_key), schools[school])
        if (school, day) not in silent | given_up and any(begin <= day < end for begin, end in intervals)
    }
    lost = {fault.kind for fault in either.summary.faults if fault.outcome in (Outcome.QUARANTINED, Outcome.DUPLICATE)}
    assert present <= expected
    assert len(expected - present) == len(lost)  # each damaged or doubled row stood for one day


def test_codes_and_absence_values_go_together(exported: Exported) -> None:
    missed = {"P": 0.0, "T": 0.0, "A": 1.0, "E": 1.0, "S": 1.0, "H": 0.5}
    seen = set()
    for _, _, row in exported.attendance():
        assert float(row["AbsenceValue"]) == missed[row["AttendanceCode"]]
        seen.add(row["AttendanceCode"])
    assert seen == set(missed)


def test_each_district_writes_dates_its_own_way(exported: Exported) -> None:
    for file, _, row in exported.attendance():
        assert ("/" in row["AttendanceDate"]) == (file.feed == "south_attendance")


def test_school_numbers_keep_their_leading_zero(exported: Exported) -> None:
    assert {row["SchoolID"] for _, _, row in exported.attendance()} == {"01001", "01002", "02001"}


def test_the_network_has_about_four_hundred_thousand_days(exported: Exported) -> None:
    assert 300_000 <= exported.summary.rows["attendance_daily"] <= 400_000


def test_a_file_counts_the_rows_that_it_has(exported: Exported) -> None:
    for file in exported.of_kind(FileKind.ATTENDANCE):
        lines = (exported.landing / file.path).read_bytes().count(b"\n")
        assert file.rows == {"attendance_daily": lines - 1}
