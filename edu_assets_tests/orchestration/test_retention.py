"""Retention: old runs go, and what Dagster knows of assets, partitions and checks stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from dagster._core.event_api import PartitionKeyFilter

from edu_assets.orchestration.backfill import Session, TermRun, dagster_session
from edu_assets.orchestration.partitions import term_tags
from edu_assets.orchestration.retention import KEPT_DAYS, forget_old_runs
from edu_assets.warehouse import Role
from edu_assets_tests.conftest import MakeNetwork
from edu_assets_tests.testbed import ROSTER_AND_ATTENDANCE, sample_declaration

ONCE, TWICE, BROKEN = "2024-25|T1", "2024-25|T2", "2024-25|T3"


def later() -> datetime:
    return datetime.now(UTC) + timedelta(days=KEPT_DAYS, minutes=1)


@pytest.fixture(scope="module")
def remembered(make_session_network: MakeNetwork) -> Iterator[Session]:
    """A network of its own: what it remembers is for this module to forget."""
    platform = make_session_network(
        deployed=True, **sample_declaration(name="remembered", systems=ROSTER_AND_ATTENDANCE)
    )
    platform.load_sample()
    with dagster_session(platform.warehouse) as session:
        session.report()
        yield session


@pytest.fixture(scope="module")
def runs(remembered: Session) -> dict[str, TermRun]:
    """A term that was built once, and one whose second run was blocked."""
    found = {"once": remembered.build(ONCE), "whole": remembered.build(BROKEN)}
    with remembered.warehouse.connect(Role.ADMIN, autocommit=True) as admin:
        admin.execute("alter table raw_zone.oneroster__courses add column smuggled text")
        found["blocked"] = remembered.build(BROKEN)
        admin.execute("alter table raw_zone.oneroster__courses drop column smuggled")
    return found


def known(session: Session) -> dict[str, Any]:
    """All that the user interface says of the present: the state of each partition and check, and its run."""
    instance, graph = session.instance, session.defs.resolve_asset_graph()
    found: dict[str, Any] = {}
    for key in graph.get_all_asset_keys():
        found[f"materialized {key}"] = sorted(instance.get_materialized_partitions(key))
        found[f"latest {key}"] = instance.get_latest_materialization_event(key)
        for kind in (dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED):
            found[f"{kind} {key}"] = instance.event_log_storage.get_latest_storage_id_by_partition(key, kind)
    for term_key in (ONCE, TWICE, BROKEN):
        for check in graph.asset_check_keys:
            told = instance.event_log_storage.get_asset_check_execution_history(
                check, limit=1, partition_filter=PartitionKeyFilter(key=term_key)
            )
            found[f"check {check} {term_key}"] = [(each.run_id, each.status, each.event) for each in told]
    return found


def size(session: Session) -> dict[str, int]:
    with session.warehouse.connect(Role.DAGSTER) as connection:
        counted = {}
        for table in ("runs", "event_logs", "asset_check_executions", "asset_event_tags"):
            row = connection.execute(f"select count(*) from {table}".encode()).fetchone()  # noqa: S608
            assert row
            counted[table] = row[0]
        return counted


def test_a_run_is_remembered_as_long_as_it_is_young(remembered: Session, runs: dict[str, TermRun]) -> None:
    before = size(remembered)
    assert forget_old_runs(remembered.instance, remembered.warehouse, later() - timedelta(hours=1)) == 0
    assert size(remembered) == before
    assert runs["once"].run_id in {run.run_id for run in remembered.instance.get_runs()}


def test_what_says_nothing_of_the_present_is_forgotten_and_the_present_is_as_it_was(
    remembered: Session, runs: dict[str, TermRun]
) -> None:
    forget_old_runs(remembered.instance, remembered.warehouse, later())
    first, second = remembered.build(TWICE).run_id, remembered.build(TWICE).run_id
    present, before = known(remembered), size(remembered)
    remembered_runs = {run.run_id for run in remembered.instance.get_runs()}
    assert {first, second, runs["once"].run_id} <= remembered_runs
    checks = [value for name, value in present.items() if name.startswith("check ") and value]
    assert len(checks) > 100
    folder = remembered.warehouse.settings.dagster_home / "storage"
    assert (folder / first).exists()
    assert forget_old_runs(remembered.instance, remembered.warehouse, later()) == 1
    assert {run.run_id for run in remembered.instance.get_runs()} == remembered_runs - {first}
    assert known(remembered) == present
    assert all(size(remembered)[table] < before[table] for table in ("runs", "event_logs", "asset_check_executions"))
    assert not (folder / first).exists()
    assert forget_old_runs(remembered.instance, remembered.warehouse, later()) == 0


def test_a_failure_stays_until_it_is_mended(remembered: Session, runs: dict[str, TermRun]) -> None:
    assert not runs["blocked"].succeeded
    assert runs["blocked"].run_id in {run.run_id for run in remembered.instance.get_runs()}
    assert remembered.build(BROKEN).succeeded
    forget_old_runs(remembered.instance, remembered.warehouse, later())
    left = {run.run_id for run in remembered.instance.get_runs()}
    assert not left & {runs["blocked"].run_id, runs["whole"].run_id}


def test_daily_checks_go_as_the_next_ones_come(remembered: Session) -> None:
    job = remembered.defs.resolve_job_def("checks")
    made = [job.execute_in_process(instance=remembered.instance, tags=term_tags(ONCE)).run_id for _ in range(2)]
    forget_old_runs(remembered.instance, remembered.warehouse, later())
    left = {run.run_id for run in remembered.instance.get_runs()}
    assert made[0] not in left
    assert made[1] in left


def test_a_run_in_progress_is_never_forgotten(remembered: Session) -> None:
    job = remembered.defs.resolve_job_def("checks")
    run = remembered.instance.create_run_for_job(job, tags=term_tags(ONCE), status=dg.DagsterRunStatus.STARTED)
    forget_old_runs(remembered.instance, remembered.warehouse, later())
    assert remembered.instance.has_run(run.run_id)
