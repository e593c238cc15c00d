"""Schedules: the daily look at the current terms, and the end of what Dagster need not remember.

Belongs here: what happens by the clock, in the network's own zone. Does not belong here: what happens
because something arrived (sensors.py).
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from edu_assets.network import Network
from edu_assets.orchestration.freshness import ASKED_AT_HOUR, current_terms
from edu_assets.orchestration.jobs import CHECKS
from edu_assets.orchestration.outbox import add_academic_years
from edu_assets.orchestration.partitions import term_tags
from edu_assets.orchestration.raw_assets import WAREHOUSE
from edu_assets.orchestration.retention import KEPT_DAYS, forget_old_runs

MORNING = f"0 {ASKED_AT_HOUR} * * *"


def daily_checks(network: Network) -> dg.ScheduleDefinition:
    """Asks the checks of the current terms, so that a source that fell silent is found on the day."""

    @dg.schedule(
        name="daily_checks",
        job_name=CHECKS,
        cron_schedule=MORNING,
        execution_timezone=network.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        required_resource_keys={WAREHOUSE},
        description="The checks of the terms that are current, every morning in the network's zone. Forgets runs of "
        f"more than {KEPT_DAYS} days ago that say nothing of the present.",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        forgotten = forget_old_runs(context.instance, context.resources.warehouse, datetime.now(UTC))
        context.log.info(f"{forgotten} old runs forgotten")
        today = context.scheduled_execution_time.astimezone(ZoneInfo(network.timezone)).date()
        terms = current_terms(network, today)
        if not terms:
            return dg.SkipReason(f"no term of the calendar holds {today}; add the year to the network file")
        add_academic_years(context.instance, [term.key for term in terms])
        return [dg.RunRequest(run_key=f"{today}|{term.key}", tags=term_tags(term.key)) for term in terms]

    return daily
