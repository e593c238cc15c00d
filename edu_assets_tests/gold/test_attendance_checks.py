"""What the student information system believes of codes and days, compared with what figures rest on."""

from __future__ import annotations

import pytest

from edu_assets_tests.gold.building import broken, build_term
from edu_assets_tests.testbed import Platform

TERM = "2024-25|T2"
CODES, CALENDAR = "attendance_codes_agree_with_the_sis", "calendar_days_agree_with_the_network"


def _found(platform: Platform, check: str) -> tuple[str, list[str]]:
    nodes = build_term(platform, TERM, select=check)
    assert not broken(nodes)
    [node] = [node for node in nodes if node.name == check]
    return node.status, node.found


@pytest.mark.parametrize("check", [CODES, CALENDAR])
def test_the_sample_agrees_with_itself(seeded: Platform, check: str) -> None:
    assert _found(seeded, check) == ("pass", [])


def test_codes_that_the_school_reads_otherwise_are_named(own: Platform) -> None:
    for change in (
        "absence_value = 0.5 where attendance_code = 'A'",
        "category = 'tardy' where attendance_code = 'P'",
        "category = 'not_enrolled' where attendance_code = 'T'",
        "excused = false where attendance_code = 'E'",
        "attendance_code = 'V' where attendance_code = 'S'",
    ):
        assert own.change(f"update raw_zone.sis__attendance_codes set {change}")  # noqa: S608
    assert _found(own, CODES) == (
        "warn",
        [
            "A, another share of the day",
            "E, another category",
            "P, another category",
            "T, another category",
            "V, the seed does not know it",
        ],
    )


def test_what_the_school_does_not_say_of_a_code_differs_from_nothing(own: Platform) -> None:
    for change in (
        "absence_value = null, excused = null where attendance_code in ('A', 'E', 'S')",
        "attendance_code = 'V' where attendance_code = 'S' and term_key <> '2024-25|T2'",
    ):
        assert own.change(f"update raw_zone.sis__attendance_codes set {change}")  # noqa: S608
    assert _found(own, CODES) == ("pass", [])


def test_days_that_the_calendars_do_not_share_are_named_with_their_school(own: Platform) -> None:
    taken_out = (
        "update raw_zone.sis__calendar_days set instructional = false where school_id = '01001'"
        " and calendar_date in ('2024-12-03', '2024-12-05')"
    )
    put_in = "update raw_zone.sis__calendar_days set calendar_date = '2024-12-24' where school_id = '02001'"
    assert own.change(taken_out) == 2
    assert own.change(f"{put_in} and calendar_date = '2024-12-04'") == 1
    assert _found(own, CALENDAR) == (
        "warn",
        [
            "01001, 2024-12-03, 2024-12-05, 2, in the network file alone",
            "02001, 2024-12-04, 2024-12-04, 1, in the network file alone",
            "02001, 2024-12-24, 2024-12-24, 1, in the calendar alone",
        ],
    )


def test_a_school_whose_calendar_was_not_sent_is_not_compared(own: Platform) -> None:
    assert own.change("delete from raw_zone.sis__calendar_days where school_id = '01001'")
    assert _found(own, CALENDAR) == ("pass", [])
