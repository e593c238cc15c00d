"""Dagster's storage in PostgreSQL with connections that are kept.

Belongs here: how connections are held. Does not belong here: the instance's other settings (instance.py).

dagster-postgres opens a connection for nearly every statement, over a thousand in one gold run, half of its time,
unless it is told to keep one for each of its three storages. Its own webserver tells it so, by the same call.
"""

from typing import Any

from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage

STATEMENT_TIMEOUT_MS = 60_000
POOL_RECYCLE_SECONDS = 3_600
MORE_CONNECTIONS = 20  # for a moment, of threads that ask at once


class KeptConnectionsStorage(DagsterPostgresStorage):
    """dagster.yaml's `storage: custom`, with the configuration of `storage: postgres`."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Any:
        storage = super().from_config_value(inst_data, config_value)
        for part in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
            part.optimize_for_webserver(STATEMENT_TIMEOUT_MS, POOL_RECYCLE_SECONDS, MORE_CONNECTIONS)
        return storage
