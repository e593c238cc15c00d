"""How long Dagster remembers runs.

Belongs here: which runs are forgotten. Does not belong here: ticks of sensors and schedules, which dagster.yaml
limits (instance.py); what was loaded and built, which our own ledgers keep (etl.load_log, gold.term_build).

Dagster deletes neither runs nor their events by itself, some 200 kB a gold run. With a run go its events, and with
them what an asset knows of its partitions, so only a run goes that says nothing of the present: whatever it
materialised, observed, failed to build or checked was materialised and checked by a later run. What it had only
planned, as each gold run does of views, may have been planned again. A term that nobody
builds any more keeps the run that built it, and a failure that nobody has mended stays.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta

import dagster as dg

from edu_assets.warehouse import Role, Warehouse

KEPT_DAYS = 90
MOST_AT_ONCE = 500
"""A schedule has a minute; what is left goes the next day."""

SUPERSEDED = """
with old as (
    select run_id from runs
    where status in ('SUCCESS', 'FAILURE', 'CANCELED')
      and coalesce(end_time, extract(epoch from update_timestamp)) < %(before)s
),
present as (
    select said.run_id from old join event_logs said using (run_id)
    where said.asset_key is not null
      and said.dagster_event_type in ('ASSET_MATERIALIZATION', 'ASSET_OBSERVATION', 'ASSET_MATERIALIZATION_PLANNED',
                                      'ASSET_FAILED_TO_MATERIALIZE')
      and not exists (
        select 1 from event_logs later
        where later.asset_key = said.asset_key and later.partition is not distinct from said.partition
          and (later.dagster_event_type = 'ASSET_MATERIALIZATION'
               or said.dagster_event_type = 'ASSET_MATERIALIZATION_PLANNED'
                  and later.dagster_event_type = 'ASSET_MATERIALIZATION_PLANNED')
          and later.id > said.id and later.run_id <> said.run_id)
    union
    select asked.run_id from old join asset_check_executions asked using (run_id)
    where not exists (
        select 1 from asset_check_executions later
        where later.asset_key = asked.asset_key and later.check_name = asked.check_name
          and later.partition is not distinct from asked.partition
          and later.execution_status in ('SUCCEEDED', 'FAILED')
          and later.id > asked.id and later.run_id <> asked.run_id)
)
select run_id from old where run_id not in (select run_id from present) order by run_id limit %(most)s
"""


def forget_old_runs(instance: dg.DagsterInstance, warehouse: Warehouse, now: datetime) -> int:
    """Delete runs that ended KEPT_DAYS ago and that say nothing of the present; how many."""
    before = (now - timedelta(days=KEPT_DAYS)).timestamp()
    with warehouse.connect(Role.DAGSTER, autocommit=True, application_name="edu retention") as connection:
        found = connection.execute(SUPERSEDED.encode(), {"before": before, "most": MOST_AT_ONCE}).fetchall()
        run_ids = [run_id for (run_id,) in found]
        for run_id in run_ids:
            instance.delete_run(run_id)
            shutil.rmtree(warehouse.settings.dagster_home / "storage" / run_id, ignore_errors=True)
        # Dagster deletes events and tags of a run, and leaves the answers of its checks.
        connection.execute("delete from asset_check_executions where run_id = any(%s)", [run_ids])
    return len(run_ids)
