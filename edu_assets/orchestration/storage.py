"""Dagster's storage in PostgreSQL with connections that are kept and a schema that is asked once.

Belongs here: how connections are held, and what of the storage a process need not ask again. Does not belong here:
the instance's other settings (instance.py).

dagster-postgres opens a connection for nearly every statement, over a thousand in one gold run, half of its time,
unless it is told to keep one for each of its three storages. Its own webserver tells it so, by the same call.
Where it keeps one, it still asks at nearly every event whether a table and its columns exist, the first of these by
one more connection: three thousand questions in a gold run of the sample, a fifth of its time. What a run plans, half
of its events, comes as one batch (DAGSTER_EVENT_BATCH_SIZE in instance.py), which it stores event by event.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, AssetKeyTable, SqlEventLogStorageTable
from dagster._serdes import ConfigurableClassData, serialize_value
from dagster_postgres import (
    DagsterPostgresStorage,
    PostgresEventLogStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
)
from dagster_postgres.utils import pg_url_from_config
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql

STATEMENT_TIMEOUT_MS = 60_000
POOL_RECYCLE_SECONDS = 3_600
MORE_CONNECTIONS = 20  # for a moment, of threads that ask at once
PLANNED_MATERIALIZATION = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
PLANNED_CHECK = dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED


class QuickEventLog(PostgresEventLogStorage):
    """The event log with what was once found of its schema (tables and columns come with a migration and stay), and
    with plans that are stored at once."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._found: set[str] = set()
        super().__init__(*arguments, **named)

    def has_table(self, table_name: str) -> bool:
        if table_name not in self._found and super().has_table(table_name):
            self._found.add(table_name)
        return table_name in self._found

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        if column_name not in self._found and super()._has_asset_key_col_on_connection(conn, column_name):
            self._found.add(column_name)
        return column_name in self._found

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Store what is of no asset, or a check's outcome, without the NOTIFY to which nobody listens any more."""
        kind = event.get_dagster_event().event_type if event.is_dagster_event else None
        if kind in ASSET_EVENTS:
            super().store_event(event)
            return
        with self._connect() as connection:
            insert = self.prepare_insert_event(event).returning(SqlEventLogStorageTable.c.id)
            event_id = int(connection.execute(insert).scalar_one())
        if kind in ASSET_CHECK_EVENTS:
            self.store_asset_check_event(event, event_id)

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store what a run plans, assets and checks, by three statements. Other batches are stored as ever."""
        if {event.get_dagster_event().event_type for event in events} - {PLANNED_MATERIALIZATION, PLANNED_CHECK}:
            super().store_event_batch(events)
            return
        insert = self.prepare_insert_event_batch(events).returning(SqlEventLogStorageTable.c.id)
        with self._connect() as connection:
            # each statement would be a transaction of its own, and a batch that fails is stored again by Dagster
            connection.execution_options(isolation_level="READ COMMITTED")
            with connection.begin():
                stored = list(zip([row[0] for row in connection.execute(insert)], events, strict=True))
                checks = [row for event_id, event in stored for row in self._planned_checks(event_id, event)]
                if checks:
                    connection.execute(AssetCheckExecutionsTable.insert().values(checks))
                assets = self._planned_assets(connection, stored)
                if assets:
                    upsert = postgresql.insert(AssetKeyTable).values(assets)
                    told = {name: upsert.excluded[name] for name in assets[0] if name != "asset_key"}
                    connection.execute(upsert.on_conflict_do_update(index_elements=["asset_key"], set_=told))

    def _planned_checks(self, event_id: int, event: dg.EventLogEntry) -> list[dict[str, Any]]:
        """The rows that say of each partition that a check is planned."""
        if event.get_dagster_event().event_type is not PLANNED_CHECK:
            return []
        planned: Any = event.get_dagster_event().event_specific_data
        subset = planned.partitions_subset
        return [
            {
                "asset_key": planned.asset_key.to_string(),
                "check_name": planned.check_name,
                "partition": partition,
                "run_id": event.run_id,
                "execution_status": "PLANNED",
                "evaluation_event": serialize_value(event),
                "evaluation_event_timestamp": self._event_insert_timestamp(event),
                "evaluation_event_storage_id": event_id,
            }
            for partition in (subset.get_partition_keys() if subset else [None])
        ]

    def _planned_assets(
        self, connection: Connection, stored: Sequence[tuple[int, dg.EventLogEntry]]
    ) -> list[dict[str, Any]]:
        """Each planned asset with the run that plans it, in an order that all writers share."""
        has_times = self._has_asset_key_index_cols_on_connection(connection)
        found: dict[str, dict[str, Any]] = {}
        for event_id, event in stored:
            asset = event.get_dagster_event().asset_key
            if asset and event.get_dagster_event().event_type is PLANNED_MATERIALIZATION:
                found[asset.to_string()] = self._get_asset_entry_values(event, event_id, has_times)
        return [{"asset_key": key, **values} for key, values in sorted(found.items())]


class KeptConnectionsStorage(DagsterPostgresStorage):
    """dagster.yaml's `storage: custom`, with the configuration of `storage: postgres`."""

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        self._event_log_storage = QuickEventLog(postgres_url)
        for part in (self._run_storage, self._event_log_storage, self._schedule_storage):
            part.optimize_for_webserver(STATEMENT_TIMEOUT_MS, POOL_RECYCLE_SECONDS, MORE_CONNECTIONS)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Any:
        return cls(pg_url_from_config(config_value), inst_data)


def close_connections(instance: dg.DagsterInstance) -> None:
    """Close what an instance keeps, three connections; the garbage collector alone would do so late."""
    for part in (instance.run_storage, instance.event_log_storage, instance.schedule_storage):
        if isinstance(part, PostgresRunStorage | PostgresEventLogStorage | PostgresScheduleStorage):
            part._engine.dispose()
