"""Loading: from a file to open rows, one delivery at a time. The walk of a row starts here.

Belongs here: whose a file is, the order of files and of the steps, what a delivery's fate is. Does not belong
here: the steps themselves (sources/, archive.py, opening.py, binding.py, stage.py, apply.py). Dagster is never
imported: it learns of loads from the outbox, the load log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
from psycopg import Connection
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from edu_assets.contracts import registry
from edu_assets.errors import EduError
from edu_assets.network import Feed
from edu_assets.raw_zone import archive
from edu_assets.raw_zone.apply import apply_term
from edu_assets.raw_zone.archive import LandingFile
from edu_assets.raw_zone.binding import bind
from edu_assets.raw_zone.conformance import SentTable, row_findings
from edu_assets.raw_zone.conformance_package import refusal
from edu_assets.raw_zone.intake import RowsLost
from edu_assets.raw_zone.opening import OpenDelivery, Said, open_delivery, require_declared
from edu_assets.raw_zone.quarantine import replay_children
from edu_assets.raw_zone.set_aside import quarantine
from edu_assets.raw_zone.slices import DELIVERED, Delivery, DeliveryReport, Judgement, Member, SliceReport
from edu_assets.raw_zone.stage import drop, mode_of_rows, own_delivery, stage, sweep
from edu_assets.raw_zone.staged import Staged
from edu_assets.settings import Settings
from edu_assets.sources.files import FileRefused
from edu_assets.sources.places import PlaceUnusable, places_of
from edu_assets.warehouse import Role, Warehouse

Progress = Callable[[str], None]
# Lost connections, serialization and deadlocks, locks, a server that starts, stops or is full.
TRANSIENT = re.compile(r"08...|40...|55P03|57P0[123]|53300")


class ArchiveIncomplete(EduError):
    """The bytes of a delivery are gone from the archive."""


def load_paths(
    warehouse: Warehouse,
    settings: Settings,
    paths: Sequence[Path | str],
    *,
    system: str | None = None,
    feed: str | None = None,
    term: str | None = None,
    run_id: str | None = None,
    progress: Progress | None = None,
) -> list[DeliveryReport]:
    """Load files, or every file of folders, in an order in which parents precede children.

    paths: local ones, or URLs in the landing place of a feed. feed: the feed of the network file; else the
    one whose landing place holds the file, else the only one of the system. term: the term for the rule
    `delivery`, instead of the effective date; raises DeclarationError where the calendar does not have it.
    """
    if term is not None:
        settings.network.calendar.term(term)
    places = places_of(settings)
    files = [file for path in paths for file in archive.files_at(places, path)]
    arrivals = [Arrival(settings, file, system, feed) for file in files]
    return _load_all(warehouse, settings, arrivals, term, run_id, progress)


def _load_all(
    warehouse: Warehouse,
    settings: Settings,
    arrivals: list[Arrival],
    term: str | None,
    run_id: str | None,
    progress: Progress | None,
) -> list[DeliveryReport]:
    reports = []
    for arrival in sorted(arrivals, key=lambda found: found.order):
        report = _load_or_fail(warehouse, settings, arrival, term, run_id)
        if report.delivery_id is None and report.problems:
            archive.note_problem(warehouse, arrival.file, report.problems[-1])
        report.slices += replay_children(warehouse, report.slices, run_id)
        reports.append(report)
        if progress:
            progress(_sentence(report))
    return reports


def load_waiting(
    warehouse: Warehouse,
    settings: Settings,
    *,
    settled: bool = False,
    run_id: str | None = None,
    progress: Progress | None = None,
) -> list[DeliveryReport]:
    """Load what lies in the landing places and is not known yet; a place that cannot be used is a report too.

    A file that may still be written waits for the next look; `settled`: the caller knows that none is.
    """
    look = archive.waiting_files(warehouse, settings)
    unusable = [
        DeliveryReport(delivery_id=None, source_file=feed, feed=feed, status="unreachable", problems=[problem])
        for feed, problem in look.unusable.items()
    ]
    for report in unusable:
        if progress:
            progress(_sentence(report))
    files = [found.file for found in (look.waiting if settled else look.stable)]
    arrivals = [Arrival(settings, file, None, None) for file in files]
    return unusable + _load_all(warehouse, settings, arrivals, None, run_id, progress)


def _sentence(report: DeliveryReport) -> str:
    text = f"{report.source_file}: {report.status}"
    if not report.unreachable:
        text += f", {report.rows_read:,} rows read"
    if report.quarantined:
        text += f", {report.quarantined:,} quarantined"
    if report.conformance:
        text += f", {len(report.conformance):,} findings of conformance"
    return "; ".join([text, *report.problems])


class Arrival:
    """A file on its way in: whose it is and when it is its turn."""

    def __init__(self, settings: Settings, file: LandingFile, system: str | None, feed: str | None) -> None:
        self.file = file
        self.problem: str | None = None
        self.name = file.name
        self.feed = feed or self._feed_of(settings, system)
        if self.feed is not None and self.feed not in settings.network.feeds:
            known = ", ".join(settings.network.feeds)
            self.problem = f"no feed {self.feed!r} in the network file; it has {known}"
        self.system = system or (settings.network.feeds[self.feed].system if self.feed and not self.problem else None)
        self.stated_date = self._stated_date(settings)

    def _stated_date(self, settings: Settings) -> date | None:
        """The effective date that the network file gives to where the file lies."""
        below = self.file.below_landing
        if below is None or self.feed is None or self.feed != self.file.feed:
            return None
        return settings.network.feeds[self.feed].effective_date(below)

    def _feed_of(self, settings: Settings, system: str | None) -> str | None:
        if self.file.feed is not None:
            return self.file.feed
        of_system = [
            name
            for name, feed in settings.network.feeds.items()
            if system in (None, feed.system) and self._claimed_by(feed)
        ]
        if len(of_system) == 1:
            return of_system[0]
        if of_system:
            self.problem = f"could be of the feeds {', '.join(of_system)}: say which with --feed"
        return None

    def _claimed_by(self, feed: Feed) -> bool:
        if self.name.lower().endswith(".zip"):
            return registry().systems[feed.system].manifest is not None
        return any(contract.claims(self.name) for contract in registry().contracts.values() if feed.sends(contract))

    @property
    def order(self) -> tuple[int, date, int, str]:
        claimed = [
            position
            for position, contract in enumerate(registry().contracts.values())
            if contract.system == self.system and contract.claims(self.name)
        ]
        modified = self.file.state.modified_ns if self.file.state else 0
        dated = self.stated_date or archive.date_in_name(self.name)
        dated = dated or datetime.fromtimestamp(modified / 1e9, UTC).date()
        return (min(claimed, default=0), dated, modified, self.file.address)


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, PlaceUnusable):
        return error.transient
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError)
    return TRANSIENT.fullmatch(error.sqlstate) is not None


def _load_or_fail(
    warehouse: Warehouse, settings: Settings, arrival: Arrival, term: str | None, run_id: str | None
) -> DeliveryReport:
    """One file that PostgreSQL refuses, or that cannot be fetched, does not keep the others waiting. PostgreSQL's
    text may hold values: only the kind of the error is told."""
    try:
        return _load_with_retries(warehouse, settings, arrival, term, run_id)
    except PlaceUnusable as error:
        problem = str(error)
    except psycopg.Error as error:
        if _is_transient(error):
            raise
        problem = (
            "the disk of PostgreSQL is full: nothing of the slice at hand was loaded, what was there stands; make "
            "room and load the file again"
            if isinstance(error, psycopg.errors.DiskFull)
            else f"PostgreSQL refused what was made of it ({type(error).__name__}, {error.sqlstate}): nothing of the "
            "slice at hand was loaded; please report this as an error of edu_assets"
        )
    return DeliveryReport(
        delivery_id=None, source_file=arrival.name, feed=arrival.feed, status="failed", problems=[problem]
    )


def _load_with_retries(
    warehouse: Warehouse, settings: Settings, arrival: Arrival, term: str | None, run_id: str | None
) -> DeliveryReport:
    """Transient faults are tried again, since a load that was cut off goes on where it stopped."""
    for attempt in Retrying(
        retry=retry_if_exception(_is_transient),
        wait=wait_exponential_jitter(multiplier=0.2, max=5),
        stop=stop_after_attempt(4),
        reraise=True,
    ):
        with attempt:
            return _load(warehouse, settings, arrival, term, run_id)
    raise AssertionError("unreachable: the last attempt raises")


def _load(
    warehouse: Warehouse, settings: Settings, arrival: Arrival, term: str | None, run_id: str | None
) -> DeliveryReport:
    if arrival.problem or arrival.feed is None or arrival.system is None:
        problem = arrival.problem or "no contract of this network claims the file"
        return DeliveryReport(
            delivery_id=None,
            source_file=arrival.name,
            feed=arrival.feed,
            status="refused",
            problems=[problem],
        )
    try:
        kept = archive.keep(settings, arrival.file)
    except FileRefused as refusal:
        return DeliveryReport(
            delivery_id=None,
            source_file=arrival.name,
            feed=arrival.feed,
            status="failed" if isinstance(refusal, archive.NotKept) else "refused",
            problems=[str(refusal)],
        )
    with warehouse.connect(Role.ETL, autocommit=True, application_name="edu load") as connection:
        delivery_id = archive.record_delivery(
            connection,
            feed=arrival.feed,
            system=arrival.system,
            source_file=arrival.name,
            kept=kept,
            term=term,
            run_id=run_id,
        )
        delivery = Delivery(
            delivery_id=delivery_id,
            feed=arrival.feed,
            bytes=kept.state.bytes,
            effective_date=None,
            started_at=datetime.now(UTC),
            run_id=run_id,
            hold_share=settings.network.feeds[arrival.feed].hold_share,
        )
        with own_delivery(connection, delivery_id):
            sweep(connection)
            said = Said(arrival.name, term, arrival.stated_date)
            report = _load_delivery(connection, settings, delivery, arrival.system, said, kept.path)
        archive.finish_delivery(connection, arrival.file, arrival.feed, kept, report)
        return report


def load_archived(
    connection: Connection,
    settings: Settings,
    delivery_id: int,
    judgement: Judgement,
    term_key: str,
    *,
    raw_table: str | None = None,
    run_id: str | None = None,
) -> list[SliceReport]:
    """Apply one term of an archived delivery again, or one table of it.

    Raises ArchiveIncomplete where its bytes are no longer in the archive.
    """
    row = connection.execute(
        "select feed, system, source_file, sha256, bytes, term_option, effective_date from etl.delivery"
        " where delivery_id = %s",
        [delivery_id],
    ).fetchone()
    assert row is not None
    feed, system, name, sha256, size, term, effective_date = row
    path = archive.archived(settings, sha256)
    if not path.is_file():
        raise ArchiveIncomplete(f"{name} (delivery {delivery_id}) is not in the archive: load the file again")
    delivery = Delivery(
        delivery_id=delivery_id,
        feed=feed,
        bytes=size,
        effective_date=None,
        started_at=datetime.now(UTC),
        run_id=run_id,
    )
    with own_delivery(connection, delivery_id):
        said = Said(name, term, effective_date)
        report = _load_delivery(connection, settings, delivery, system, said, path, judgement, (raw_table, term_key))
    return report.slices


def _load_delivery(
    connection: Connection,
    settings: Settings,
    delivery: Delivery,
    system: str,
    said: Said,
    path: Path,
    judgement: Judgement = DELIVERED,
    only: tuple[str | None, str] | None = None,
) -> DeliveryReport:
    """Stage every table of a package, then apply it term by term. `only`: one raw table (None: all) and term."""
    name = said.name
    report = DeliveryReport(delivery_id=delivery.delivery_id, source_file=name, feed=delivery.feed, status="received")
    try:
        opened = open_delivery(settings, system, path, said, report)
        if judgement == DELIVERED and only is None:
            require_declared(opened, settings.network.feeds[delivery.feed], delivery.feed)
    except FileRefused as why:
        _refuse(report, why)
        return report
    delivery = replace(delivery, effective_date=opened.effective_date)
    connection.execute(
        "update etl.delivery set effective_date = %s where delivery_id = %s",
        [opened.effective_date, delivery.delivery_id],
    )
    staged: dict[str, Staged] = {}
    try:
        applied = stage_all(connection, delivery, opened, name, staged, report)
        with connection.transaction():
            for table in staged.values():
                quarantine(connection, table, delivery.effective_date)
        if judgement == DELIVERED and only is None:
            sent = [
                SentTable(staged[contract.table], mode) for contract, table, mode in opened.members if table is not None
            ]
            report.conformance += row_findings(connection, sent, opened.package.manifest)
        _apply_all(connection, delivery, applied, staged, report, judgement, only, opened.delivery_term)
        if judgement == DELIVERED and only is None:
            _require_nothing_lost(report, staged)
    except FileRefused as why:
        _refuse(report, why)
    finally:
        if not connection.broken:
            for table in staged.values():
                drop(connection, table)
    return report


def _refuse(report: DeliveryReport, why: FileRefused) -> None:
    report.status = "refused"
    report.problems.append(str(why))
    report.conformance.append(refusal(report.source_file, str(why)))


def stage_all(
    connection: Connection,
    delivery: Delivery,
    opened: OpenDelivery,
    name: str,
    staged: dict[str, Staged],
    report: DeliveryReport,
) -> list[Member]:
    """Bind and stage every table of a delivery; nothing but schema `stage` is written. What is staged goes into
    `staged` as it is begun, so that the caller can drop it whatever happens."""
    package, members = opened.package, opened.members
    bindings = {}
    version = registry().systems[members[0][0].system].version(package.manifest)
    for contract, table, _ in members:
        if table is not None:
            bindings[contract.name], problems = bind(contract, table, version)
            report.problems += [*problems, *table.found]
    found = []
    for contract, table, mode in members:
        if table is None:
            found.append(Member(contract, None, mode))
            continue
        source_file = name if table.member is None else f"{name}/{table.member}"
        this = Staged(contract, delivery.feed, delivery.delivery_id, source_file, bindings[contract.name])
        staged[contract.table] = this
        stage(connection, this, table, mode=mode, delivery_term=opened.delivery_term, parents=staged)
        told = mode_of_rows(connection, this) if package.manifest is not None else None
        if told is not None and told is not mode:
            report.problems.append(
                f"{table.name}: the manifest says {mode.value}, but its rows are those of a {told.value} file; "
                "the rows win"
            )
        found.append(Member(contract, this, told or mode))
        report.rows_read += this.rows_read
        report.quarantined += sum(this.quarantined.values())
    return found


def _apply_all(
    connection: Connection,
    delivery: Delivery,
    members: list[Member],
    staged: dict[str, Staged],
    report: DeliveryReport,
    judgement: Judgement,
    only: tuple[str | None, str] | None,
    delivery_term: str | None,
) -> None:
    terms = {term for table in staged.values() for term in table.terms}
    terms |= {term for table in staged.values() for term in table.quarantined if term is not None}
    if delivery_term is not None:
        terms.add(delivery_term)
    order: dict[str, int] = dict(connection.execute("select term_key, ordinal from etl.term").fetchall())
    if only is not None:
        members = [member for member in members if only[0] in (None, member.contract.name)]
        terms &= {only[1]}
    for term in sorted(terms, key=lambda key: order[key]):
        report.slices += apply_term(connection, delivery, members, term, judgement)
    statuses = {part.status for part in report.slices}
    report.status = next((status for status in ("held", "applied") if status in statuses), "unchanged")


def _require_nothing_lost(report: DeliveryReport, staged: dict[str, Staged]) -> None:
    """Every row read is in a slice, or in quarantine without a term. Raises RowsLost: an error of ours."""
    placed = sum(part.rows_read for part in report.slices)
    without_term = sum(table.quarantined.get(None, 0) for table in staged.values())
    if report.rows_read != placed + without_term:
        raise RowsLost(
            f"{report.source_file}: {report.rows_read} rows read, but {placed} reached a slice and {without_term} "
            "quarantine without a term"
        )
