"""The outbox: what the load log asks of Dagster.

Belongs here: reporting each applied slice as a materialisation of its raw partition, adding academic
years, and saying which terms need gold. Does not belong here: when that happens (sensors.py,
pipeline.py), how gold is built (gold_assets.py).

The loader never imports Dagster: files loaded by the arrivals job, by `edu load`, by a replay or a
release all stand in `etl.load_log`, in the order of their commits, and are reported from there, once.
How far the log was reported is kept in `etl.outbox`, one row a Dagster storage, so that a new storage is
told everything again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from psycopg import Connection
from psycopg.rows import dict_row
from pydantic import BaseModel

from edu_assets.contracts import Registry
from edu_assets.gold import StaleTerm
from edu_assets.orchestration.partitions import ACADEMIC_YEAR, academic_years, partition_key
from edu_assets.orchestration.raw_assets import LOAD_ID, load_metadata, raw_asset_key
from edu_assets.orchestration.samples import raw_pictures
from edu_assets.raw_zone.archive import archived
from edu_assets.warehouse import Role, Warehouse
from edu_assets.warehouse.locks import session_lock

OUTBOX_LOCK = "edu:outbox"


class Reported(BaseModel):
    """What was told to Dagster: slices as materialisations, and academic years that are new to it."""

    slices: int = 0
    academic_years: list[str] = []


def report_loads(instance: dg.DagsterInstance, warehouse: Warehouse, declared: Registry) -> Reported:
    """Report every slice that was loaded since the last report. One process at a time.

    A process that dies between telling Dagster and noting so leaves a mark; whoever comes next then looks
    before it tells, so that no load is reported twice.
    """
    network = warehouse.settings.network
    contracts = {contract.name: contract for contract in declared.switched_on(network)}
    consumer = _consumer(instance)
    reported = Reported()
    with (
        warehouse.connect(Role.ETL, autocommit=True, application_name="edu outbox") as connection,
        session_lock(connection, OUTBOX_LOCK),
    ):
        told_until, interrupted_at = _position(connection, consumer)
        slices = _slices_after(connection, told_until)
        if not slices:
            return reported
        last = int(slices[-1]["load_id"])
        _note(connection, consumer, told_until, last)
        reported.academic_years = add_academic_years(instance, [str(found["term_key"]) for found in slices])
        newest = {_partition(found): found["load_id"] for found in slices if found["status"] == "applied"}
        for found in slices:
            contract = contracts.get(str(found["raw_table"]))
            if contract is None or found["mode"] == "reapplied":
                continue  # a run that re-applies a partition reports it itself
            key = raw_asset_key(contract)
            if int(found["load_id"]) <= interrupted_at and _is_told(instance, key, found):
                continue
            seen: dict[str, Any] = {}
            if found["sha256"] is not None:
                seen["file"] = str(found["source_file"])
                seen["archived_as"] = dg.MetadataValue.path(str(archived(warehouse.settings, found["sha256"])))
            if found["load_id"] == newest.get(_partition(found)):  # the pictures are of what stands now
                seen |= raw_pictures(connection, contract, str(found["term_key"]))
            instance.report_runless_asset_event(_event(key, found, seen))
            reported.slices += 1
        _note(connection, consumer, last, None)
    return reported


def _partition(found: Mapping[str, Any]) -> tuple[str, str]:
    return str(found["raw_table"]), str(found["term_key"])


def _consumer(instance: dg.DagsterInstance) -> str:
    """The identity of a Dagster storage, which Dagster draws when the storage is made."""
    storage = instance.run_storage
    if not isinstance(storage, SqlRunStorage):
        raise TypeError(f"the run storage is a {type(storage).__name__}; loads are reported to SQL storages only")
    return storage.get_run_storage_id()


def add_academic_years(instance: dg.DagsterInstance, term_keys: list[str]) -> list[str]:
    """Make the academic years of terms known to Dagster; returns those that are new to it."""
    wanted = academic_years(term_keys)
    known = set(instance.get_dynamic_partitions(ACADEMIC_YEAR))
    new = [year for year in wanted if year not in known]
    if new:
        instance.add_dynamic_partitions(ACADEMIC_YEAR, new)
    return new


def gold_request(stale: StaleTerm, project_digest: str) -> dg.RunRequest:
    """One gold run for a term. Asked again it is the same request, until a load, a rule or a merge changes the term."""
    return dg.RunRequest(
        run_key=f"{stale.term_key}|{stale.load_id}|{project_digest}",
        partition_key=partition_key(stale.term_key),
        tags={"edu/reason": stale.reason, "edu/load_id": str(stale.load_id)},
    )


def _event(
    key: dg.AssetKey, found: Mapping[str, Any], seen: Mapping[str, Any]
) -> dg.AssetMaterialization | dg.AssetObservation:
    """An applied slice is a materialisation; what changed nothing, or was held, is an observation."""
    kind = dg.AssetMaterialization if found["status"] == "applied" else dg.AssetObservation
    metadata = {**seen, **load_metadata(found)}  # the file first, which is what a reader comes for
    return kind(asset_key=key, partition=partition_key(str(found["term_key"])), metadata=metadata)


def _is_told(instance: dg.DagsterInstance, key: dg.AssetKey, found: Mapping[str, Any]) -> bool:
    fetch = instance.fetch_materializations if found["status"] == "applied" else instance.fetch_observations
    told = fetch(dg.AssetRecordsFilter(asset_key=key, asset_partitions=[str(found["term_key"])]), limit=100)
    figures = [record.asset_event.metadata for record in told.records if record.asset_event]
    return any(
        (known[LOAD_ID].value, known["feed"].value) == (found["load_id"], found["feed"])
        for known in figures
        if LOAD_ID in known
    )


def _slices_after(connection: Connection, load_id: int) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select l.*, d.source_file, d.sha256 from etl.load_log l left join etl.delivery d using (delivery_id)"
            " where l.load_id > %s and l.status <> 'failed' order by l.load_id, l.raw_table, l.term_key",
            [load_id],
        ).fetchall()


def _position(connection: Connection, consumer: str) -> tuple[int, int]:
    """(everything up to this load is told, a report up to this load was cut off)."""
    row = connection.execute(
        "select told_until, telling_until from etl.outbox where consumer = %s", [consumer]
    ).fetchone()
    return (row[0], row[1] or 0) if row else (0, 0)


def _note(connection: Connection, consumer: str, told_until: int, telling_until: int | None) -> None:
    connection.execute(
        "insert into etl.outbox (consumer, told_until, telling_until) values (%s, %s, %s) on conflict (consumer)"
        " do update set told_until = excluded.told_until, telling_until = excluded.telling_until",
        [consumer, told_until, telling_until],
    )
