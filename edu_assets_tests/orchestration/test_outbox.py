"""The outbox: every load is told to Dagster, once, whoever loaded and whoever died."""

from __future__ import annotations

from collections import Counter
from typing import Any

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edu_assets.contracts import registry
from edu_assets.gold import StaleTerm
from edu_assets.orchestration.backfill import Session
from edu_assets.orchestration.outbox import gold_request, report_loads
from edu_assets.orchestration.raw_assets import FIGURES
from edu_assets.raw_zone import reapply
from edu_assets_tests.raw_zone.exports import attendance
from edu_assets_tests.testbed import Platform

ATTENDANCE = dg.AssetKey(["raw_zone", "attendance__attendance_daily"])


def sheet(*days: str) -> str:
    return attendance(*(f"01,S{number},{day},P,0" for number in range(3) for day in days))


def told(session: Session, key: dg.AssetKey = ATTENDANCE) -> list[tuple[Any, Any, Any]]:
    """(load, feed, partition) of each materialisation of an asset, the oldest first."""
    records = session.instance.fetch_materializations(key, limit=1000, ascending=True).records
    events = [record.asset_materialization for record in records]
    return [(event.metadata["load_id"].value, event.metadata["feed"].value, str(event.partition)) for event in events]


def test_each_applied_slice_is_one_materialisation_of_its_partition(empty_dagster: Session, platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", sheet("2013-02-04", "2013-09-03"))
    assert empty_dagster.report() == 2
    assert [partition for _, _, partition in told(empty_dagster)] == ["2013|B", "2013|J"]
    assert set(empty_dagster.instance.get_dynamic_partitions("academic_year")) == {"2013"}


def test_what_is_told_once_is_not_told_again(empty_dagster: Session, platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", sheet("2013-02-04"))
    assert (empty_dagster.report(), empty_dagster.report()) == (1, 0)


def test_a_load_that_changed_nothing_is_an_observation(empty_dagster: Session, platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", sheet("2013-02-04"))
    platform.deliver("attendance", "attendance_daily_2.csv", sheet("2013-02-04"))
    empty_dagster.report()
    assert len(told(empty_dagster)) == 1
    [observed] = empty_dagster.instance.fetch_observations(ATTENDANCE, limit=10).records
    assert observed.asset_event is not None
    assert observed.asset_event.metadata["status"].value == "unchanged"


@pytest.mark.parametrize("told_before_the_end", [0, 1, 2])
def test_a_report_that_was_cut_off_is_finished_and_doubles_nothing(
    empty_dagster: Session, platform: Platform, monkeypatch: pytest.MonkeyPatch, told_before_the_end: int
) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", sheet("2013-02-04", "2013-09-03", "2014-02-04"))
    report = empty_dagster.instance.report_runless_asset_event
    left = [told_before_the_end]

    def until_killed(event: dg.AssetMaterialization) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        report(event)

    with monkeypatch.context() as patch:
        patch.setattr(empty_dagster.instance, "report_runless_asset_event", until_killed)
        with pytest.raises(KeyboardInterrupt):
            empty_dagster.report()
    assert len(told(empty_dagster)) == told_before_the_end
    empty_dagster.report()
    assert Counter(told(empty_dagster)).most_common(1)[0][1] == 1
    assert [partition for _, _, partition in told(empty_dagster)] == ["2013|B", "2013|J", "2014|B"]
    assert empty_dagster.report() == 0


def test_a_new_dagster_storage_is_told_everything(empty_dagster: Session, platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", sheet("2013-02-04"))
    empty_dagster.report()
    with dg.instance_for_test() as other:
        assert report_loads(other, platform.warehouse, registry()).slices == 1
        assert report_loads(other, platform.warehouse, registry()).slices == 0


def test_a_reapplied_partition_is_left_to_the_run_that_reports_it(empty_dagster: Session, platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", sheet("2013-02-04"))
    empty_dagster.report()
    reapply(platform.warehouse, platform.settings, "attendance__attendance_daily", "2013|B")
    assert platform.value("select count(*) from etl.load_log where mode = 'reapplied'") == 1
    assert empty_dagster.report() == 0


def test_no_source_value_is_told(dagster: Session) -> None:
    [newest] = dagster.instance.fetch_materializations(dg.AssetKey(["raw_zone", "oneroster__users"]), limit=1).records
    assert newest.asset_materialization is not None
    told = {"load_id", "feed", "mode", "status", "file", "archived_as", "sample", *FIGURES}
    assert set(newest.asset_materialization.metadata) == told


@given(
    st.integers(0, 10**9), st.integers(0, 10**9), st.text("0123456789abcdef", min_size=1), st.text("0123456789abcdef")
)
def test_the_same_state_asks_for_the_same_run_and_another_state_for_another(
    load: int, later: int, digest: str, other: str
) -> None:
    asked = gold_request(StaleTerm(term_key="2025-26|T1", load_id=load, reason="new rows"), digest)
    again = gold_request(StaleTerm(term_key="2025-26|T1", load_id=later, reason="new rows"), other)
    assert (asked.run_key == again.run_key) == ((load, digest) == (later, other))
    assert asked.partition_key == "2025-26|T1"
