"""Sensors: a new file starts the arrivals job, a new load starts gold of its term, a new incident is told.

Belongs here: what is looked at, how often, and what is asked for. Does not belong here: loading
(raw_zone/), reporting (outbox.py), what an incident is (alerts.py).

The outbox sensor is the only trigger of gold. Both ask level-triggered questions (which files wait? which
terms are stale?) and make the answer idempotent by the run key, so that neither a restart nor a repeated
look starts anything twice.
"""

import hashlib
import json
from datetime import UTC, datetime

import dagster as dg

from edu_assets.contracts import Registry
from edu_assets.gold import project_digest, stale_terms
from edu_assets.orchestration.alerts import look_for_incidents
from edu_assets.orchestration.jobs import ARRIVALS, GOLD
from edu_assets.orchestration.outbox import gold_request, report_loads
from edu_assets.orchestration.raw_assets import WAREHOUSE
from edu_assets.raw_zone import WaitingFile, waiting_files
from edu_assets.sources.places import Place, places_of
from edu_assets.warehouse import Warehouse

LOOK_SECONDS = 10  # two looks must agree: a writer that pauses longer than this must write under another name
OUTBOX_SECONDS = 5  # a question of milliseconds, and someone may be waiting
INCIDENT_SECONDS = 30
MOST_ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 60


def landing_sensor() -> dg.SensorDefinition:
    """Starts the arrivals job when a whole file waits. Keeps the connections to remote places between its looks."""
    places: dict[str, Place] = {}

    @dg.sensor(
        name="landing_files",
        job_name=ARRIVALS,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={WAREHOUSE},
        description="Looks for new files in the landing places. A file that still grows waits until two looks agree; "
        "a bucket or an SFTP server that cannot be used is asked less and less often.",
    )
    def landing_files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        warehouse: Warehouse = context.resources.warehouse
        if not places:
            places.update(places_of(warehouse.settings))
        found = waiting_files(warehouse, warehouse.settings, places=places, patient=True)
        for feed, problem in found.unusable.items():
            context.log.warning(f"{feed}: {problem}")
        stable = found.stable
        if not stable:
            said = [f"{len(found.waiting)} files are still being written" if found.waiting else "no new files"]
            return dg.SkipReason(" | ".join(said + [f"{feed}: {problem}" for feed, problem in found.unusable.items()]))
        attempt = next_attempt(context.cursor, batch_of(stable), datetime.now(UTC).timestamp())
        if attempt is None:
            return dg.SkipReason(
                f"{len(stable)} files wait, but loading them failed before; the next attempt is not due. The last "
                "arrivals run says why; `edu load` or a run of the job by hand tries at once"
            )
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(run_key=f"{attempt['batch']}:{attempt['number']}", tags={"edu/files": str(len(stable))})
            ],
            cursor=json.dumps(attempt),
        )

    return landing_files


def batch_of(waiting: list[WaitingFile]) -> str:
    """Names a set of files, whatever their order; changes when one of them does."""
    return hashlib.sha256("".join(sorted(found.fingerprint for found in waiting)).encode()).hexdigest()[:16]


def next_attempt(cursor: str | None, batch: str, now: float) -> dict[str, str | int | float] | None:
    """The attempt that is due for a batch of files at `now` (seconds), None where none is.

    Files that still wait after their run were not loaded: the pause doubles each time, and after
    MOST_ATTEMPTS a person has to look. Without this, a database that is away for a night would leave
    thousands of failed runs.
    """
    last = json.loads(cursor) if cursor else {}
    if last.get("batch") != batch:
        return {"batch": batch, "number": 1, "at": now}
    pause = FIRST_PAUSE_SECONDS * 2 ** (last["number"] - 1)
    if last["number"] >= MOST_ATTEMPTS or now < last["at"] + pause:
        return None
    return {"batch": batch, "number": last["number"] + 1, "at": now}


def outbox_sensor(declared: Registry) -> dg.SensorDefinition:
    """Reports loads to Dagster and asks for one gold run per changed term."""

    @dg.sensor(
        name="outbox",
        job_name=GOLD,
        minimum_interval_seconds=OUTBOX_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={WAREHOUSE},
        description="Reports each applied load as a materialisation of its raw partition, adds academic years, and "
        "requests one gold run per term that has rows, rules or merges of student numbers which its gold has not.",
    )
    def outbox(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        warehouse: Warehouse = context.resources.warehouse
        reported = report_loads(context.instance, warehouse, declared)
        digest = project_digest(warehouse.settings)
        requests = [gold_request(stale, digest) for stale in stale_terms(warehouse, warehouse.settings)]
        context.log.info(f"{reported.slices} slices reported; {len(requests)} terms are behind")
        if not requests:
            return dg.SkipReason(f"{reported.slices} slices reported; gold of every term is up to date")
        return dg.SensorResult(run_requests=requests)

    return outbox


def incident_sensor() -> dg.SensorDefinition:
    """Keeps incidents and tells people of new ones. Starts nothing."""

    @dg.sensor(
        name="incidents",
        minimum_interval_seconds=INCIDENT_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={WAREHOUSE},
        description="Keeps what is wrong as incidents (`edu incidents`): places that cannot be used, files that cannot "
        "be loaded, held deliveries, silent feeds, terms that cannot be built, broken checks of gold. Sends one "
        "message an incident to the addresses in EDU_ALERTS.",
    )
    def incidents(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        found = look_for_incidents(context.instance, context.resources.warehouse, datetime.now(UTC))
        if not found:
            return dg.SkipReason("nothing is wrong that needs a person")
        return dg.SkipReason(" | ".join(f"{incident.subject}: {incident.problem}" for incident in found))

    return incidents
