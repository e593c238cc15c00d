"""Sensors: a whole file starts one load, a load one gold run a term, and nothing starts twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context
from hypothesis import given
from hypothesis import strategies as st

from edu_assets.contracts import registry
from edu_assets.gold import build_term
from edu_assets.orchestration.backfill import Session
from edu_assets.orchestration.partitions import term_tags
from edu_assets.orchestration.schedules import daily_checks
from edu_assets.orchestration.sensors import (
    FIRST_PAUSE_SECONDS,
    MOST_ATTEMPTS,
    landing_sensor,
    next_attempt,
    outbox_sensor,
)
from edu_assets_tests.raw_zone.exports import attendance
from edu_assets_tests.testbed import Platform

SHEET = attendance("01,S1,2013-02-04,P,0", "01,S1,2013-09-03,P,0")


def look(session: Session, sensor: dg.SensorDefinition, cursor: str | None = None) -> dg.SensorExecutionData:
    context = dg.build_sensor_context(
        instance=session.instance,
        cursor=cursor,
        resources={"warehouse": session.warehouse},
        definitions=session.defs,
        sensor_name=sensor.name,
    )
    with partition_loading_context(dynamic_partitions_store=session.instance):
        return sensor.evaluate_tick(context)


def test_a_file_that_still_grows_waits_until_two_looks_agree(empty_dagster: Session, platform: Platform) -> None:
    sensor = landing_sensor()
    path = platform.drop("attendance", "attendance_daily_1.csv", SHEET[:40])
    assert look(empty_dagster, sensor).run_requests == []
    path.write_text(SHEET, encoding="utf-8")
    assert look(empty_dagster, sensor).run_requests == []
    assert len(look(empty_dagster, sensor).run_requests or []) == 1


def test_the_same_waiting_files_ask_for_one_run(empty_dagster: Session, platform: Platform) -> None:
    sensor = landing_sensor()
    platform.drop("attendance", "attendance_daily_1.csv", SHEET)
    look(empty_dagster, sensor)
    first = look(empty_dagster, sensor)
    assert len(first.run_requests or []) == 1
    assert look(empty_dagster, sensor, first.cursor).run_requests == []


def test_a_loaded_file_asks_for_nothing(empty_dagster: Session, platform: Platform) -> None:
    platform.drop("attendance", "attendance_daily_1.csv", SHEET)
    platform.load_waiting()
    assert look(empty_dagster, landing_sensor()).run_requests == []


def test_the_arrivals_job_loads_what_waits(empty_dagster: Session, platform: Platform) -> None:
    platform.drop("attendance", "attendance_daily_1.csv", SHEET)
    platform.load_waiting(settled=False)  # the first look
    done = empty_dagster.defs.resolve_job_def("arrivals").execute_in_process(instance=empty_dagster.instance)
    assert done.success
    [[run_id]] = platform.query("select distinct run_id from etl.load_log")
    assert run_id == done.run_id


def test_one_arrival_of_two_terms_asks_for_two_gold_runs_and_again_for_none(
    empty_dagster: Session, platform: Platform
) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", SHEET)
    sensor = outbox_sensor(registry())
    asked = look(empty_dagster, sensor).run_requests or []
    assert [request.partition_key for request in asked] == ["2013|B", "2013|J"]
    again = look(empty_dagster, sensor).run_requests or []
    assert [request.run_key for request in again] == [request.run_key for request in asked]
    for request in asked:
        assert not build_term(platform.warehouse, platform.settings, str(request.partition_key)).failed
    assert look(empty_dagster, sensor).run_requests == []


@given(
    attempts=st.lists(st.floats(0, 10_000), min_size=1, max_size=200),
    batch=st.text("0123456789abcdef", min_size=4, max_size=4),
)
def test_files_that_cannot_be_loaded_are_tried_a_few_times_with_growing_pauses(
    attempts: list[float], batch: str
) -> None:
    """However often the sensor looks, a source that fails all day leaves a handful of runs."""
    cursor, now, made = None, 0.0, []
    for step in attempts:
        now += step
        attempt = next_attempt(cursor, batch, now)
        if attempt is not None:
            made.append(now)
            cursor = json.dumps(attempt)
    assert 1 <= len(made) <= MOST_ATTEMPTS
    for number, (earlier, later) in enumerate(pairwise(made)):
        assert later - earlier >= FIRST_PAUSE_SECONDS * 2**number
    assert next_attempt(cursor, f"{batch}x", now) is not None


@pytest.mark.parametrize(
    ("at", "partitions"),
    [
        (datetime(2025, 10, 6, 11, tzinfo=UTC), ["2025-26|T1"]),
        (datetime(2025, 7, 20, 11, tzinfo=UTC), ["2025-26|T1"]),
        (datetime(2031, 1, 1, 12, tzinfo=UTC), []),
    ],
    ids=["in term", "in summer", "after the calendar"],
)
def test_every_morning_the_current_terms_are_asked(dagster: Session, at: datetime, partitions: list[str]) -> None:
    schedule = daily_checks(dagster.warehouse.settings.network)
    with dg.build_schedule_context(
        instance=dagster.instance,
        scheduled_execution_time=at,
        repository_def=dagster.defs.get_repository_def(),
        resources={"warehouse": dagster.warehouse},
    ) as context:
        asked = schedule.evaluate_tick(context)
    assert [request.tags["dagster/partition"] for request in asked.run_requests or []] == partitions
    assert bool(asked.skip_message) == (not partitions)
    assert schedule.execution_timezone == "America/New_York"


def test_the_daily_checks_stand_on_the_term(dagster: Session) -> None:
    done = dagster.defs.resolve_job_def("checks").execute_in_process(
        instance=dagster.instance, tags=term_tags("2025-26|T2")
    )
    found = done.get_asset_check_evaluations()
    assert done.success
    assert {check.check_name for check in found} >= {"is_fresh", "nothing_is_held", "rows_are_conserved"}
    assert {str(check.partition) for check in found} == {"2025-26|T2"}
