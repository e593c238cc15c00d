"""Sound lines: what goes straight into typed columns is what judging every record by itself would have made."""

from __future__ import annotations

import calendar
import csv
import io
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edu_assets.contracts import registry
from edu_assets.contracts.base import Column, ColumnType, Contract, Csv, DateFormat, TermByDelivery
from edu_assets.raw_zone import intake, stage
from edu_assets.raw_zone.sound import sound_lines
from edu_assets_tests.raw_zone.exports import ATTENDANCE_HEADER
from edu_assets_tests.testbed import MakeNetwork, Platform

ROWS = (
    "select term_key, school_id, student_number, attendance_date, attendance_code, absence_value, _extra, _source_row,"
    " _row_hash from raw_zone.attendance__attendance_daily order by 8"
)
BAD = "select source_row, term_key, rule, column_name, source_key, original, message from etl.quarantine order by 1"


def contract(*columns: Column, key: str = "id") -> Contract:
    return Contract(
        system="made",
        table="up",
        description="made up",
        owner="nobody",
        columns=(Column(header="id", required=True), *columns),
        key=(key,),
        term=TermByDelivery(),
        files=("up.csv",),
        freshness_days=1,
    )


def is_sound(column: Column, *values: str) -> list[bool]:
    made = contract(column)
    pattern = sound_lines(made, made.columns)
    assert pattern is not None
    return [pattern.fullmatch(f"1,{value}\n".encode()) is not None for value in values]


INTEGER, NUMERIC = (Column(header="n", type=kind) for kind in (ColumnType.INTEGER, ColumnType.NUMERIC))
CALENDAR = list(product((1899, 1900, 1996, 2000, 2013, 2100, 2104), range(14), range(33)))
VALID = [month in range(1, 13) and day in range(1, calendar.monthrange(y, month)[1] + 1) for y, month, day in CALENDAR]


def test_a_date_is_sound_where_the_calendar_has_it() -> None:
    iso = Column(header="day", type=ColumnType.DATE)
    assert is_sound(iso, *(f"{year}-{month:02}-{day:02}" for year, month, day in CALENDAR)) == VALID


@pytest.mark.parametrize(
    ("form", "spelling"), [(DateFormat.US, "{month}/{day}/{year}"), (DateFormat.BRITISH, "{day}/{month}/{year}")]
)
def test_a_date_with_slashes_is_sound_where_the_calendar_has_it(form: DateFormat, spelling: str) -> None:
    column = Column(header="day", type=ColumnType.DATE, formats=(form,))
    spelled = [spelling.format(year=year, month=month, day=day) for year, month, day in CALENDAR]
    assert is_sound(column, *spelled) == VALID


@pytest.mark.parametrize(
    ("column", "sound", "others"),
    [
        (
            Column(header="n", type=ColumnType.INTEGER),
            ["", "0", "-007", '"12"', '""'],
            ["1.0", "1e3", " 1", "1,2", "9" * 19],
        ),
        (
            Column(header="n", type=ColumnType.NUMERIC),
            ["", "0.5", ".5", "5.", "+1"],
            ["NaN", "1e3", "1 ", ".", "Infinity"],
        ),
        (Column(header="b", type=ColumnType.BOOLEAN), ["", "true", '"false"'], ["TRUE", "t", "1", "yes"]),
        (Column(header="t"), ["", "é", '"a, b"', '"say ""so"""', "\\.", "a b "], ['a"b', '"open', "a\rb", "a\0b"]),
        (Column(header="t", required=True), ["x", '" "'], ["", '""']),
        (Column(header="t", allowed=("A.", "B")), ["A.", '"B"', ""], ["AB", "Ax", "a."]),
        (Column(header="t", pattern=r"[A-Z]{1,3}-\d+"), ["A-1", "ABC-12", ""], ["ABCD-1", "A-", "a-1"]),
        (Column(header="password", secret=True), [""], ["x", '"x"', '""']),
    ],
)
def test_what_is_sound(column: Column, sound: list[str], others: list[str]) -> None:
    assert is_sound(column, *sound) == [True] * len(sound)
    assert is_sound(column, *others) == [False] * len(others)


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf"])
def test_bytes_that_are_no_utf8_are_not_sound(bad: bytes) -> None:
    made = contract(Column(header="t"))
    pattern = sound_lines(made, made.columns)
    assert pattern is not None
    assert pattern.fullmatch(b"1,ok\n")
    assert not pattern.match(b"1," + bad + b"\n")


@pytest.mark.parametrize(
    "column",
    [
        Column(header="t", pattern=".+"),
        Column(header="t", pattern="[^x]+"),
        Column(header="t", pattern="[a,b]+"),
        Column(header="b", type=ColumnType.BOOLEAN, true_values=("present",), false_values=("absent",)),
    ],
)
def test_what_cannot_be_told_is_left_to_judging(column: Column) -> None:
    assert sound_lines(contract(column), contract(column).columns) is None


