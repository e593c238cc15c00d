"""Jobs: loading what has arrived, building gold of a term, asking the checks of a term.

Belongs here: what a run consists of. Does not belong here: what sets it going (sensors.py, schedules.py).
"""

from collections import Counter
from typing import Any

import dagster as dg

from edu_assets.orchestration.raw_assets import POOL, WAREHOUSE
from edu_assets.raw_zone import load_waiting

AssetJob = Any
"""What define_asset_job returns; Dagster names the type in a private module only."""

ARRIVALS = "arrivals"
GOLD = "gold"
CHECKS = "checks"

TRANSIENT_FAULTS = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""For a database that is away; what is wrong with a file or a model is a Failure that allows no retry."""


@dg.op(required_resource_keys={WAREHOUSE}, pool=POOL, retry_policy=TRANSIENT_FAULTS, out=dg.Out(dg.Nothing))
def load_arrivals(context: dg.OpExecutionContext) -> None:
    """Load every file in the landing places that is whole and not known yet, whatever terms it holds."""
    warehouse = context.resources.warehouse
    reports = load_waiting(warehouse, warehouse.settings, run_id=context.run_id, progress=context.log.info)
    outcomes = Counter(report.status for report in reports)
    context.add_output_metadata(
        {
            "files": sum(not report.unreachable for report in reports),
            "rows_read": sum(report.rows_read for report in reports),
            "rows_quarantined": sum(report.quarantined for report in reports),
            "terms": sorted({part.term_key for report in reports for part in report.slices}),
            **dict(outcomes),
        }
    )
    failed = [f"{report.source_file}: {'; '.join(report.problems[-1:])}" for report in reports if report.failed]
    if failed:
        raise dg.Failure(
            f"{len(failed)} of {len(reports)} files could not be loaded and wait for the next look; the others are "
            f"loaded. {' | '.join(failed)}",
            allow_retries=False,
        )


@dg.job(
    name=ARRIVALS,
    description="Loads what has arrived. Unpartitioned: a file may hold several terms; the outbox reports each.",
)
def arrivals() -> None:
    load_arrivals()


def gold_job(gold: dg.AssetsDefinition, raw_checks: dg.AssetChecksDefinition) -> AssetJob:
    """One term: the checks of the raw tables that gold reads, of which two block, then all of gold and its tests.

    Views are chosen too: it is through them that gold hangs on raw tables, and so on the blocking checks. The
    checks of tables that no view reads yet would cost each run more than half its time again and gate nothing;
    the daily checks ask them.
    """
    read = {dependency.asset_key for spec in gold.specs for dependency in spec.deps}
    asked = [spec.key for spec in raw_checks.check_specs if spec.asset_key in read]
    return dg.define_asset_job(
        GOLD,
        selection=dg.AssetSelection.assets(gold) | dg.AssetSelection.checks(*asked),
        description="Checks the raw tables of one term, builds its gold with dbt and runs the term's tests.",
    )


def checks_job(raw_checks: dg.AssetChecksDefinition) -> AssetJob:
    """One term: the checks of its raw tables alone, freshness among them.

    Dagster gives a job of checks no partitions, so the term comes with the run's tags (partitions.term_tags).
    """
    return dg.define_asset_job(
        CHECKS,
        selection=dg.AssetSelection.checks(raw_checks),
        description="Asks the checks of the raw tables of one term, among them whether its sources are late.",
    )
