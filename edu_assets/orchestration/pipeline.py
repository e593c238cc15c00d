"""From nothing to checked marts in one command: what `edu pipeline` does, stage by stage.

Belongs here: the order of the stages and the figures of each. Does not belong here: what a stage does
(warehouse/, raw_zone/, gold/, backfill.py), how the figures are shown (cli.py).

It does what the sensors would do, in this process and at once, and what it did stands in Dagster alike.
Dagster and dbt are imported only when there is something for them to do, so that a second call with
nothing new is over in about a second.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from psycopg.rows import class_row
from pydantic import BaseModel

from edu_assets.errors import EduError
from edu_assets.gold import NodeResult, StaleTerm, deploy_gold, gold_stands, stale_terms, write_manifest
from edu_assets.raw_zone import DeliveryReport, deploy, load_waiting, waiting_files
from edu_assets.sources.places import places_of
from edu_assets.warehouse import Role, Warehouse

if TYPE_CHECKING:
    from edu_assets.orchestration.backfill import TermRun


class Say(Protocol):
    """Tells a person what happens. minor: one of many like it, which a plain log need not have all of."""

    def __call__(self, line: str, *, minor: bool = False) -> None: ...


class NothingToLoad(EduError):
    """The network has no files and no sample; the message says where files are expected."""


class Stage(BaseModel):
    """One line of the closing table. Rows are source rows; `tables` and `rows_written` are gold's."""

    name: str
    seconds: float
    files: int | None = None
    rows_read: int | None = None
    accepted: int | None = None
    quarantined: int | None = None
    tables: int | None = None
    rows_written: int | None = None
    passed: int | None = None
    warned: int | None = None
    failed: int | None = None


class Waiting(BaseModel):
    """What waits for a person: rows in quarantine, held slices."""

    quarantined: int
    held: int


class PipelineReport(BaseModel):
    """What a pipeline did. nothing_new: no file and no term needed anything."""

    network: str
    network_file: Path
    stages: list[Stage] = []
    nothing_new: bool = False
    files_known: int = 0
    terms_built: int = 0
    refused: list[str] = []
    findings: list[str] = []
    errors: list[str] = []
    waiting: Waiting = Waiting(quarantined=0, held=0)
    seconds: float = 0.0

    @property
    def succeeded(self) -> bool:
        """Whether every term was built and no check failed; a refused file or a warning is no failure."""
        return not self.errors and not any(stage.failed for stage in self.stages)


def pipeline(warehouse: Warehouse, say: Say) -> PipelineReport:
    """Start the server, load what waits, build what is stale. `say` gets a line whenever something happened."""
    settings = warehouse.settings
    report = PipelineReport(network=settings.network.name, network_file=settings.network_file)
    clock = _Clock(report)
    say("starting PostgreSQL")
    warehouse.up()
    deploy(warehouse, warehouse.settings.network)
    clock.stage("warehouse")
    _write_sample(warehouse, clock, say)
    with _gold_deployed_beside(warehouse, say) as deployed:
        deliveries = load_waiting(warehouse, settings, settled=True, progress=lambda line: say(line, minor=True))
        _note_loads(report, clock, deliveries)
        stale = stale_terms(warehouse, settings)
        if stale or not _is_reported(warehouse):
            say("deploying gold: tables, rules, views, unit tests")
            tested = [result for result in deployed() if result.resource_type == "unit_test"]
            clock.stage("gold deployed", **({"passed": len(tested), "warned": 0, "failed": 0} if tested else {}))
            _build(warehouse, report, clock, stale, say)
    report.files_known, report.terms_built, report.waiting = _standing(warehouse)
    if not report.files_known and not report.errors:
        folders = sorted({place.address for place in places_of(settings).values()})
        raise NothingToLoad(f"no file has arrived yet; drop exports into {', '.join(folders)} and run this again")
    report.nothing_new = not deliveries and not stale
    report.seconds = clock.total()
    return report


class _Clock:
    """Adds stages to a report with the time since the last one."""

    def __init__(self, report: PipelineReport) -> None:
        self._report = report
        self._begun = self._last = time.monotonic()

    def stage(self, name: str, **figures: int) -> None:
        now = time.monotonic()
        self._report.stages.append(Stage(name=name, seconds=now - self._last, **figures))
        self._last = now

    def total(self) -> float:
        return time.monotonic() - self._begun


