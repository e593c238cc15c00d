"""A delivery that is compared with the open rows leaves what one that is not compared leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edu_assets.raw_zone import compare, loader
from edu_assets_tests.raw_zone.exports import attendance
from edu_assets_tests.testbed import MakeNetwork, Platform

OPEN = (
    "select school_id, student_number, attendance_date, attendance_code, absence_value, _source_row, _load_id,"
    " _row_hash from raw_zone.attendance__attendance_daily order by 2, 3, 1"
)
CLOSED = (
    "select student_number, school_id, attendance_code, _load_id, _closed_by"
    " from raw_history.attendance__attendance_daily order by 1, 2, 3, 4"
)
BAD = "select source_row, rule, status, source_key, original from etl.quarantine order by quarantine_id"
LOADS = (
    "select load_id, status, rows_read, accepted, inserted, unchanged, changed, closed, duplicates, quarantined, held,"
    " content_digest from etl.load_log order by 1, 2, 3"
)
HELD = "select school, reason, status from etl.held_slice order by 1"
MANY = [f"01,{n},2013-03-01,P,0" for n in range(100, 130)]


def lines(*, unique: bool) -> st.SearchStrategy[list[str]]:
    codes = st.sampled_from(["P,0", "A,1", "T,0"])
    line = st.tuples(st.sampled_from(["01", "02"]), st.integers(1, 6), codes)
    key: Callable[[tuple[str, int, str]], Any] | None = (lambda sent: sent[:2]) if unique else None
    return st.lists(line, min_size=1, max_size=14, unique_by=key).map(
        lambda sent: [f"{school},{student},2013-03-01,{code}" for school, student, code in sent]
    )


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """How comparisons ended, which are made whatever their worth."""
    ended: list[bool] = []
    found = compare._compare

    def noted(*arguments: Any) -> bool:
        ended.append(found(*arguments))
        return ended[-1]

    monkeypatch.setattr(compare, "_compare", noted)
    return ended


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(first=lines(unique=True), second=lines(unique=False), third=lines(unique=True))
def test_compared_or_not_the_same_stands(
    two: tuple[Platform, Platform], first: list[str], second: list[str], third: list[str]
) -> None:
    """Changed, new, left-out rows, identical and conflicting duplicates, held schools, in any mixture."""
    for platform, worth in zip(two, (0, 10**9), strict=True):
        platform.change("truncate raw_zone.attendance__attendance_daily, raw_history.attendance__attendance_daily")
        platform.change("truncate etl.quarantine, etl.load_log, etl.delivery, etl.held_slice cascade")
        platform.change("alter sequence etl.load_id restart")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(compare, "WORTH_COMPARING", worth)
            for n, sent in enumerate((first, second, third)):
                platform.deliver("attendance", f"attendance_daily_{n}.csv", attendance(*MANY, *sent))
    one, other = two
    for query in (OPEN, CLOSED, BAD, LOADS, HELD):
        assert one.query(query) == other.query(query)


@pytest.fixture
def two(make_network: MakeNetwork) -> tuple[Platform, Platform]:
    return make_network(), make_network()


def test_a_large_delivery_is_compared_and_little_is_written(platform: Platform, compared: list[bool]) -> None:
    rows = [f"01,{n},2013-03-01,P,0" for n in range(2_000)]
    platform.deliver("attendance", "attendance_daily_1.csv", attendance(*rows))
    changed = ["01,0,2013-03-01,A,1", *rows[2:], "01,x,2013-03-01,P,0"]
    report = platform.deliver("attendance", "attendance_daily_2.csv", attendance(*changed))
    assert compared == [True]
    [part] = report.slices
    assert (part.inserted, part.changed, part.closed, part.unchanged) == (1, 1, 1, 1_998)


def test_what_another_load_wrote_after_the_comparison_is_seen(
    platform: Platform, compared: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A correction is applied while a large delivery is on its way: the delivery changes it back, for it is later."""
    monkeypatch.setattr(compare, "WORTH_COMPARING", 0)
    rows = [f"01,{n},2013-03-01,P,0" for n in range(50)]
    platform.deliver("attendance", "attendance_daily_1.csv", attendance(*rows))
    correction = platform.drop(
        "attendance", "attendance_daily_2.csv", attendance("01,7,2013-03-01,A,1", *rows[8:], *rows[:7])
    )
    staged = loader.stage

    def stage_and_correct(*arguments: Any, **options: Any) -> None:
        staged(*arguments, **options)
        monkeypatch.setattr(loader, "stage", staged)
        [report] = platform.load(correction)
        assert report.slices[0].changed == 1

    monkeypatch.setattr(loader, "stage", stage_and_correct)
    report = platform.deliver("attendance", "attendance_daily_3.csv", attendance(*rows, "01,new,2013-03-01,P,0"))
    assert compared == [True, True]
    [part] = report.slices
    assert (part.inserted, part.changed, part.unchanged) == (1, 1, 49)
    codes = "select attendance_code, count(*) from raw_zone.attendance__attendance_daily group by 1"
    assert platform.query(codes) == [("P", 51)]
