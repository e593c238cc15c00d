"""Files that no contract declares yet: how one is written, told from the file alone.

Belongs here: the guess of encoding, delimiter, header line, sheet and place of the records, as the declaration that a
contract would make. Does not belong here: reading by that declaration (csv_table.py, workbook.py, json_table.py),
what the columns may be, and how a draft is written
(contracts/drafting.py).

A load never guesses so: it reads a file as its contract declares it.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from edu_assets.contracts import registry
from edu_assets.contracts.base import Csv, FileFormat, Json, Workbook
from edu_assets.contracts.drafting import Draft, NotDrafted, draft
from edu_assets.sources.csv_table import DELIMITERS, HEADER_LINES, MARKS, open_csv
from edu_assets.sources.files import OLE, ZIP
from edu_assets.sources.json_table import open_json
from edu_assets.sources.line_reader import BOM, Record
from edu_assets.sources.records import FileRefused, Source, Table
from edu_assets.sources.workbook import is_workbook, open_workbook

SEEN_RECORDS = 200
DOCUMENT_BYTES = 64 << 20
BLOCK_BYTES = 1 << 20


def open_undeclared(path: Path, sheet: str | None = None) -> tuple[Table, FileFormat]:
    """The one table of a file, and how it is written. Raises FileRefused for what is none."""
    if not path.is_file():
        raise FileRefused(f"{path.name}: no such file")
    source = Source(path, None, path.name)
    start = source.head(64)
    if start.startswith(ZIP):
        if is_workbook(source):
            return _workbook(source, sheet)
        members = zipfile.ZipFile(path).namelist() if zipfile.is_zipfile(path) else []
        raise FileRefused(f"{path.name} is a zip of {len(members)} files: unpack it and draft each table by itself")
    if start.startswith(OLE):
        raise FileRefused(f"{path.name} is a workbook of the old kind (.xls): save it as .xlsx, or as CSV")
    if start.removeprefix(BOM).lstrip()[:1] in (b"{", b"["):
        written = Json(records=_place_of_records(source))
        return open_json(source, written, None), written
    plain = _csv(source)
    return open_csv(source, plain, None), plain


def draft_file(path: Path, *, system: str, table: str, sheet: str | None = None) -> Draft:
    """Draft the contract of the table in a file. Raises NotDrafted where it is none, or where a contract has the
    name already. Records that are malformed take no part."""
    if f"{system}__{table}" in registry().contracts:
        raise NotDrafted(
            f"the contract {system}__{table} is declared already: choose other names with --system, --table"
        )
    if not re.fullmatch("[a-z][a-z0-9]*", system) or not re.fullmatch("[a-z][a-z0-9_]*", table):
        raise NotDrafted(
            f"a system is named by small letters and digits, a table by these and _: {system!r}, {table!r} are not; "
            "choose with --system and --table"
        )
    try:
        opened, written = open_undeclared(path, sheet)
    except FileRefused as why:
        raise NotDrafted(str(why)) from why

    def rows() -> Iterator[Sequence[str | None]]:
        return (record.cells for record in opened.records() if isinstance(record, Record))

    known = system in registry().systems
    return draft(
        opened.header,
        rows,
        file_name=path.name,
        written=written,
        system=system,
        table=table,
        system_is_known=known,
    )


def _workbook(source: Source, sheet: str | None) -> tuple[Table, FileFormat]:
    tops = []
    for row in range(1, HEADER_LINES + 1):
        try:
            tops.append((row, open_workbook(source, Workbook(sheet=sheet, header_line=row), None)))
        except FileRefused:
            if row == HEADER_LINES and not tops:
                raise
    widest = max(len(table.header) for _, table in tops)
    row, table = next(found for found in tops if 2 * len(found[1].header) > widest)
    return table, Workbook(sheet=sheet, header_line=row)


def _csv(source: Source) -> Csv:
    encoding = _encoding(source)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(source.head())
    by_delimiter = {delimiter: _records(text, delimiter) for delimiter in DELIMITERS}

    def agreement(delimiter: str) -> tuple[bool, float]:
        widths = Counter(len(cells) for _, cells in by_delimiter[delimiter])
        width, records = max(widths.items(), key=lambda found: found[1], default=(1, 0))
        return width > 1, width * records / max(widths.total(), 1)

    delimiter = max(DELIMITERS, key=agreement)
    # A mark at the file's start is read without being declared.
    marked = any(source.head(4).startswith(mark) for mark in MARKS)
    return Csv(
        encoding="utf-8" if marked or encoding == "utf-8-sig" else encoding,
        delimiter=delimiter,
        header_line=_header_line(by_delimiter[delimiter]),
    )


def _records(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """The first records with the line on which each starts."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found, line = [], 1
    try:
        for cells in islice(reader, SEEN_RECORDS):
            found.append((line, cells))
            line = reader.line_num + 1
    except csv.Error:
        pass  # what was read until here says enough
    return [(line, cells) for line, cells in found if cells]


def _header_line(records: Sequence[tuple[int, list[str]]]) -> int:
    """The first line of the usual width of whose cells at least half are filled: titles leave most of them empty."""
    widths = Counter(len(cells) for _, cells in records)
    width = max(widths, key=lambda found: widths[found], default=1)
    for line, cells in records[:HEADER_LINES]:
        if len(cells) == width and 2 * sum(bool(cell.strip()) for cell in cells) >= width:
            return line
    return 1


def _encoding(source: Source) -> str:
    """UTF-8 where all of the file is; else by its mark or its zero bytes, at last Windows' western one."""
    start = source.head(4096)
    for mark, codec in MARKS.items():
        if start.startswith(mark):
            return codec
    if b"\0" in start:
        return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with source.open() as stream:
            while block := stream.read(BLOCK_BYTES):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _place_of_records(source: Source) -> str:
    """Where the list lies in a document; empty for lines and for an array."""
    text = source.head(DOCUMENT_BYTES).decode("utf-8-sig", "replace").lstrip()
    first, _, rest = text.partition("\n")
    if text.startswith("[") or (_parsed(first) is not None and rest.strip()):
        return ""
    return ".".join(_path_to_list(_parsed(text)) or ())


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _path_to_list(value: Any) -> tuple[str, ...] | None:
    """The names that lead to the outermost list of objects."""
    if not isinstance(value, dict):
        return None
    for name, inner in value.items():
        if isinstance(inner, list) and inner and all(isinstance(each, dict) for each in inner):
            return (name,)
    for name, inner in value.items():
        below = _path_to_list(inner)
        if below:
            return (name, *below)
    return None
