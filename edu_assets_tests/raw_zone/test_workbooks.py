"""Excel workbooks: cells become the texts that a person sees, or the row is set aside."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook as Book

from edu_assets.contracts.base import Csv, Workbook
from edu_assets.sources.files import FileRefused, open_package
from edu_assets_tests.raw_zone.exports import zipped
from edu_assets_tests.raw_zone.reading import contract, malformed, opened, package, rows

EXCEL = (Workbook(),)
HEADER = ["id", "name", "score"]


def workbook(*lines: list[Any], **sheets: list[list[Any]]) -> bytes:
    """A workbook of one sheet, `Results`, and others by name."""
    book = Book()
    first = book.active
    assert first is not None
    first.title = "Results"
    for title, content in {"Results": list(lines), **sheets}.items():
        sheet = first if title == "Results" else book.create_sheet(title)
        for line in content:
            sheet.append(line)
    return saved(book)


def saved(book: Book) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


CELLS = {
    "text": ("Zoë ", "Zoë "),
    "leading zeros in text": ("007", "007"),
    "a whole number": (5, "5"),
    "a whole number held as a fraction": (5.0, "5"),
    "a fraction": (0.1, "0.1"),
    "a large number": (123456789012345, "123456789012345"),
    "a tiny number": (1e-7, "0.0000001"),
    "a date": (date(2024, 2, 3), "2024-02-03"),
    "a date with a time": (datetime(2024, 2, 3, 9, 15), "2024-02-03T09:15:00"),  # noqa: DTZ001  (Excel has no zones)
    "a time": (time(9, 15), "09:15:00"),
    "a duration": (timedelta(hours=30), "30:00:00"),
    "true": (True, "TRUE"),
    "empty": (None, ""),
}


@pytest.mark.parametrize(("value", "text"), CELLS.values(), ids=CELLS.keys())
def test_a_cell_becomes_the_text_that_a_person_sees(tmp_path: Path, value: Any, text: str) -> None:
    table = opened(tmp_path, workbook(HEADER, [1, value, "x"]), "results.xlsx", written=EXCEL)
    assert rows(table) == [["1", text, "x"]]


def test_a_number_shown_with_leading_zeros_has_them(tmp_path: Path) -> None:
    book = Book()
    sheet: Any = book.active
    sheet.append(HEADER)
    sheet.append([42, "a", 1])
    sheet["A2"].number_format = "00000"
    assert rows(opened(tmp_path, saved(book), "r.xlsx", written=EXCEL)) == [["00042", "a", "1"]]


def test_empty_rows_are_no_records_and_rows_bear_excels_numbers(tmp_path: Path) -> None:
    table = opened(tmp_path, workbook(HEADER, [], [1, "a"], [], [2, "b", 3]), "r.xlsx", written=EXCEL)
    assert [(record.line, list(record.cells)) for record in table.records()] == [  # type: ignore[union-attr]
        (3, ["1", "a", ""]),
        (5, ["2", "b", "3"]),
    ]


def test_a_row_with_an_error_or_too_many_cells_is_set_aside(tmp_path: Path) -> None:
    content = workbook(HEADER, [1, "#N/A", 2], [2, "b", 3, 4], [3, "c", 5])
    errors = malformed(opened(tmp_path, content, "r.xlsx", written=EXCEL))
    assert [(bad.line, bad.rule) for bad in errors] == [
        (2, "holds the error #N/A in column B; mend it in Excel"),
        (3, "has 4 cells where the header has 3"),
    ]


def test_titles_above_the_header_are_found_and_told(tmp_path: Path) -> None:
    content = workbook(["Results of spring"], [], HEADER, [1, "a", 2])
    table = opened(tmp_path, content, "r.xlsx", written=EXCEL)
    assert rows(table) == [["1", "a", "2"]]
    assert "the header stands in row 3, not in 1" in table.found[0]
    assert opened(tmp_path, content, "r.xlsx", written=(Workbook(header_line=3),)).found == ()


def test_one_workbook_holds_the_tables_of_several_contracts(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    path.write_bytes(workbook(HEADER, [1, "a", 2], More=[HEADER, [3, "c", 4]]))
    contracts = [contract(table=sheet.lower(), written=(Workbook(sheet=sheet),)) for sheet in ("Results", "More")]
    tables = open_package(path, "r.xlsx", None, contracts).tables
    assert {table.contract: rows(table) for table in tables} == {
        "vendor__results": [["1", "a", "2"]],
        "vendor__more": [["3", "c", "4"]],
    }


def test_a_sheet_that_is_not_certain_is_refused(tmp_path: Path) -> None:
    content = workbook(HEADER, More=[HEADER])
    with pytest.raises(FileRefused, match=r"has the sheets \['Results', 'More'\]; the contract must say which one"):
        opened(tmp_path, content, "r.xlsx", written=EXCEL)
    with pytest.raises(FileRefused, match=r"has no sheet 'Scores'; it has \['Results', 'More'\]"):
        opened(tmp_path, content, "r.xlsx", written=(Workbook(sheet="Scores"),))


def test_a_formula_without_its_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="formulas whose results are not in the file"):
        opened(tmp_path, workbook(HEADER, [1, "a", "=1+1"]), "r.xlsx", written=EXCEL)


def test_a_formula_with_its_result_is_its_result(tmp_path: Path) -> None:
    content = edited(workbook(HEADER, [1, "a", "=1+1"]), rb"</f><v\s*/>|</f><v></v>", b"</f><v>2</v>")
    assert rows(opened(tmp_path, content, "r.xlsx", written=EXCEL)) == [["1", "a", "2"]]


def edited(content: bytes, pattern: bytes, replacement: bytes) -> bytes:
    """A workbook with the text of its sheets changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        members = {name: parts.read(name) for name in parts.namelist()}
    changed: dict[str, str | bytes] = {
        name: re.sub(pattern, replacement, part) if name.startswith("xl/worksheets/") else part
        for name, part in members.items()
    }
    assert changed != members
    return zipped(changed)


