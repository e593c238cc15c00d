"""Files that nobody on this project wrote: every record is read as another reader reads it.

The other readers are pandas for CSV, read as text, and the standard library's json for JSON.
"""

from __future__ import annotations

import csv
import json
from io import BytesIO, StringIO
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edu_assets.contracts.base import Csv, FileFormat, Json
from edu_assets.sources.files import Table, open_package
from edu_assets.sources.line_reader import LineReader, Malformed, Record
from edu_assets_tests.raw_zone.reading import contract
from edu_assets_tests.testbed import SHARED_DATA, shared_data

CSV_FOLDERS = ("vendor_assessments", "sds_v2_1", "contoso")


def files(*folders: str, suffix: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((SHARED_DATA / folder).rglob(f"*{suffix}"))]
    assert found, f"no {suffix} below {SHARED_DATA}: these tests read data that is kept beside the project"
    return found


def named_after(path: Path) -> str:
    return str(path.relative_to(SHARED_DATA))


def opened(path: Path, *written: FileFormat) -> Table:
    first = {"header_line": 3} if "TX_KEA" in path.parts else {}
    declared = contract(written=written or (Csv(**first),))
    [table] = open_package(path, path.name, None, [declared]).tables
    return table


def read(table: Table) -> tuple[list[list[str | None]], list[Malformed]]:
    records = list(table.records())
    return (
        [list(record.cells) for record in records if isinstance(record, Record)],
        [record for record in records if isinstance(record, Malformed)],
    )


@pytest.mark.parametrize("path", files(*CSV_FOLDERS, suffix=".csv"), ids=named_after)
def test_every_record_of_a_csv_is_read_byte_exactly(path: Path) -> None:
    skipped = 2 if "TX_KEA" in path.parts else 0
    theirs = pd.read_csv(
        path, header=None, skiprows=skipped, dtype=str, keep_default_na=False, encoding="utf-8-sig", engine="python"
    )
    ours, malformed = read(opened(path))
    header, *rows = theirs.fillna("").to_numpy().tolist()
    assert len(ours) + len(malformed) == len(rows)
    short = {record.line - 2 for record in malformed}
    assert ours == [row for place, row in enumerate(rows) if place not in short]
    assert [name for name in opened(path).header if name in header][:2] == header[:2]


def test_the_one_ragged_record_of_the_vendors_is_set_aside() -> None:
    """A row of MAP Growth lacks its last field."""
    ragged = {
        named_after(path): [record.rule for record in malformed]
        for path in files(*CSV_FOLDERS, suffix=".csv")
        if (malformed := read(opened(path))[1])
    }
    assert ragged == {
        "vendor_assessments/MAP_Growth/sample_anonymized_file.csv": ["has 142 fields where the header has 143"]
    }


CELL = st.text(alphabet='; "\tabé\x0b\u2028', max_size=5)
LINE = st.builds(
    lambda cells, end: ",".join(cells) + end,
    st.lists(CELL, min_size=2, max_size=4) | st.lists(CELL, min_size=3, max_size=3),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
)


@given(st.lists(LINE, max_size=6).map("".join))
def test_any_text_is_read_as_pythons_csv_reads_it(text: str) -> None:
    """Also where a line has no quote and is read without it."""
    reader = LineReader(BytesIO(f"a,b,c\n{text}".encode()), 3)
    ours = [piece.cells for piece in reader.pieces() if isinstance(piece, Record)]
    try:
        theirs = [row for row in csv.reader(StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        assert '"' in text  # spoils its line for us, all that follows for a reader of the whole
        return
    assert ours == [row for row in theirs if len(row) == 3]


@pytest.mark.parametrize("path", files("canvas", suffix=".json"), ids=named_after)
def test_every_record_of_canvas_is_read_with_every_value(path: Path) -> None:
    theirs = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    table = opened(path, Json())
    ours, malformed = read(table)
    assert malformed == []
    assert len(ours) == len(theirs)
    for record, their in zip(ours, theirs, strict=True):
        for name, cell in zip(table.header, record, strict=True):
            value = their.get(name)
            assert (cell is None) == (value is None)
            if isinstance(value, str):
                assert cell == value
            elif value is not None:
                assert json.loads(str(cell)) == value


def test_the_folders_are_the_ones_that_were_counted() -> None:
    for folder, count in (("vendor_assessments", 21), ("sds_v2_1", 10), ("contoso", 6), ("canvas", 12)):
        assert len([path for path in shared_data(folder).rglob("*") if path.is_file()]) == count
