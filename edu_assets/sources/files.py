"""Files and packages of files as tables of text records.

Belongs here: what arrived in one piece, which kind of file each of its tables is, dates in names, the
manifest. Does not belong here: the reading of one kind of file (csv_table.py, workbook.py, json_table.py),
which table a file is (the contract claims it), what a value means (raw_zone/), where files arrive
(raw_zone/archive.py).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from edu_assets.contracts.base import Contract, Csv, Json, LoadMode, Workbook
from edu_assets.sources.csv_table import open_csv
from edu_assets.sources.json_table import names_at_start, open_json
from edu_assets.sources.line_reader import BOM, Malformed, Record
from edu_assets.sources.records import (
    FileRefused,
    Source,
    Table,
    require_harmless,
    sound,
)
from edu_assets.sources.workbook import is_workbook, open_workbook

__all__ = [
    "EFFECTIVE_DATE_IN_NAME",
    "FileRefused",
    "Package",
    "Table",
    "open_package",
]

EFFECTIVE_DATE_IN_NAME = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
ZIP = b"PK\x03\x04"
EMPTY_ZIP = b"PK\x05\x06"
OLE = b"\xd0\xcf\x11\xe0"  # the container of .xls, and of a workbook with a password
MANIFEST_BYTES = 1 << 20


@dataclass(frozen=True)
class Package:
    """What arrived in one piece: a zip's members, or one file.

    tables: one for each file and contract that claims it, and for each file that none claims.
    `effective_date` is the date in the name, else the newest entry's; None for a bare file whose name
    has none. `manifest` maps its properties where the package has one.
    """

    path: Path
    tables: tuple[Table, ...]
    effective_date: date | None
    manifest: dict[str, str] | None


def open_package(
    path: Path, name: str, manifest_file: str | None = None, contracts: Sequence[Contract] = ()
) -> Package:
    """Look into a file: which tables it has and which headers. `name` is the name it arrived under.

    contracts: those of the system, which say how their files are written. Raises FileRefused for what is
    neither a table nor a sound zip.
    """
    whole = Source(path, None, name)
    start = whole.head(8)
    if zipfile.is_zipfile(path) and not is_workbook(whole):
        return _open_zip(path, name, manifest_file, contracts)
    if (start.startswith(b"PK") or name.lower().endswith(".zip")) and not zipfile.is_zipfile(path):
        raise FileRefused(
            f"{name} is a zip that is cut off or damaged (its directory is missing): ask the sender for it again"
        )
    return Package(path, tuple(_open_tables(whole, contracts)), _date_in(name), None)


def _open_zip(path: Path, name: str, manifest_file: str | None, contracts: Sequence[Contract]) -> Package:
    with sound(name), zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        require_harmless(name, infos, path.stat().st_size)
        _require_flat(name, [info.filename for info in infos])
        members = [info.filename for info in infos if info.filename != manifest_file]
        manifest = _manifest(archive, manifest_file) if manifest_file in archive.namelist() else None
        newest = max((day for day in map(_day_of_entry, infos) if day), default=None)
    tables = tuple(table for member in members for table in _open_tables(Source(path, member, member), contracts, name))
    return Package(path, tables, _date_in(name) or newest, manifest)


def _open_tables(source: Source, contracts: Sequence[Contract], package: str | None = None) -> Iterator[Table]:
    """A file as the table of every contract that claims it: a workbook may hold one on each sheet."""
    claiming = [contract for contract in contracts if contract.claims(source.name)]
    start = source.head(8)
    workbook = start.startswith((ZIP, EMPTY_ZIP)) and is_workbook(source)
    if start.startswith((ZIP, EMPTY_ZIP)) and not workbook:
        raise FileRefused(f"{package or source.name} holds the zip {source.name}: send its files, or send it by itself")
    if not claiming:
        yield _unclaimed(source)
        return
    if start.startswith(OLE):
        raise FileRefused(
            f"{source.name} is a workbook of the old kind (.xls), or has a password: save it as .xlsx without one, "
            "or as CSV"
        )
    if len(claiming) > 1 and not workbook:
        claiming = [_meant(source, claiming)]
    for contract in claiming:
        yield _open_table(source, contract, workbook)


def _unclaimed(source: Source) -> Table:
    """A file that nobody reads; its header, if it has one, tells what it may have been meant for."""
    try:
        return open_csv(source, Csv(), None)
    except FileRefused:
        return _NoTable(source, ())


class _NoTable(Table):
    """A file that nobody reads and that is none of the kinds known here, an empty one or a picture, say."""

    def records(self) -> Iterator[Record | Malformed]:
        return iter(())


def _meant(source: Source, claiming: Sequence[Contract]) -> Contract:
    """Of several contracts that claim a file by its name, the one whose header it has. A file without any record has
    none: where all of them take changes alone it tells of none, whosever it is. A full one would close all rows."""
    changes_alone = all(contract.mode is LoadMode.INCREMENTAL for contract in claiming)
    if changes_alone and source.head().removeprefix(codecs.BOM_UTF8).strip() in (b"", b"[]"):
        return claiming[0]
    headers = _headers(source, claiming)
    fitting = [contract for contract in claiming if contract.fits(headers[contract.name])]
    if len(fitting) > 1:
        fitting = [contract for contract in fitting if contract.is_like(headers[contract.name])] or fitting
    if len(fitting) != 1:
        names = ", ".join(contract.name for contract in fitting or claiming)
        seen = "has the columns of all of them" if fitting else "has the columns of none of them"
        raise FileRefused(
            f"{source.name} could be {names} by its name, and {seen}: give it a name that only one claims"
        )
    return fitting[0]


def _headers(source: Source, contracts: Sequence[Contract]) -> dict[str, tuple[str, ...]]:
    """The header as each contract would read it, by the contract's name."""
    forms = {form for contract in contracts for form in contract.written}
    if len(forms) == 1 and isinstance(form := forms.pop(), Json):
        return dict.fromkeys((contract.name for contract in contracts), names_at_start(source, form, contracts))
    return {contract.name: _open_table(source, contract, workbook=False).header for contract in contracts}


def _open_table(source: Source, contract: Contract, workbook: bool) -> Table:
    """A file as its contract declares it. What kind of file it is, its first bytes tell."""
    declared = {type(form): form for form in contract.written}
    if workbook:
        form = declared.get(Workbook)
        if not isinstance(form, Workbook):
            raise FileRefused(
                f"{source.name} is an Excel workbook, and the contract {contract.name} declares no Workbook: "
                "send it as CSV, or declare the sheet in the contract's `written`"
            )
        return open_workbook(source, form, contract)
    plain, json = declared.get(Csv), declared.get(Json)
    looks_like_json = source.head(64).removeprefix(BOM).lstrip()[:1] in (b"{", b"[")
    if isinstance(json, Json) and (plain is None or looks_like_json):
        return open_json(source, json, contract)
    if isinstance(plain, Csv):
        return open_csv(source, plain, contract)
    raise FileRefused(f"{source.name} is no Excel workbook, which is all that the contract {contract.name} declares")


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
        with archive.open(str(manifest_file)) as stream:
            text = stream.read(MANIFEST_BYTES).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileRefused(f"{manifest_file} is no CSV in UTF-8: ask the sender for the package again") from error
    return {row[0]: row[1] for row in rows if len(row) >= 2}