def test_rows_beyond_the_size_that_a_sheet_claims_are_read(tmp_path: Path) -> None:
    content = edited(workbook(HEADER, [1, "a", 2], [2, "b", 3]), rb'<dimension ref="[^"]*"', b'<dimension ref="A1:B2"')
    assert rows(opened(tmp_path, content, "r.xlsx", written=EXCEL)) == [["1", "a", "2"], ["2", "b", "3"]]


def test_a_workbook_in_a_zip_is_read(tmp_path: Path) -> None:
    content = zipped({"results.xlsx": workbook(HEADER, [1, "a", 2])})
    [table] = package(tmp_path, content, "spring.zip", written=EXCEL, files=("results.xlsx",)).tables
    assert rows(table) == [["1", "a", "2"]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "workbook of the old kind (.xls), or has a password"),
        (edited(workbook(HEADER, [1, "a", 2]), b"</row></sheetData>.*", b""), "cut off or damaged"),
        (zipped({"xl/workbook.xml": "<x/>"}), "is no sound workbook"),
    ],
    ids=["xls", "a sheet that is cut off", "no workbook"],
)
def test_what_is_no_workbook_is_refused_with_the_mend(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        rows(opened(tmp_path, content, "r.xlsx", written=EXCEL))
    assert told in str(refusal.value)


def test_a_workbook_where_csv_is_declared_is_refused_and_the_reverse(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="is an Excel workbook, and the contract vendor__results declares no"):
        opened(tmp_path, workbook(HEADER), "r.csv", written=(Csv(),))
    with pytest.raises(FileRefused, match="is no Excel workbook, which is all that the contract"):
        opened(tmp_path, "id,name\n", "r.xlsx", written=EXCEL)