@pytest.mark.parametrize(("pattern", "longest"), [("[0-9]+", 101), ("[0-9]{2,}", 102), ("[0-9]{1,255}", 255)])
def test_a_sound_key_fits_an_index(pattern: str, longest: int) -> None:
    compiled = sound_key(pattern)
    assert compiled is not None
    assert max(n for n in range(1, 3000) if compiled.fullmatch(b"1" * n + b"\n")) == longest


def test_a_key_whose_length_cannot_be_told_is_left_to_judging() -> None:
    assert sound_key("(?:[0-9]{1,9}){1,90}") is None
    assert sound_key("[0-9]{1,300}-[0-9]{1,300}") is None


def sound_key(pattern: str) -> Any | None:
    column = Column(header="id", required=True, pattern=pattern)
    return sound_lines(contract().model_copy(update={"columns": (column,)}), (column,))


def test_the_contracts_of_this_project_have_sound_lines() -> None:
    """Else their files load many times slower, which nothing but this would tell."""
    written = [c for c in registry().contracts.values() if Csv() in c.written]
    without = {c.name for c in written if sound_lines(c, c.columns) is None}
    assert without == set()


CELLS = {
    "school": ["01", '"02"', "01", "ü", "", " 01", "0" * 41, '"0,1"'],
    "student": ["1", "22", '"3"', "4-4", "", '"5""5"', "x" * 40, "1\r", '"6\n6"', "\\.", "7\0"],
    "day": [
        "2013-03-01",
        "3/2/2013",
        '"2013-03-04"',
        "2013-02-29",
        "",
        "20-Oct",
        "03/01/13",
        "2019-01-01",
        "2013-09-03",
    ],
    "code": ["P", "A", '"T"', "p", "", "UNEX"],
    "value": ["0", "0.5", '"1.0"', "", '""', "2", "0,5", "1 "],
    "note": ["", "x", '"a, ""b"""', "\xa0", '"open', "\\", "\u2028"],
}


def lines() -> st.SearchStrategy[list[str]]:
    """Lines of which most are sound, some blank or of another width."""
    usual = st.tuples(*(st.sampled_from(cells[:3]) for cells in CELLS.values())).map(",".join)
    odd = st.tuples(*(st.sampled_from(cells) for cells in CELLS.values())).map(",".join)
    return st.lists(st.one_of(usual, usual, usual, odd, st.sampled_from(["", "01,1", ",,,,,"])), max_size=60)


@pytest.fixture
def two(make_network: MakeNetwork) -> tuple[Platform, Platform]:
    return make_network(), make_network()


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(content=lines(), end=st.sampled_from(["\n", "\r\n"]), last=st.booleans())
def test_straight_into_columns_is_as_judged_one_by_one(
    two: tuple[Platform, Platform], content: list[str], end: str, last: bool
) -> None:
    """In small chunks over two connections, against every record by itself over one."""
    sheet = end.join([ATTENDANCE_HEADER + ",Note", *content]) + end * last
    straight, judged = two
    for platform in two:
        platform.change("truncate raw_zone.attendance__attendance_daily, raw_history.attendance__attendance_daily")
        platform.change("truncate etl.quarantine, etl.load_log, etl.delivery, etl.held_slice cascade")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "CHUNK_BYTES", 64)
        one = straight.deliver("attendance", "attendance_daily_1.csv", sheet)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "sound_lines", lambda *_, **__: None)
        other = judged.deliver("attendance", "attendance_daily_1.csv", sheet)
    assert (one.status, one.rows_read, one.quarantined, one.problems) == (
        other.status,
        other.rows_read,
        other.quarantined,
        other.problems,
    )
    assert straight.query(ROWS) == judged.query(ROWS)
    assert straight.query(BAD) == judged.query(BAD)


def test_rows_keep_their_lines_over_many_chunks(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad and blank lines between, before and after sound ones, records of several lines among them."""
    monkeypatch.setattr(intake, "CHUNK_BYTES", 2_000)
    sheet = io.StringIO(newline="")
    sheet.write(ATTENDANCE_HEADER + ",Note\n")
    expected, line = {}, 2
    for n in range(5_000):
        if n % 7 == 3:
            sheet.write("\n" if n % 2 else "01,bad day,20-Oct,P,0,\n")
            line += 1
            continue
        note = "two\nlines" if n % 11 == 5 else "one"
        csv.writer(sheet, lineterminator="\n").writerow(["01", n, "2013-03-01", "P", 0, note])
        expected[str(n)] = line
        line += note.count("\n") + 1
    platform.deliver("attendance", "attendance_daily_1.csv", sheet.getvalue())
    rows = platform.query("select student_number, _source_row from raw_zone.attendance__attendance_daily")
    assert dict(rows) == expected
    assert platform.value("select count(*) from etl.quarantine") == sum(n % 7 == 3 and n % 2 == 0 for n in range(5_000))
