"""The ledger and the archive: which files are known, and their bytes kept by content hash.

Belongs here: etl.landing_file, etl.landing_place, etl.delivery and the archive folder. Does not belong here:
how a place is listed and read (sources/places.py), what is in a file (sources/files.py), what becomes of
its rows (stage.py, apply.py).

A file is copied into the archive before it is read, and read from there: what happens to the landing
file afterwards cannot change what is loaded. The archive is a local folder wherever files come from: readers
need random access (zip), and replay must not depend on another machine.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from psycopg import Connection
from psycopg.types.json import Jsonb

from edu_assets.landing import is_url
from edu_assets.raw_zone.conformance import Finding
from edu_assets.settings import Settings
from edu_assets.sources.files import EFFECTIVE_DATE_IN_NAME, FileRefused
from edu_assets.sources.places import LocalFolder, Place, PlaceUnusable, State, local_address, places_of
from edu_assets.warehouse import Role, Warehouse

ABANDONED_SECONDS = 24 * 3600
MOST_PLACES_AT_ONCE = 8
PAUSE_SECONDS = 60
LONGEST_PAUSE_SECONDS = 3600


class Report(Protocol):
    """What the ledger keeps of a delivery report."""

    delivery_id: int | None
    status: str
    rows_read: int
    quarantined: int
    problems: list[str]
    conformance: list[Finding]


@dataclass(frozen=True)
class Kept:
    """A file in the archive: its path there, its content hash, and the landing file's state when it was copied."""

    path: Path
    sha256: str
    state: State


@dataclass(frozen=True)
class LandingFile:
    """A file where it lies. `state`: as it was seen, None where there is none. `feed`: whose landing place `place`
    is; None where the file lies in none."""

    address: str
    place: Place
    state: State | None
    feed: str | None = None

    @property
    def name(self) -> str:
        return PurePosixPath(self.address).name

    @property
    def below_landing(self) -> PurePosixPath | None:
        """Its path below the feed's landing place."""
        return PurePosixPath(self.address).relative_to(self.place.address) if self.feed else None


@dataclass(frozen=True)
class WaitingFile:
    """A file of a landing place that is not loaded yet. `stable`: seen alike at an earlier look."""

    file: LandingFile
    stable: bool

    @property
    def fingerprint(self) -> str:
        """Changes whenever the file does; names one arrival."""
        return hashlib.sha256(f"{self.file.address}|{self.file.state}".encode()).hexdigest()[:16]


@dataclass
class Look:
    """What a look at the landing places found: files that wait; places that cannot be used, a sentence each by feed."""

    waiting: list[WaitingFile] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)

    @property
    def stable(self) -> list[WaitingFile]:
        return [found for found in self.waiting if found.stable]


class NotKept(FileRefused):
    """A file could not be copied into the archive now; a later look may find that mended."""


def date_in_name(name: str) -> date | None:
    match = re.search(EFFECTIVE_DATE_IN_NAME, name)
    try:
        return date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None


def keep(settings: Settings, file: LandingFile) -> Kept:
    """Copy a file into the archive under its content hash: one pass, in blocks.

    Raises FileRefused where it is no regular file, NotKept where it changed, went or could not be stored,
    PlaceUnusable where its place cannot be read.
    """
    if file.state is None:
        raise FileRefused(f"{file.address}: no such file; a pipe or a device is none")
    digest, size = hashlib.sha256(), 0
    try:
        with _incoming(settings) as copy:
            for block in file.place.blocks(file.address):
                digest.update(block)
                copy.write(block)
                size += len(block)
            copy.flush()
            os.fsync(copy.fileno())
            _require_unchanged(file, size)
            kept = archived(settings, digest.hexdigest())
            kept.parent.mkdir(exist_ok=True)
            Path(copy.name).replace(kept)
    except OSError as error:
        raise _not_kept(file.name, error) from error
    return Kept(kept, digest.hexdigest(), file.state)


@contextmanager
def _incoming(settings: Settings) -> Iterator[IO[bytes]]:
    """A file of the archive that is still to get its name; nothing is left of it where it gets none."""
    settings.archive.mkdir(parents=True, exist_ok=True)
    _sweep(settings.archive)
    with tempfile.NamedTemporaryFile(dir=settings.archive, prefix=".incoming-", delete=False) as copy:
        try:
            yield copy
        except BaseException:
            Path(copy.name).unlink()
            raise


