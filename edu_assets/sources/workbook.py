"""Excel workbooks (.xlsx, .xlsm) as tables: the cells of one sheet as the texts that a person sees.

Belongs here: reading a sheet row by row. Does not belong here: which kind of file it is (files.py).

The library is openpyxl (MIT, in use everywhere, pure Python): in its read-only mode memory does not grow with
the rows, where python-calamine, ten times faster, holds the sheet whole and does not tell number formats.

What a cell becomes: a date `2024-02-03`, with a time `2024-02-03T09:15:00`, a time `09:15:00`; a whole number
without a point; a number shown with leading zeros (format `00000`) with them; true and false `TRUE` and `FALSE`.
Exactness ends where Excel's does: a number is the binary double that the file holds, in its shortest spelling,
not rounded as its format shows it; an identifier of more than 15 digits has lost the others in Excel itself;
what Excel took for a date cannot be told from a date.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any

from edu_assets.contracts.base import Contract, Workbook
from edu_assets.sources.line_reader import Malformed, Record
from edu_assets.sources.records import (
    FileRefused,
    Source,
    Table,
    named,
    require_harmless,
    sound,
)

SPOOLED_BYTES = 8 << 20
HEADER_ROWS = 20
SHARED_TEXT_BYTES = 256 << 20  # openpyxl holds the texts that cells share; Excel's own limit of rows fills less
LEADING_ZEROS = re.compile(r"0+")


class _Unclear(ValueError):
    """A cell holds no value that a person meant."""


@dataclass(frozen=True)
class WorkbookTable(Table):
    """One sheet of a workbook. `header_row` is the row of the header, counted as Excel does."""

    sheet: str = ""
    header_row: int = 1

    def records(self) -> Iterator[Record | Malformed]:
        """Every row below the header that is not empty."""
        with _workbook(self.source) as book:
            for place, row in _rows(book[self.sheet], self.header_row + 1):
                record = _record(place, row, len(self.header))
                if record is not None:
                    yield record


def _rows(sheet: Any, first: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    # The size that a sheet claims is what its writer believed; rows are read to the last there is.
    sheet.reset_dimensions()
    yield from enumerate(sheet.iter_rows(min_row=first), first)


def _record(place: int, row: tuple[Any, ...], width: int) -> Record | Malformed | None:
    try:
        texts = [_text(cell) for cell in row]
    except _Unclear as unclear:
        shown = ",".join(str(cell.value) for cell in row if cell.value is not None)
        return Malformed(place, shown.replace("\0", "\\x00"), str(unclear))
    while texts and texts[-1] == "" and len(texts) > width:
        texts.pop()
    if not any(texts):
        return None
    if len(texts) > width:
        return Malformed(place, ",".join(texts), f"has {len(texts):,} cells where the header has {width:,}")
    return Record(place, texts + [""] * (width - len(texts)))


def _text(cell: Any) -> str:
    value = cell.value
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            if cell.data_type == "e":
                raise _Unclear(f"holds the error {value} in column {cell.column_letter}; mend it in Excel")
            if "\0" in value:
                raise _Unclear(f"holds a NUL in column {cell.column_letter}, which no text column can keep")
            return value
        case datetime():
            shown = value.isoformat(timespec="seconds" if not value.microsecond else "milliseconds")
            return shown.removesuffix("T00:00:00")
        case date() | time():
            return value.isoformat()
        case timedelta():
            seconds = round(value.total_seconds())
            return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        case int() | float():
            return _number(value, cell.number_format)
    raise _Unclear(f"holds in column {cell.column_letter} what is neither text, number nor date")


def _number(value: int | float, shown_as: str) -> str:
    if isinstance(value, float):
        value = int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, int):
        return str(value).zfill(len(shown_as)) if LEADING_ZEROS.fullmatch(shown_as) and value >= 0 else str(value)
    return format(Decimal(repr(value)), "f")


@contextmanager
def _workbook(source: Source) -> Iterator[Any]:
    # an eighth of the time in which a code location loads, and few deliveries are workbooks
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with _seekable(source) as stream:
        try:
            book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        except (InvalidFileException, KeyError, ValueError, zipfile.BadZipFile, SyntaxError) as error:
            raise FileRefused(
                f"{source.name} is no sound workbook ({type(error).__name__}): save it again in Excel, or as CSV"
            ) from error
        try:
            yield book
        except SyntaxError as error:  # of its XML; so says ElementTree
            raise FileRefused(f"{source.name}: a sheet is cut off or damaged: ask the sender for it again") from error
        finally:
            book.close()


@contextmanager
def _seekable(source: Source) -> Iterator[IO[bytes]]:
    """A workbook is read at random; a member of a zip is unpacked aside for that, within the package's limits."""
    with source.open() as stream:
        if source.member is None:
            yield stream
            return
        with tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as copy:
            shutil.copyfileobj(stream, copy)
            copy.seek(0)
            yield copy


