"""Files and packages of files as tables of text records.

Belongs here: opening a CSV or a zip of CSVs, reading header and records byte-exactly, saying what is
wrong with a file. Does not belong here: which table a file is (the contract claims it), what a value
means (raw_zone/), where files arrive (raw_zone/archive.py).

A table is read once, in pieces: runs of lines that are surely sound go on as bytes, for PostgreSQL to
parse; every other record is parsed here (line_reader.py), several times slower.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any

from edu_assets.sources.line_reader import BOM, LineReader, Piece

HEADER_BYTES = 1 << 20
EFFECTIVE_DATE_IN_NAME = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")


class FileRefused(Exception):
    """A file or package cannot be loaded at all; nothing of it was. The message names the mend."""


@dataclass(frozen=True)
class CsvTable:
    """One CSV, a file of its own or a member of a zip. `name` is its file name, `header` as sent."""

    path: Path
    member: str | None
    name: str
    header: tuple[str, ...]

    @contextmanager
    def _open(self) -> Iterator[IO[bytes]]:
        if self.member is None:
            with self.path.open("rb") as stream:
                yield stream
            return
        with (
            _sound(f"member {self.member}"),
            zipfile.ZipFile(self.path) as archive,
            archive.open(self.member) as stream,
        ):
            yield stream

    @property
    def line_end(self) -> str:
        """How the header's line ends; a file's other lines nearly always do likewise."""
        with self._open() as stream:
            return "\r\n" if stream.readline(HEADER_BYTES).endswith(b"\r\n") else "\n"

    def pieces(self, sound: Any | None = None) -> Iterator[Piece]:
        """Every record after the header; those that match `sound` (RE2's pattern of whole lines) as runs of lines."""
        with self._open() as stream:
            yield from LineReader(stream, len(self.header), sound=sound).pieces()


@contextmanager
def _sound(where: str) -> Iterator[None]:
    """Turn what the zip reader finds wrong into a refusal."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise FileRefused(f"{where} is damaged ({error}); ask the sender for the package again") from error
    except (NotImplementedError, RuntimeError) as error:
        # So zipfile says that a member is encrypted or packed by a method that it does not know.
        raise FileRefused(f"{where} cannot be unpacked ({error}); ask the sender for a plain zip") from error


@dataclass(frozen=True)
class Package:
    """What arrived in one piece: a zip's members, or one CSV.

    `effective_date` is the date in the name, else the newest entry's; None for a bare CSV whose name
    has none. `manifest` maps its properties where the package has one.
    """

    path: Path
    tables: tuple[CsvTable, ...]
    effective_date: date | None
    manifest: dict[str, str] | None


def open_package(path: Path, name: str, manifest_file: str | None = None) -> Package:
    """Look into a file: which tables it has and which headers. `name` is the name it arrived under.

    Raises FileRefused for what is no CSV and no sound zip.
    """
    if not zipfile.is_zipfile(path):
        with path.open("rb") as stream:
            start = stream.read(4)
        if start.startswith(b"PK") or name.lower().endswith(".zip"):
            raise FileRefused(
                f"{name} is a zip that is cut off or damaged (its directory is missing): ask the sender for it again"
            )
        table = CsvTable(path, None, name, _header(path, None, name))
        return Package(path, (table,), _date_in(name), None)
    with _sound(name), zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _require_flat(name, [info.filename for info in infos])
        members = [info.filename for info in infos if info.filename != manifest_file]
        manifest = _manifest(archive, manifest_file) if manifest_file in archive.namelist() else None
        newest = max((day for day in map(_day_of_entry, infos) if day), default=None)
    tables = tuple(CsvTable(path, member, member, _header(path, member, name)) for member in members)
    return Package(path, tables, _date_in(name) or newest, manifest)


def _require_flat(name: str, members: list[str]) -> None:
    inside = [member for member in members if "/" in member]
    if inside:
        raise FileRefused(f"{name}: {inside[0]} lies in a folder; members must lie at the root of the zip")
    twice = sorted({member for member in members if members.count(member) > 1})
    if twice:
        raise FileRefused(f"{name} holds {twice[0]} more than once; which of them is meant is not certain")


def _day_of_entry(info: zipfile.ZipInfo) -> date | None:
    """The day on which an entry was written; None where the packer left it out."""
    try:
        return date(*info.date_time[:3])
    except ValueError:
        return None


def _date_in(name: str) -> date | None:
    for year, month, day in EFFECTIVE_DATE_IN_NAME.findall(name):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def _manifest(archive: zipfile.ZipFile, manifest_file: str | None) -> dict[str, str]:
    try:
        text = archive.read(str(manifest_file)).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileRefused(f"{manifest_file} is no CSV in UTF-8: ask the sender for the package again") from error
    return {row[0]: row[1] for row in rows if len(row) >= 2}


def _header(path: Path, member: str | None, name: str) -> tuple[str, ...]:
    table = CsvTable(path, member, name, ())
    with table._open() as stream:
        start = stream.read(HEADER_BYTES).removeprefix(BOM)
    if not start.strip():
        raise FileRefused(f"{member or name} is empty; a file without rows still needs its header")
    try:
        text = start.decode("utf-8", "ignore")
        header = next(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (csv.Error, StopIteration) as error:
        raise FileRefused(f"{member or name}: the first line is no CSV header ({error})") from error
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise FileRefused(f"{member or name}: header names {twice} more than once; each column needs its own name")
    return tuple(header)