def _require_unchanged(file: LandingFile, size: int) -> None:
    state = file.place.state(file.address)
    if state is None:
        raise NotKept(f"{file.name} was taken away while it was read: nothing of it was loaded; it is once it is back")
    if state != file.state or size != state.bytes:
        raise NotKept(f"{file.name} changed while it was read: it is still being written; load it when it is whole")


def _not_kept(name: str, error: OSError) -> NotKept:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NotKept(
            f"{name} does not fit on the disk of the archive: nothing of it was loaded, what was there stands; "
            "make room and load it again"
        )
    return NotKept(f"{name} could not be copied into the archive ({os.strerror(error.errno or 0)}); it waits")


def _sweep(archive: Path) -> None:
    """Delete the unfinished copies of loads that were killed; a copy under way is younger."""
    for copy in archive.glob(".incoming-*"):
        with suppress(FileNotFoundError):  # another load has given its copy a name meanwhile
            if time.time() - copy.stat().st_mtime > ABANDONED_SECONDS:
                copy.unlink()


def archived(settings: Settings, sha256: str) -> Path:
    return settings.archive / sha256[:2] / sha256


def record_delivery(
    connection: Connection,
    *,
    feed: str,
    system: str,
    source_file: str,
    kept: Kept,
    term: str | None,
    run_id: str | None,
) -> int:
    """Draw a delivery id for a file."""
    row = connection.execute(
        "insert into etl.delivery (feed, system, source_file, sha256, bytes, term_option, run_id)"
        " values (%s, %s, %s, %s, %s, %s, %s) returning delivery_id",
        [feed, system, source_file, kept.sha256, kept.state.bytes, term, run_id],
    ).fetchone()
    assert row is not None
    return row[0]


def finish_delivery(connection: Connection, file: LandingFile, feed: str, kept: Kept, report: Report) -> None:
    """Note what became of a delivery, and that its landing file is known."""
    why = report.problems[-1] if report.status == "refused" and report.problems else None
    with connection.transaction():
        connection.execute(
            "update etl.delivery set status = %s, finished_at = clock_timestamp(), rows_read = %s, quarantined = %s,"
            " error = %s, details = %s where delivery_id = %s",
            [
                report.status,
                report.rows_read,
                report.quarantined,
                why,
                Jsonb({"problems": report.problems, "conformance": _without_values(report.conformance)}),
                report.delivery_id,
            ],
        )
        # what lies in no landing place is in the hands of whoever loads it, who is told at once
        problem = why if file.feed else None
        _note_file(connection, file.address, feed, kept.state, kept.sha256, report.delivery_id, problem)


