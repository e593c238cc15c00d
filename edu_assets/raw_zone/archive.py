"""The ledger and the archive: which files are known, and their bytes kept by content hash.

Belongs here: etl.landing_file, etl.delivery and the archive folder. Does not belong here: what is in
a file (sources/), what becomes of its rows (stage.py, apply.py).

A file is copied into the archive before it is read, and read from there: what happens to the landing
file afterwards cannot change what is loaded.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from psycopg import Connection
from psycopg.types.json import Jsonb
from pydantic import BaseModel

from edu_assets.settings import Settings
from edu_assets.sources.files import EFFECTIVE_DATE_IN_NAME, FileRefused
from edu_assets.warehouse import Role, Warehouse

COPY_BYTES = 1 << 20
ABANDONED_SECONDS = 24 * 3600


class Report(Protocol):
    """What the ledger keeps of a delivery report."""

    delivery_id: int | None
    status: str
    rows_read: int
    quarantined: int
    problems: list[str]


@dataclass(frozen=True)
class Kept:
    """A file in the archive: its path there, content hash, size, and the landing file's modification time."""

    path: Path
    sha256: str
    bytes: int
    modified_ns: int


class WaitingFile(BaseModel):
    """A file in a landing folder that is not loaded yet. `stable`: seen alike at an earlier look."""

    path: Path
    feed: str
    bytes: int
    modified_ns: int
    stable: bool

    @property
    def fingerprint(self) -> str:
        """Changes whenever the file does; names one arrival."""
        return hashlib.sha256(f"{self.path}|{self.bytes}|{self.modified_ns}".encode()).hexdigest()[:16]


def date_in_name(name: str) -> date | None:
    match = re.search(EFFECTIVE_DATE_IN_NAME, name)
    try:
        return date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None


def keep(settings: Settings, path: Path) -> Kept:
    """Copy a file into the archive under its content hash.

    Raises FileRefused where it is no regular file, or changed while it was copied.
    """
    if not path.is_file():
        raise FileRefused(f"{path}: no such file")
    before = path.stat()
    settings.archive.mkdir(parents=True, exist_ok=True)
    _sweep(settings.archive)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=settings.archive, prefix=".incoming-", delete=False) as copy:
        try:
            with path.open("rb") as source:
                while block := source.read(COPY_BYTES):
                    digest.update(block)
                    copy.write(block)
            copy.flush()
            os.fsync(copy.fileno())
        except BaseException:
            Path(copy.name).unlink()
            raise
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        Path(copy.name).unlink()
        raise FileRefused(f"{path.name} changed while it was read: it is still being written; load it when it is whole")
    kept = archived(settings, digest.hexdigest())
    kept.parent.mkdir(exist_ok=True)
    Path(copy.name).replace(kept)
    return Kept(kept, digest.hexdigest(), after.st_size, after.st_mtime_ns)


def _sweep(archive: Path) -> None:
    """Delete the unfinished copies of loads that were killed; a copy under way is younger."""
    for copy in archive.glob(".incoming-*"):
        if time.time() - copy.stat().st_mtime > ABANDONED_SECONDS:
            copy.unlink(missing_ok=True)


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
        [feed, system, source_file, kept.sha256, kept.bytes, term, run_id],
    ).fetchone()
    assert row is not None
    return row[0]


def finish_delivery(connection: Connection, path: Path, feed: str, kept: Kept, report: Report) -> None:
    """Note what became of a delivery, and that its landing file is known."""
    with connection.transaction():
        connection.execute(
            "update etl.delivery set status = %s, finished_at = clock_timestamp(), rows_read = %s, quarantined = %s,"
            " error = %s, details = %s where delivery_id = %s",
            [
                report.status,
                report.rows_read,
                report.quarantined,
                report.problems[-1] if report.status == "refused" and report.problems else None,
                Jsonb({"problems": report.problems}),
                report.delivery_id,
            ],
        )
        connection.execute(
            "insert into etl.landing_file (path, feed, bytes, modified_ns, sha256, delivery_id)"
            " values (%s, %s, %s, %s, %s, %s) on conflict (path) do update set feed = excluded.feed,"
            " bytes = excluded.bytes, modified_ns = excluded.modified_ns, sha256 = excluded.sha256,"
            " delivery_id = excluded.delivery_id, seen_at = clock_timestamp()",
            [_ledger_path(path), feed, kept.bytes, kept.modified_ns, kept.sha256, report.delivery_id],
        )


def _ledger_path(path: Path) -> str:
    """The name under which the ledger knows a file: one for each place, also where that holds a link."""
    return str(path.parent.resolve() / path.name)


def files_below(folder: Path) -> list[Path]:
    """Every file below a folder that is not hidden, nor in a hidden folder."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def _lying_in(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The files of a landing folder; one that its sender takes away meanwhile does not count."""
    for path in files_below(folder):
        try:
            yield path, path.stat()
        except FileNotFoundError:
            continue


def waiting_files(warehouse: Warehouse, settings: Settings) -> list[WaitingFile]:
    """Files in the landing folders that the ledger does not know, or knows with other size or time.

    Notes what it saw: a file is stable when two looks saw the same size and modification time.
    """
    with warehouse.connect(Role.ETL, autocommit=True, application_name="edu landing") as connection:
        known = {
            path: (size, modified, delivery)
            for path, size, modified, delivery in connection.execute(
                "select path, bytes, modified_ns, delivery_id from etl.landing_file"
            )
        }
        waiting = []
        for feed in settings.network.feeds:
            for path, state in _lying_in(settings.landing_of(feed)):
                size, modified, delivery = known.get(_ledger_path(path), (None, None, None))
                alike = (size, modified) == (state.st_size, state.st_mtime_ns)
                if alike and delivery is not None:
                    continue
                waiting.append(
                    WaitingFile(path=path, feed=feed, bytes=state.st_size, modified_ns=state.st_mtime_ns, stable=alike)
                )
                if not alike:
                    connection.execute(
                        "insert into etl.landing_file (path, feed, bytes, modified_ns) values (%s, %s, %s, %s)"
                        " on conflict (path) do update set bytes = excluded.bytes, modified_ns = excluded.modified_ns,"
                        " delivery_id = null, sha256 = null, seen_at = clock_timestamp()",
                        [_ledger_path(path), feed, state.st_size, state.st_mtime_ns],
                    )
        return waiting
