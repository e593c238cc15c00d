"""The one Definitions of the platform: `dagster dev`, `dg`, the code server and tests all load it from here.

Belongs here: putting the parts together. Does not belong here: any part (orchestration/).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from edu_assets.contracts import Registry, registry
from edu_assets.gold import manifest_content
from edu_assets.orchestration.executor import executor
from edu_assets.orchestration.gold_assets import gold_graph
from edu_assets.orchestration.jobs import arrivals, checks_job, gold_job
from edu_assets.orchestration.partitions import term_partitions
from edu_assets.orchestration.raw_assets import WAREHOUSE, raw_assets
from edu_assets.orchestration.raw_checks import raw_checks
from edu_assets.orchestration.schedules import daily_checks
from edu_assets.orchestration.sensors import incident_sensor, landing_sensor, outbox_sensor
from edu_assets.settings import Settings
from edu_assets.warehouse import Warehouse

# Virtual assets and partitioned checks are previews in Dagster 1.13, links to files are beta. The version is pinned,
# and tests hold what we use of them; a warning at every start of every process would only teach people not to read
# warnings.
warnings.filterwarnings("ignore", category=dg.PreviewWarning)
warnings.filterwarnings("ignore", category=dg.BetaWarning)


def build_defs(
    settings: Settings | None = None,
    *,
    declared: Registry | None = None,
    manifest: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """Assemble the asset graph of a network. Connects to no database.

    declared: other contracts than the project's. manifest: dbt's manifest, else it is read, or parsed where
    the dbt project has changed. resources: in the place of the real ones.
    """
    settings = settings or Settings()
    declared = declared or registry()
    network = settings.network
    partitions = term_partitions(network)
    gold = gold_graph(manifest or manifest_content(), network, declared, partitions)
    checks = raw_checks(network, declared, partitions)
    return dg.Definitions(
        assets=[*raw_assets(network, declared, partitions), gold.assets, *gold.external],
        asset_checks=[checks],
        jobs=[arrivals, gold_job(gold.assets, checks), checks_job(checks)],
        sensors=[landing_sensor(), outbox_sensor(declared), incident_sensor()],
        schedules=[daily_checks(network)],
        resources={WAREHOUSE: Warehouse.of(settings), **(resources or {})},
        executor=executor(settings),
    )


defs = build_defs()