def _without_values(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [
        finding.model_dump(mode="json", include={"file", "column", "rule", "severity", "count"}) for finding in findings
    ]


def _note_file(
    connection: Connection,
    address: str,
    feed: str,
    state: State,
    sha256: str | None = None,
    delivery_id: int | None = None,
    problem: str | None = None,
) -> None:
    """Note a file as it was seen, or as it was loaded; or why it was not."""
    connection.execute(
        "insert into etl.landing_file (path, feed, bytes, modified_ns, etag, sha256, delivery_id, problem)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (path) do update set feed = excluded.feed,"
        " bytes = excluded.bytes, modified_ns = excluded.modified_ns, etag = excluded.etag, sha256 = excluded.sha256,"
        " delivery_id = excluded.delivery_id, problem = excluded.problem, seen_at = clock_timestamp()",
        [address, feed, state.bytes, state.modified_ns, state.etag, sha256, delivery_id, problem],
    )


def note_problem(warehouse: Warehouse, file: LandingFile, problem: str) -> None:
    """Note why a file of a landing place could not be loaded; it goes on waiting there."""
    if file.feed is None or file.state is None:
        return
    with warehouse.connect(Role.ETL, autocommit=True, application_name="edu landing") as connection:
        _note_file(connection, file.address, file.feed, file.state, problem=problem)


def files_at(places: Mapping[str, Place], where: Path | str) -> list[LandingFile]:
    """The file, or every file of the folder, at a path or a URL. `places`: the landing places by feed.

    A URL must lie in the landing place of a feed, which says how it is opened. Raises PlaceUnusable where it
    does not, or cannot be listed.
    """
    if isinstance(where, str) and is_url(where):
        url = where.rstrip("/")
        for feed, place in places.items():
            if url == place.address or url.startswith(f"{place.address}/"):
                below: dict[str, State | None] = {
                    address: state
                    for address, state in place.files().items()
                    if address == url or address.startswith(f"{url}/")
                }
                return [LandingFile(address, place, state, feed) for address, state in (below or {url: None}).items()]
        raise PlaceUnusable(
            "the URL lies in no landing place of the network file: declare it there as the `landing` of a feed"
        )
    path = Path(where)
    if path.is_dir():
        folder = LocalFolder(path.resolve())
        return [_local(places, folder, address, state) for address, state in folder.files().items()]
    folder, address = LocalFolder(path.parent), local_address(path)
    return [_local(places, folder, address, folder.state(address))]


def _local(places: Mapping[str, Place], folder: LocalFolder, address: str, state: State | None) -> LandingFile:
    feed = next((feed for feed, place in places.items() if Path(address).is_relative_to(place.address)), None)
    return LandingFile(address, places[feed] if feed else folder, state, feed)


def waiting_files(
    warehouse: Warehouse, settings: Settings, *, places: Mapping[str, Place] | None = None, patient: bool = False
) -> Look:
    """Files in the landing places that the ledger does not know, or knows in another state.

    Notes what it saw: a file is stable when two looks saw the same size, modification time and, where there
    is one, ETag. `places`: of the feeds, where they are looked at again and again: a remote one keeps its
    connection. `patient`: leaves a remote place that failed alone until its pause is over.
    """
    places = places or places_of(settings)
    look = Look()
    with warehouse.connect(Role.ETL, autocommit=True, application_name="edu landing") as connection:
        known = {
            address: (State(size, modified, etag), delivery)
            for address, size, modified, etag, delivery in connection.execute(
                "select path, bytes, modified_ns, etag, delivery_id from etl.landing_file"
            )
        }
        if patient:
            resting = _resting(connection)
            look.unusable |= {feed: problem for feed, problem in resting.items() if feed in places}
            places = {feed: place for feed, place in places.items() if feed not in resting}
        for feed, found in _listed(connection, places).items():
            if isinstance(found, PlaceUnusable):
                look.unusable[feed] = str(found)
                continue
            _forget_problems_of_gone(connection, feed, list(found))
            for address, state in found.items():
                seen, delivery = known.get(address, (None, None))
                if seen == state and delivery is not None:
                    continue
                look.waiting.append(WaitingFile(LandingFile(address, places[feed], state, feed), seen == state))
                if seen != state:
                    _note_file(connection, address, feed, state)
    return look


def _forget_problems_of_gone(connection: Connection, feed: str, addresses: list[str]) -> None:
    """Someone has taken a file away that could not be loaded: that was its mend."""
    connection.execute(
        "update etl.landing_file set problem = null where feed = %s and problem is not null and not path = any(%s)",
        [feed, addresses],
    )


def _listed(connection: Connection, places: Mapping[str, Place]) -> dict[str, dict[str, State] | PlaceUnusable]:
    """The files of each feed, or why its place cannot be used. Remote places are asked at the same time, so that
    one that does not answer keeps the others waiting once and not once each."""

    def ask(place: Place) -> dict[str, State] | PlaceUnusable:
        try:
            return place.files()
        except PlaceUnusable as unusable:
            return unusable

    with ThreadPoolExecutor(MOST_PLACES_AT_ONCE) as pool:
        found = dict(zip(places, pool.map(ask, places.values()), strict=True))
    for feed, answer in found.items():
        if not isinstance(places[feed], LocalFolder):
            problem = str(answer) if isinstance(answer, PlaceUnusable) else None
            connection.execute(
                "insert into etl.landing_place as p (feed, problem, failures)"
                " values (%(feed)s, %(problem)s, %(failed)s)"
                " on conflict (feed) do update set problem = excluded.problem, looked_at = clock_timestamp(),"
                " failures = case when excluded.problem is null then 0 else p.failures + 1 end",
                {"feed": feed, "problem": problem, "failed": int(problem is not None)},
            )
    return found


def _resting(connection: Connection) -> dict[str, str]:
    """The feeds whose remote place failed and is not asked again yet, with what was wrong. The pause doubles with
    every failed look: a wrong password that is tried all night locks the account."""
    return dict(
        connection.execute(
            "select feed, problem from etl.landing_place where failures > 0 and clock_timestamp() <"
            " looked_at + least(%s * 2 ^ least(failures - 1, 10), %s) * interval '1 second'",
            [PAUSE_SECONDS, LONGEST_PAUSE_SECONDS],
        ).fetchall()
    )
