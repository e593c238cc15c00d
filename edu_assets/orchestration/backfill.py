"""Terms in this warm process: one Dagster run each, recorded like any other.

Belongs here: running jobs in the process of a command. Does not belong here: which terms need gold
(outbox.py), the processes of the user interface (ui.py).

A launched run is a fresh process that pays some seconds of start-up; here dbt and Dagster are imported and
the project is parsed once for all terms.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.storage.tags import MAX_RETRIES_TAG
from dagster._core.utils import make_new_run_id
from pydantic import BaseModel

from edu_assets.contracts import registry
from edu_assets.definitions import build_defs
from edu_assets.errors import EduError
from edu_assets.gold import project_digest
from edu_assets.network import Network
from edu_assets.orchestration.instance import open_instance
from edu_assets.orchestration.jobs import GOLD
from edu_assets.orchestration.launcher import EXECUTED_BY
from edu_assets.orchestration.outbox import add_academic_years, report_loads
from edu_assets.orchestration.partitions import partition_key
from edu_assets.warehouse import Role, Warehouse, locks
from edu_assets.warehouse.locks import session_lock

BACKFILL, ASKED = "edu/backfill", "edu/backfill_terms"
"""Tags of the runs of one back-fill: its id, and the words by which its terms were chosen."""

INTERRUPTS = (KeyboardInterrupt.__name__, DagsterExecutionInterruptedError.__name__)


class TermRun(BaseModel):
    """A Dagster run of one term.

    rows: rows written for the term by gold table. findings: checks that do not hold.
    """

    term_key: str
    run_id: str
    succeeded: bool
    rows: dict[str, int] = {}
    passed: int = 0
    warned: int = 0
    failed: int = 0
    findings: list[str] = []
    seconds: float = 0.0
    error: str | None = None


class BackfillReport(BaseModel):
    """What a back-fill did. left: terms that it did not come to, or in the midst of which it was interrupted."""

    backfill_id: str
    runs: list[TermRun] = []
    left: list[str] = []
    interrupted: bool = False

    @property
    def succeeded(self) -> bool:
        return not self.left and all(run.succeeded and not run.failed for run in self.runs)


class NothingToResume(EduError):
    """There is no back-fill that left a term."""


@dataclass
class Session:
    """Dagster, opened once for the life of a command."""

    warehouse: Warehouse
    instance: dg.DagsterInstance
    defs: dg.Definitions

    def report(self) -> int:
        """Tell Dagster of every load that it does not know; returns how many slices."""
        return report_loads(self.instance, self.warehouse, registry()).slices

    def build(self, term_key: str, reason: str = "asked for", tags: Mapping[str, str] | None = None) -> TermRun:
        """Run the gold job for one term, here. Never raises for what is wrong with the term.

        tags: of the run, beside its own. Raises KeyboardInterrupt where that was its end; the run is cancelled then,
        and the term's old rows stand.
        """
        begun = time.monotonic()
        add_academic_years(self.instance, [term_key])
        run_id = make_new_run_id()
        tags = {
            "edu/reason": reason,
            "edu/digest": project_digest(self.warehouse.settings),
            EXECUTED_BY: "command",
            MAX_RETRIES_TAG: "0",  # nobody can start it again but the command
            **(tags or {}),
        }
        with (
            self.warehouse.connect(Role.ETL, autocommit=True, application_name="edu run") as connection,
            session_lock(connection, locks.RUN + run_id),
        ):
            result = self.defs.resolve_job_def(GOLD).execute_in_process(
                instance=self.instance,
                partition_key=partition_key(term_key),
                tags=tags,
                run_id=run_id,
                # the event log has it all; a command prints its own lines
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )
            if _was_interrupted(result):
                # Dagster takes an interrupt that nobody asked of it for a failure
                self.instance.report_run_canceled(result.dagster_run, message="The command was told to stop.")
                raise KeyboardInterrupt
        return _term_run(term_key, result, time.monotonic() - begun)


@contextmanager
def dagster_session(warehouse: Warehouse) -> Iterator[Session]:
    """Definitions and instance of the network. What Dagster would print goes to its event log only."""
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    with open_instance(warehouse) as instance:
        yield Session(warehouse, instance, build_defs(warehouse.settings))


def backfill(warehouse: Warehouse, asked: str | None, say: Callable[[str], None]) -> BackfillReport:
    """Build gold of the terms that a person's words name, one run each, the earliest first.

    asked: as for chosen_terms; None: what the last back-fill left. Terms that fail do not stop the others, an
    interrupt does: the term at hand is cancelled, and stands among what is left. Raises DeclarationError for what is no
    term, NothingToResume.
    """
    network = warehouse.settings.network
    term_keys = chosen_terms(network, asked) if asked is not None else []
    report = BackfillReport(backfill_id=uuid.uuid4().hex[:8])
    try:
        with dagster_session(warehouse) as session:
            if asked is None:
                report.backfill_id, asked, term_keys = unfinished(session.instance, network)
            report.left = list(term_keys)
            say(f"back-fill {report.backfill_id}: {len(term_keys)} terms")
            session.report()
            for term_key in term_keys:
                run = session.build(term_key, "backfill", {BACKFILL: report.backfill_id, ASKED: asked})
                report.runs.append(run)
                report.left.remove(term_key)
                say(f"{term_key} in {run.seconds:.1f} s")
    except KeyboardInterrupt:
        report.interrupted = True
    return report


def unfinished(instance: dg.DagsterInstance, network: Network) -> tuple[str, str, list[str]]:
    """The last back-fill, what it was asked, and the terms that it has not built, in term order."""
    last = instance.get_runs(dg.RunsFilter(job_name=GOLD, tags={"edu/reason": "backfill"}), limit=1)
    if not last:
        raise NothingToResume("no back-fill has begun a term yet: say which terms with --terms")
    backfill_id, asked = last[0].tags[BACKFILL], last[0].tags[ASKED]
    runs = instance.get_runs(dg.RunsFilter(tags={BACKFILL: backfill_id}, statuses=[dg.DagsterRunStatus.SUCCESS]))
    built = {run.tags["dagster/partition"] for run in runs}
    left = [term_key for term_key in chosen_terms(network, asked) if term_key not in built]
    if not left:
        raise NothingToResume(f"the last back-fill, {backfill_id} of {asked}, has built every term: nothing is left")
    return backfill_id, asked, left


def chosen_terms(network: Network, said: str) -> list[str]:
    """The term keys that a person's words name: `all`, academic years and term keys by comma, in term order.

    Raises DeclarationError for what is no term, naming those that are.
    """
    terms = network.calendar.ordered_terms()
    words = [word.strip() for word in said.split(",") if word.strip()]
    wanted = {term.key for term in terms for word in words if word in ("all", term.academic_year, term.key)}
    for word in words:
        if word != "all" and word not in network.calendar.years:
            network.calendar.term(word)
    return [term.key for term in terms if term.key in wanted]


def _term_run(term_key: str, result: dg.ExecuteInProcessResult, seconds: float) -> TermRun:
    checks = result.get_asset_check_evaluations()
    broken = [found for found in checks if not found.passed]
    failed = [found for found in broken if found.severity is dg.AssetCheckSeverity.ERROR]
    failures = [event.step_failure_data.error for event in result.get_step_failure_events()]
    return TermRun(
        term_key=term_key,
        run_id=result.run_id,
        succeeded=result.success,
        rows={
            materialised.asset_key.path[-1]: int(str(materialised.metadata["dagster/partition_row_count"].value))
            for materialised in (
                event.step_materialization_data.materialization for event in result.get_asset_materialization_events()
            )
            if "dagster/partition_row_count" in materialised.metadata
        },
        passed=len(checks) - len(broken),
        warned=len(broken) - len(failed),
        failed=len(failed),
        findings=[f"{'/'.join(found.asset_key.path)}: {found.description}" for found in broken],
        seconds=seconds,
        error=_first_line(failures[0]) if failures and failures[0] else None,
    )


def _was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    errors = [event.job_failure_data.error for event in result.all_events if event.is_job_failure]
    return any(error is not None and error.cls_name in INTERRUPTS for error in errors)


def _first_line(error: Any) -> str:
    """What went wrong, without a trace: of a chain of errors the one that began it."""
    while error.cause:
        error = error.cause
    return error.message.strip().splitlines()[0]
