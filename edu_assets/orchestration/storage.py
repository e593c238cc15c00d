"""Dagster's storage in PostgreSQL with connections that are kept and a schema that is asked once.

Belongs here: how connections are held, and what of the storage a process need not ask again. Does not belong here:
the instance's other settings (instance.py).

dagster-postgres opens a connection for nearly every statement, over a thousand in one gold run, half of its time,
unless it is told to keep one for each of its three storages. Its own webserver tells it so, by the same call.
Where it keeps one, it still asks at nearly every event whether a table and its columns exist, the first of these by
one more connection: three thousand questions in a gold run of the sample, a fifth of its time.
"""

from typing import Any

import dagster as dg
from dagster._serdes import ConfigurableClassData
from dagster_postgres import (
    DagsterPostgresStorage,
    PostgresEventLogStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
)
from dagster_postgres.utils import pg_url_from_config
from sqlalchemy import Connection

STATEMENT_TIMEOUT_MS = 60_000
POOL_RECYCLE_SECONDS = 3_600
MORE_CONNECTIONS = 20  # for a moment, of threads that ask at once


class KnownSchemaEventLog(PostgresEventLogStorage):
    """The event log with what was once found of its schema: tables and columns come with a migration and stay."""

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


class KeptConnectionsStorage(DagsterPostgresStorage):
    """dagster.yaml's `storage: custom`, with the configuration of `storage: postgres`."""

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        self._event_log_storage = KnownSchemaEventLog(postgres_url)
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
