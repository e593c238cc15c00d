"""Loading: from a file to open rows, one delivery at a time. The walk of a row starts here.

Belongs here: which file is which table, the order of the steps, what a delivery's fate is. Does not
belong here: the steps themselves (sources/, archive.py, stage.py, apply.py). Dagster is never
imported: it learns of loads from the outbox, the load log.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import psycopg
from psycopg import Connection
from pydantic import BaseModel, Field
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from edu_assets.contracts import registry
from edu_assets.contracts.base import Contract, LoadMode, ManifestRule, TermByDate, TermByDelivery
from edu_assets.errors import EduError
from edu_assets.network import Feed
from edu_assets.raw_zone import archive
from edu_assets.raw_zone.apply import apply_term
from edu_assets.raw_zone.archive import LandingFile
from edu_assets.raw_zone.conformance import Finding, SentTable, row_findings
from edu_assets.raw_zone.conformance_package import package_findings, refusal
from edu_assets.raw_zone.intake import RowsLost
from edu_assets.raw_zone.quarantine import replay_children
from edu_assets.raw_zone.set_aside import quarantine
from edu_assets.raw_zone.slices import DELIVERED, Delivery, Judgement, Member, SliceReport
from edu_assets.raw_zone.stage import drop, mode_of_rows, own_delivery, stage, sweep
from edu_assets.raw_zone.staged import Binding, Staged
from edu_assets.settings import Settings
from edu_assets.sources.files import FileRefused, Package, Table, open_package
from edu_assets.sources.places import PlaceUnusable, places_of
from edu_assets.sources.records import listed, may_hold_a_row
from edu_assets.warehouse import Role, Warehouse

Progress = Callable[[str], None]
# Lost connections, serialization and deadlocks, locks, a server that starts, stops or is full.
TRANSIENT = re.compile(r"08...|40...|55P03|57P0[123]|53300")


class ArchiveIncomplete(EduError):
    """The bytes of a delivery are gone from the archive."""


class DeliveryReport(BaseModel):
    """What became of one file: `status` is applied, unchanged, held, refused or failed;
    or, for the landing place of a feed that cannot be used, unreachable.

    problems: one sentence each, with file, column and rule, never with a value.
    conformance: what it breaks of the source's standard, for the sender; changes nothing that is loaded.
    """

    delivery_id: int | None
    source_file: str
    feed: str | None
    status: str
    rows_read: int = 0
    quarantined: int = 0
    slices: list[SliceReport] = Field(default_factory=list)
    problems: list[str] = Field(default_factory=list)
    conformance: list[Finding] = Field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether something went wrong that a next look may find mended: the file waits."""
        return self.status == "failed"

    @property
    def unreachable(self) -> bool:
        """Whether this is no file, but a landing place that cannot be used."""
        return self.status == "unreachable"


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


@dataclass(frozen=True)
class Said:
    """What is known of a file without looking into it: the name that it arrived under, the term that a person gives
    it, and the effective date that the network file, or an earlier look, gives it."""

    name: str
    term: str | None
    effective_date: date | None


@dataclass(frozen=True)
class OpenDelivery:
    """A package that was looked into: its members with the contracts that claim them, parents first, and its date.

    delivery_term: the term of rows whose contract has the rule `delivery`.
    """

    package: Package
    members: list[tuple[Contract, Table | None, LoadMode]]
    effective_date: date | None
    delivery_term: str | None


def open_delivery(settings: Settings, system: str, path: Path, said: Said, report: DeliveryReport) -> OpenDelivery:
    """Look into a file that arrived under a name; what is odd about it goes into the report. Raises FileRefused."""
    package = open_package(path, said.name, _manifest_file(system), registry().of_system(system))
    report.conformance = package_findings(system, package, said.name)
    members, unclaimed = _members(package, system)
    report.problems += unclaimed
    if not members:
        raise FileRefused(report.problems.pop() if report.problems else f"{said.name} holds no table")
    return OpenDelivery(package, members, *_effective(settings, package, members, said))