def _write_sample(warehouse: Warehouse, clock: _Clock, say: Say) -> None:
    """Write the sample network's exports once; again only where its network file has changed."""
    settings = warehouse.settings
    if not settings.network.sample:
        return
    stamp = settings.landing / ".sample"
    version = hashlib.sha256(settings.network_file.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == version:
        return
    from edu_assets.sample import write_exports

    say("writing what the sample network's systems export")
    written = write_exports(settings.landing, settings.network)
    stamp.write_text(version, encoding="utf-8")
    clock.stage("sample exports", files=len(written.files))


def _note_loads(report: PipelineReport, clock: _Clock, deliveries: list[DeliveryReport]) -> None:
    report.errors += [f"{place.feed}: {place.problems[-1]}" for place in deliveries if place.unreachable]
    deliveries = [delivery for delivery in deliveries if not delivery.unreachable]
    if not deliveries:
        return
    slices = [part for delivery in deliveries for part in delivery.slices]
    clock.stage(
        "raw zone",
        files=len(deliveries),
        rows_read=sum(delivery.rows_read for delivery in deliveries),
        accepted=sum(part.accepted for part in slices if part.mode not in ("copied", "moved", "replayed")),
        quarantined=sum(delivery.quarantined for delivery in deliveries),
    )
    for delivery in deliveries:
        said = "; ".join(delivery.problems[-1:]) or delivery.source_file
        if delivery.status == "refused":
            report.refused.append(said)
        elif delivery.failed:
            report.errors.append(f"{delivery.source_file}: {said}")


@contextmanager
def _gold_deployed_beside(warehouse: Warehouse, say: Say) -> Iterator[Callable[[], list[NodeResult]]]:
    """Deploy gold, and read the lineage of columns that Dagster will ask for, each in a process of its own while files
    are loaded, which keep PostgreSQL busy and this process idle.

    Gives what waits for the end of both. Where there is nothing to load, that call deploys, in this process.
    """
    if not waiting_files(warehouse, warehouse.settings).waiting or gold_stands(warehouse):
        yield partial(deploy_gold, warehouse, warehouse.settings)
        return
    say("deploying gold beside the loads")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as beside:
        deployed, _ = beside.submit(deploy_gold, warehouse, warehouse.settings), beside.submit(write_manifest)
        yield deployed.result


def _build(warehouse: Warehouse, report: PipelineReport, clock: _Clock, stale: list[StaleTerm], say: Say) -> None:
    from edu_assets.orchestration.backfill import dagster_session

    with dagster_session(warehouse) as session:
        say("telling Dagster what was loaded")
        session.report()
        clock.stage("Dagster told")
        for term in stale:
            say(f"building gold of {term.term_key} ({term.reason})")
            run = session.build(term.term_key, reason=term.reason)
            _note_run(report, clock, run)


def _note_run(report: PipelineReport, clock: _Clock, run: TermRun) -> None:
    clock.stage(
        f"gold {run.term_key}",
        tables=len(run.rows),
        rows_written=sum(run.rows.values()),
        passed=run.passed,
        warned=run.warned,
        failed=run.failed,
    )
    report.findings += [f"{run.term_key} {finding}" for finding in run.findings]
    if not run.succeeded:
        report.errors.append(f"{run.term_key}: {run.error or f'Dagster run {run.run_id} failed'}")


class _Counts(BaseModel):
    files: int
    terms: int
    quarantined: int
    held: int


def _standing(warehouse: Warehouse) -> tuple[int, int, Waiting]:
    with warehouse.connect(Role.ETL, autocommit=True, application_name="edu pipeline") as connection:
        row = (
            connection.cursor(row_factory=class_row(_Counts))
            .execute(
                "select (select count(*) from etl.landing_file where delivery_id is not null) as files,"
                " (select count(distinct term_key) from etl.load_log where status = 'applied') as terms,"
                " (select count(*) from etl.quarantine where status = 'open') as quarantined,"
                " (select count(*) from etl.held_slice where status = 'open') as held"
            )
            .fetchone()
        )
    assert row is not None
    return row.files, row.terms, Waiting(quarantined=row.quarantined, held=row.held)


def _is_reported(warehouse: Warehouse) -> bool:
    """Whether a Dagster storage was told of every load; asked of our own ledger, without Dagster."""
    with warehouse.connect(Role.ETL, autocommit=True, application_name="edu pipeline") as connection:
        row = connection.execute(
            "select coalesce((select max(load_id) from etl.load_log where status <> 'failed'), 0)"
            " <= coalesce((select max(told_until) from etl.outbox where telling_until is null), 0)"
        ).fetchone()
    return bool(row and row[0])