def is_workbook(source: Source) -> bool:
    """Whether a file that starts as a zip is a workbook."""
    with sound(source.name), _seekable(source) as stream:
        return zipfile.is_zipfile(stream) and "xl/workbook.xml" in zipfile.ZipFile(stream).namelist()


def open_workbook(source: Source, declared: Workbook, contract: Contract | None) -> WorkbookTable:
    """Find sheet and header. Raises FileRefused where it is not certain which they are."""
    _require_readable(source)
    with _workbook(source) as book:
        sheet = _sheet(book, declared, source.name)
        found = []
        rows = []
        for place, row in _rows(book[sheet], 1):
            rows.append([_heading(cell) for cell in row])
            if place >= max(HEADER_ROWS, declared.header_line):
                break
    header_row = declared.header_line
    header = _heading_row(rows, header_row)
    if contract is not None and not contract.fits(header):
        certain = [place for place in range(1, len(rows) + 1) if contract.is_like(_heading_row(rows, place))]
        if certain:
            header_row = certain[0]
            header = _heading_row(rows, header_row)
            found.append(
                f"{source.name}: the header stands in row {header_row}, not in {declared.header_line} as declared; "
                "the rows above it are no records"
            )
    if not header:
        raise FileRefused(f"{source.name}: row {header_row} of sheet {sheet!r} is empty; the header should stand there")
    names = named(header, source.name)
    claimed_by = contract.name if contract else None
    return WorkbookTable(source, names.header, (*found, *names.found), claimed_by, names.repeated, sheet, header_row)


def _heading_row(rows: list[list[str]], place: int) -> list[str]:
    header = list(rows[place - 1]) if place <= len(rows) else []
    while header and not header[-1].strip():
        header.pop()
    return header


def _heading(cell: Any) -> str:
    try:
        return _text(cell)
    except _Unclear:
        return ""


def _sheet(book: Any, declared: Workbook, name: str) -> str:
    sheets = [sheet.title for sheet in book.worksheets]
    if declared.sheet is not None:
        if declared.sheet not in sheets:
            raise FileRefused(f"{name} has no sheet {declared.sheet!r}; it has {sheets}")
        return declared.sheet
    shown = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if len(shown) != 1:
        raise FileRefused(f"{name} has the sheets {shown}; the contract must say which one with Workbook(sheet=…)")
    return str(shown[0])


def _require_readable(source: Source) -> None:
    """Refuse what would fill the memory, and formulas without results, which would read as empty cells."""
    with sound(source.name), _seekable(source) as stream, zipfile.ZipFile(stream) as parts:
        size = stream.seek(0, 2)
        require_harmless(source.name, parts.infolist(), size)
        shared = sum(part.file_size for part in parts.infolist() if part.filename.endswith("sharedStrings.xml"))
        if shared > SHARED_TEXT_BYTES:
            raise FileRefused(f"{source.name} holds {shared:,} bytes of text, too much for a workbook: send it as CSV")
        for part in parts.infolist():
            if part.filename.startswith("xl/worksheets/") and _has_uncomputed_formula(parts, part):
                raise FileRefused(
                    f"{source.name}: {part.filename} has formulas whose results are not in the file: "
                    "open it in Excel, let it compute, and save it"
                )


UNCOMPUTED = re.compile(rb"</f>\s*(<v\s*/>|<v>\s*</v>)?\s*</c>|<f[^>]*/>\s*(<v\s*/>|<v>\s*</v>)?\s*</c>")


def _has_uncomputed_formula(parts: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    tail = b""
    with parts.open(part) as stream:
        while piece := stream.read(1 << 20):
            if UNCOMPUTED.search(tail + piece):
                return True
            tail = piece[-200:]
    return False