def require_declared(opened: OpenDelivery, feed: Feed, name: str) -> None:
    """Raises FileRefused where a table comes that the network file says the feed does not send: it has no asset, so
    nothing would look at its rows."""
    for contract, table, _ in opened.members:
        if table is not None and not feed.sends(contract):
            raise FileRefused(
                f"{table.name} is {contract.name}, which feeds.{name}.tables of the network file does not name: add "
                f"{contract.table} there, or ask the sender to leave it out"
            )


def _refuse(report: DeliveryReport, why: FileRefused) -> None:
    report.status = "refused"
    report.problems.append(str(why))
    report.conformance.append(refusal(report.source_file, str(why)))


def _manifest_file(system: str) -> str | None:
    manifest = registry().systems[system].manifest
    return manifest.file if manifest else None


def _members(package: Package, system: str) -> tuple[list[tuple[Contract, Table | None, LoadMode]], list[str]]:
    """The package's tables with the contracts that claim them, parents first; what nothing claims.

    A contract whose table the package has not sent stands with None where the package has a
    manifest: its absence is a statement.
    """
    manifest = registry().systems[system].manifest if package.manifest is not None else None
    members: list[tuple[Contract, Table | None, LoadMode]] = []
    for contract in registry().of_system(system):
        claims = [found for found in package.tables if found.contract == contract.name]
        if len(claims) > 1:
            raise FileRefused(
                f"{claims[0].name} and {claims[1].name} of the package are both {contract.name}: "
                "send one table in one file"
            )
        table = claims[0] if claims else None
        mode = contract.mode
        if manifest is not None and package.manifest is not None:
            mode = _stated_mode(contract, manifest, package.manifest, table)
        if table is not None or manifest is not None:
            members.append((contract, table, mode))
    problems = [_unclaimed(table, system) for table in package.tables if table.contract is None]
    if len(problems) == len(package.tables) and (manifest is None or problems):
        return [], problems
    return members, problems  # a manifest alone says that nothing changed


def _stated_mode(contract: Contract, rule: ManifestRule, manifest: dict[str, str], table: Table | None) -> LoadMode:
    """The mode in which the manifest says that a table is sent. Raises FileRefused where it is not there."""
    stem = Path(table.name if table else contract.files[0]).stem
    said = manifest.get(rule.mode_property.format(table=stem), rule.absent)
    if table is None and said in rule.modes:
        raise FileRefused(
            f"the manifest says that {contract.files[0]} is sent ({said}), but the package has no such member: "
            "ask the sender for the whole package"
        )
    return rule.modes.get(said, contract.mode)


def nearest(header: Collection[str]) -> Contract | None:
    """The contract whose columns are most like a header; None where none is like it."""

    def likeness(contract: Contract) -> float:
        wanted = {column.header for column in contract.columns}
        return len(wanted.intersection(header)) / len(wanted.union(header))

    likeliest = max(registry().contracts.values(), key=likeness)
    return likeliest if likeness(likeliest) > 0.3 else None


def _unclaimed(table: Table, system: str) -> str:
    """A file that no contract claims, with the contract whose columns are most alike."""
    likeliest = nearest(table.header)
    hint = (
        f"; its columns are most like {likeliest.name}, whose files are named {' or '.join(likeliest.files)}"
        if likeliest
        else ""
    )
    return f"{table.name}: no contract of system {system} claims it{hint}"


