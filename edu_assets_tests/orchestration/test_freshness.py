"""When silence is late: on school days alone, by days that count, in the check and in dbt alike."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edu_assets.contracts import registry
from edu_assets.network import Network, load_network
from edu_assets.orchestration.freshness import days_silent, is_late, longest_closure
from edu_assets.settings import PROJECT
from edu_assets_tests.conftest import MakeNetwork
from edu_assets_tests.gold.building import run_dbt
from edu_assets_tests.raw_zone.exports import attendance

SAMPLE = load_network(PROJECT / "networks" / "sample.yaml")
SCHOOL_DAYS = sorted(day for day, in_session in SAMPLE.counting_days.items() if in_session)


def walked(network: Network, last: date, today: date) -> int:
    """Day by day from one school day to another: a pause counts where it is a weekend, else it does not."""
    calendar = network.calendar
    schools = [None, *(school.calendar for school in network.schools)]
    in_session = {
        day for term in calendar.ordered_terms() for school in schools for day in calendar.school_days(term, school)
    }
    silent, pause = 0, []
    for offset in range(1, (today - last).days + 1):
        day = last + timedelta(offset)
        if day in in_session:
            silent += 1 + (0 if any(closed.weekday() < 5 for closed in pause) else len(pause))
            pause = []
        else:
            pause.append(day)
    return silent


@given(st.sampled_from(SCHOOL_DAYS), st.sampled_from(SCHOOL_DAYS))
def test_days_between_two_school_days_are_counted_as_one_walks_them(one: date, other: date) -> None:
    first, last = sorted((one, other))
    assert days_silent(SAMPLE, first, last) == walked(SAMPLE, first, last)


def days(first: str, last: str) -> list[date]:
    begun, ended = date.fromisoformat(first), date.fromisoformat(last)
    return [begun + timedelta(n) for n in range((ended - begun).days + 1)]


@pytest.mark.parametrize(
    ("last_arrival", "silence"),
    [
        ("2025-06-20", days("2025-06-21", "2025-08-24")),  # the summer
        ("2024-12-20", days("2024-12-21", "2025-01-05")),  # the winter recess
        ("2025-01-17", days("2025-01-18", "2025-01-20")),  # a holiday on Monday
    ],
)
def test_no_day_of_a_closure_is_late_and_neither_is_the_first_day_after(last_arrival: str, silence: list[date]) -> None:
    last = date.fromisoformat(last_arrival)
    for day in [*silence, silence[-1] + timedelta(1)]:
        assert not is_late(SAMPLE, 1, last, day), day


def test_a_tuesday_without_attendance_is_late_on_wednesday() -> None:
    monday = date(2024, 9, 16)
    assert not is_late(SAMPLE, 1, monday, monday + timedelta(1))
    assert is_late(SAMPLE, 1, monday, monday + timedelta(2))


def test_a_weekend_counts() -> None:
    friday = date(2024, 9, 20)
    assert days_silent(SAMPLE, friday, friday + timedelta(3)) == 3
    assert not is_late(SAMPLE, 2, friday, friday + timedelta(2))  # Sunday
    assert is_late(SAMPLE, 2, friday, friday + timedelta(3))


@given(st.sampled_from(SCHOOL_DAYS), st.integers(0, 20), st.integers(1, 60))
def test_later_is_never_less_late(last: date, allowed: int, more: int) -> None:
    school_days = [day for day in SCHOOL_DAYS if day > last][:40]
    late = [is_late(SAMPLE, allowed, last, day) for day in school_days]
    assert late == sorted(late)
    assert not any(
        is_late(SAMPLE, allowed + more, last, day) and not was for day, was in zip(school_days, late, strict=True)
    )


def test_the_window_of_the_policy_exceeds_every_pause() -> None:
    pauses = [(after - day).days - 1 for day, after in itertools.pairwise(SCHOOL_DAYS)]
    assert longest_closure(SAMPLE) == max(pauses) > 50


def around(today: date, *closed: int) -> dict[str, Any]:
    """A calendar in session every day around today, but for some days ago."""
    first, last = today - timedelta(60), today + timedelta(30)
    return {
        "terms": ["T1"],
        "school_weekdays": [0, 1, 2, 3, 4, 5, 6],
        "years": {
            "now": {
                "last_day": str(last),
                "terms": {"T1": {"starts": str(first), "first_day": str(first), "last_day": str(last)}},
            }
        },
        "closures": [
            {"first_day": str(today - timedelta(n)), "last_day": str(today - timedelta(n)), "reason": "closed"}
            for n in closed
        ],
    }


@pytest.mark.parametrize(
    ("days_ago", "closed"), [(0, ()), (3, ()), (4, ()), (5, (1, 2, 3)), (9, (1, 2, 3)), (9, (0, 1)), (30, range(29))]
)
def test_dbt_finds_late_what_the_check_finds_late(
    make_network: MakeNetwork, days_ago: int, closed: tuple[int, ...]
) -> None:
    today = datetime.now(UTC).date()  # of the test, not of the session, which may go on past midnight
    platform = make_network(
        timezone="UTC",
        calendar=around(today, *closed),
        schools=[{"school_id": "01", "name": "One", "lea_id": "9", "lea_name": "LEA"}],
        feeds={"attendance": {"system": "attendance", "landing": "attendance"}},
    )
    day = today - timedelta(40)
    platform.deliver("attendance", "attendance_daily_1.csv", attendance(f"01,S1,{day},P,0"))
    platform.change("update etl.load_log set finished_at = now() - make_interval(days => %s)", [days_ago])
    contract = registry().contract("attendance__attendance_daily")
    late = is_late(platform.settings.network, contract.freshness_days, today - timedelta(days_ago), today)
    found = run_dbt(platform, ["source", "freshness", "--select", f"source:raw_zone.{contract.name}"], {})
    assert [node.status for node in found if node.resource_type == "source"] == ["warn" if late else "pass"]
