"""The Dagster instance of a network: its home, its dagster.yaml, its storage in PostgreSQL.

Belongs here: how Dagster is configured and opened. Does not belong here: the processes that use it (ui.py).

The address of the storage, which holds a password, stands in the environment and in no file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from edu_assets.settings import Settings, environment_with
from edu_assets.warehouse import Role, Warehouse

STORAGE_URL = "EDU_DAGSTER_URL"

RUNS_AT_ONCE = 2
RUNS_AT_ONCE_WITH_WORKERS = 4
STEPS_AT_ONCE = 4
"""These bound PostgreSQL's connections, of which an embedded server has 100. Measured: webserver, daemon and code
server keep about 10, a run that waits for its step 3, a step up to 10 (Dagster's storage, the term's lock, dbt);
4 runs and 4 steps are below 65, which leaves the rest to commands and to readers of gold."""

PLANNED_AT_ONCE = 2_000
"""Events of a run's plan that are stored together; a term has some seven hundred."""

POLL_SECONDS = 10
A_DAY = 86_400


def configuration(settings: Settings) -> dict[str, Any]:
    """dagster.yaml of a network."""
    return {
        "storage": {
            "custom": {
                "module": "edu_assets.orchestration.storage",
                "class": "KeptConnectionsStorage",
                "config": {"postgres_url": {"env": STORAGE_URL}},
            }
        },
        "run_launcher": {"module": "edu_assets.orchestration.launcher", "class": "WatchedRunLauncher"},
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},  # the newsletter dialog
        "concurrency": {
            "runs": {
                "max_concurrent_runs": RUNS_AT_ONCE if settings.broker is None else RUNS_AT_ONCE_WITH_WORKERS,
                # one gold run at a time per term; a second one waits in the queue
                "tag_concurrency_limits": [
                    {"key": "dagster/partition", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
                ],
            },
            "pools": {"granularity": "op", "default_limit": STEPS_AT_ONCE},
        },
        "run_monitoring": {
            "enabled": True,
            "start_timeout_seconds": 180,
            "poll_interval_seconds": POLL_SECONDS,
            # what nobody else notices, such as a broker that has forgotten its messages
            "max_runtime_seconds": A_DAY,
            "free_slots_after_run_end_seconds": POLL_SECONDS,
        },
        # A run whose process was lost starts again, once; what failed in a step is a person's matter.
        "run_retries": {"enabled": True, "max_retries": 1, "retry_on_asset_or_op_failure": False},
        "retention": {
            "schedule": {"purge_after_days": {"skipped": 7, "failure": 90, "success": 90}},
            "sensor": {"purge_after_days": {"skipped": 1, "failure": 90, "success": 90}},
        },
        "freshness": {"enabled": True},
    }


def environment(warehouse: Warehouse) -> dict[str, str]:
    """What a Dagster process needs to find the instance: its home, and the storage's address."""
    return {
        "DAGSTER_HOME": str(write_configuration(warehouse.settings)),
        # Dagster would choose psycopg 3 for the plain scheme where SQLAlchemy is newer, and die on NOTIFY.
        STORAGE_URL: warehouse.url(Role.DAGSTER).replace("postgresql://", "postgresql+psycopg2://", 1),
        "EDU_NETWORK": str(warehouse.settings.network_file.resolve()),
        "EDU_HOME": str(warehouse.settings.home.resolve()),
        "DAGSTER_EVENT_BATCH_SIZE": str(PLANNED_AT_ONCE),
    }


def write_configuration(settings: Settings) -> Path:
    """Write dagster.yaml into the network's Dagster home; returns the home."""
    home = settings.dagster_home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    text = "# Written by edu_assets at every start (edu_assets/orchestration/instance.py).\n"
    (home / "dagster.yaml").write_text(
        text + yaml.safe_dump(configuration(settings), sort_keys=False), encoding="utf-8"
    )
    return home


@contextmanager
def open_instance(warehouse: Warehouse) -> Iterator[dg.DagsterInstance]:
    """The network's instance, for this process."""
    needed = environment(warehouse)
    with environment_with(needed), dg.DagsterInstance.from_config(needed["DAGSTER_HOME"]) as instance:
        try:
            yield instance
        finally:
            from edu_assets.orchestration.storage import close_connections  # the instance has imported it

            close_connections(instance)