def bind(contract: Contract, table: Table, version: str | None) -> tuple[Binding, list[str]]:
    """Bind a header to a contract by name. Raises FileRefused where a required column is missing.

    A column that the package's version of the format does not have is not missed.
    """
    by_header = {header: position for position, header in enumerate(table.header, 1)}
    positions: dict[str, int] = {}
    problems: list[str] = []
    if not any(column.sent_as(by_header) for column in contract.columns):
        # What stands there may be a row of persons, so it is not repeated.
        mend = _likely_mend(table) or "; is the header missing?"
        raise FileRefused(f"{table.name}: the first line has no column name of {contract.name}{mend}")
    with_a_row = may_hold_a_row(table.header)
    for column in contract.columns:
        found = column.sent_as(by_header)
        if found is not None:
            if found in table.repeated and not _bound_apart(contract, found):
                raise FileRefused(
                    f"{table.name}: header names {[found]} more than once; each column needs its own name: which "
                    f"is meant is not certain. Rename one in the export, or declare {found + ' (2)'!r} in the contract "
                    f"{contract.name} too"
                )
            if found not in (column.header, *column.aliases):
                problems.append(f"{table.name}: column {column.header!r} is sent as {found!r}, with blanks around it")
            positions[column.name] = by_header.pop(found)
            continue
        near = [] if with_a_row else difflib.get_close_matches(column.header, list(by_header), 1)
        hint = f"; nearest is {near[0]!r}" if near else ""
        if column.required:
            raise FileRefused(
                f"{table.name}: required column {column.header!r} is missing{hint or _likely_mend(table)}. Rename it "
                f"in the export, or add an alias to the contract {contract.name}"
            )
        if column.is_of(version) and not column.may_be_absent:
            problems.append(f"{table.name}: column {column.header!r} is missing{hint}; it is loaded as null")
    by_header = {header: position for header, position in by_header.items() if not contract.hides(header)}
    if by_header and with_a_row:
        problems.append(
            f"{table.name}: {len(by_header)} unknown columns are kept in _extra. Names in the header are spelled like "
            "values, so a row may have run into it and none is repeated here; look at the first line of the file"
        )
    elif unknown := sorted(header for header in by_header if not fnmatchcase(header, _extensions(contract))):
        problems.append(f"{table.name}: unknown columns {listed(unknown)} are kept in _extra")
    return Binding(table.header, positions, by_header), problems


def _extensions(contract: Contract) -> str:
    """The pattern of columns that senders of the contract's system may add, so that one is no surprise."""
    system = registry().systems.get(contract.system)
    return (system.extension_columns if system else None) or ""


def _bound_apart(contract: Contract, name: str) -> bool:
    """Whether the contract knows that a source gives this name to several columns."""
    return any(f"{name} (2)" in (column.header, *column.aliases) for column in contract.columns)


def _likely_mend(table: Table) -> str:
    """What a header that is none of the contract's looks like."""
    text = "".join(table.header)
    if "\\x00" in text:
        return "; it holds NUL bytes, so this is no text file, or one in UTF-16"
    if text.startswith(("{", "[")):
        return "; the file looks like JSON"
    if text.startswith("<"):
        return "; the file looks like a web page or XML"
    if text.startswith("%PDF"):
        return "; the file is a PDF"
    if len(table.header) == 1:
        return "; the line has one column only: is the delimiter the one that the contract declares?"
    return ""


def _effective(
    settings: Settings,
    package: Package,
    members: list[tuple[Contract, Table | None, LoadMode]],
    said: Said,
) -> tuple[date | None, str | None]:
    """The effective date and, for the rule `delivery`, the term.

    Where no table has that rule, a date in the name may be that of the rows: only one that was said counts.
    """
    calendar = settings.network.calendar
    effective = said.effective_date or package.effective_date
    if not any(isinstance(contract.term, TermByDelivery) for contract, _, _ in members):
        if not calendar.tiles and any(isinstance(contract.term, TermByDate) for contract, _, _ in members):
            raise FileRefused("terms of this network overlap, so the term rule `date` cannot be used in it")
        return said.effective_date, None
    if said.term is not None:
        return effective, calendar.term(said.term).key
    if effective is None:
        raise FileRefused(
            f"{said.name}: no effective date in the name or the entries; say the term with --term, or the date of its "
            "folder with `effective_dates` of the feed in the network file"
        )
    if not calendar.tiles:
        raise FileRefused("terms of this network overlap, so a date does not name one; say the term with --term")
    found = calendar.term_of_date(effective)
    if found is None:
        raise FileRefused(
            f"effective date {effective} lies in no term of the calendar; add the year to the network "
            "file, or say the term with --term"
        )
    return effective, found.key


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
