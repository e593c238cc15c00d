"""What a run plans is stored as if event by event, by few statements, whole or not at all."""

from __future__ import annotations

import time

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.events import AssetMaterializationPlannedData, DagsterEvent
from sqlalchemy import event as sqlalchemy_event

from edu_assets.orchestration.backfill import Session
from edu_assets.orchestration.storage import QuickEventLog

ASSETS = [dg.AssetKey(["gold", f"mart_{number:02}"]) for number in (3, 1, 2)]
CHECKS = [dg.AssetCheckKey(asset, name) for asset in ASSETS for name in ("is_fresh", "adds_up")]
PARTITION = "2013|B"


def planned(run_id: str) -> list[dg.EventLogEntry]:
    """The events of a run that plans ASSETS and CHECKS."""
    subset = dg.StaticPartitionsDefinition([PARTITION, "2013|J"]).subset_with_partition_keys([PARTITION])
    found = [
        DagsterEvent(
            dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value,
            job_name="gold",
            step_key="build_gold",
            event_specific_data=AssetMaterializationPlannedData(asset, partition=PARTITION),
        )
        for asset in ASSETS
    ] + [
        DagsterEvent(
            dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
            job_name="gold",
            step_key="build_gold",
            event_specific_data=AssetCheckEvaluationPlanned(
                asset_key=check.asset_key, check_name=check.name, partitions_subset=subset
            ),
        )
        for check in CHECKS
    ]
    return [
        dg.EventLogEntry(
            error_info=None,
            level=10,
            user_message="planned",
            run_id=run_id,
            timestamp=time.time(),
            dagster_event=event,
            job_name="gold",
            step_key="build_gold",
        )
        for event in found
    ]


@pytest.fixture
def storage(empty_dagster: Session) -> QuickEventLog:
    found = empty_dagster.instance.event_log_storage
    assert isinstance(found, QuickEventLog)
    return found


def told(storage: QuickEventLog, run_id: str) -> tuple[list, list, list]:
    """What readers of the storage learn of a run's plan: its events, assets and checks."""
    events = [
        (entry.dagster_event_type, entry.get_dagster_event().asset_key, entry.get_dagster_event().partition)
        for entry in storage.get_logs_for_run(run_id)
    ]
    assets = [
        (asset, record.asset_entry.last_run_id)
        for asset in ASSETS
        for record in storage.get_asset_records([asset])
        if record.asset_entry.last_run_id == run_id
    ]
    checks = [
        (check, record.status, record.partition)
        for check in CHECKS
        for record in storage.get_asset_check_execution_history(check, limit=9)
        if record.run_id == run_id
    ]
    return events, assets, checks


def test_a_plan_that_is_stored_at_once_reads_as_one_stored_event_by_event(storage: QuickEventLog) -> None:
    one_by_one, at_once = dg.DagsterRun("gold").run_id, dg.DagsterRun("gold").run_id
    for entry in planned(one_by_one):
        storage.store_event(entry)
    expected = told(storage, one_by_one)
    assert [len(part) for part in expected] == [9, 3, 6]
    storage.store_event_batch(planned(at_once))
    events, assets, checks = told(storage, at_once)
    assert (events, checks) == (expected[0], expected[2])
    assert assets == [(asset, at_once) for asset, _ in expected[1]]


def test_each_check_refers_to_its_own_event(storage: QuickEventLog) -> None:
    run_id = dg.DagsterRun("gold").run_id
    storage.store_event_batch(planned(run_id))
    with storage.index_connection() as connection:
        pairs = connection.exec_driver_sql(
            "select c.evaluation_event = e.event, e.dagster_event_type from asset_check_executions c"
            " join event_logs e on e.id = c.evaluation_event_storage_id"
        ).fetchall()
    assert pairs == [(True, "ASSET_CHECK_EVALUATION_PLANNED")] * len(CHECKS)


def test_a_plan_takes_a_few_statements_however_long_it_is(storage: QuickEventLog) -> None:
    storage.store_event_batch(planned(dg.DagsterRun("gold").run_id))  # asks once for the schema
    said: list[str] = []
    sqlalchemy_event.listen(storage._engine, "before_cursor_execute", lambda *told: said.append(told[2]))
    storage.store_event_batch(planned(dg.DagsterRun("gold").run_id))
    assert len(said) == 3


def test_a_message_takes_one_statement(storage: QuickEventLog) -> None:
    run_id, said = dg.DagsterRun("gold").run_id, []
    sqlalchemy_event.listen(storage._engine, "before_cursor_execute", lambda *told: said.append(told[2]))
    message = dg.EventLogEntry(
        error_info=None, level=20, user_message="built", run_id=run_id, timestamp=time.time(), job_name="gold"
    )
    storage.store_event(message)
    assert len(said) == 1
    assert [entry.user_message for entry in storage.get_logs_for_run(run_id)] == ["built"]


def test_a_plan_that_cannot_be_stored_leaves_nothing(storage: QuickEventLog) -> None:
    run_id = dg.DagsterRun("gold").run_id
    with storage.index_connection() as connection:
        connection.exec_driver_sql("alter table asset_check_executions add constraint never check (false) not valid")
        try:
            with pytest.raises(Exception, match="never"):
                storage.store_event_batch(planned(run_id))
        finally:
            connection.exec_driver_sql("alter table asset_check_executions drop constraint never")
    assert told(storage, run_id) == ([], [], [])
