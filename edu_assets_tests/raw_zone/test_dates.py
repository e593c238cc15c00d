"""Spellings of dates and instants: read as declared, or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from psycopg import sql
from pydantic import ValidationError

from edu_assets.contracts.base import READ_ALIKE, Column, ColumnType, DateFormat
from edu_assets.raw_zone.expressions import FORMATS, typed_value, violation
from edu_assets.warehouse import Role
from edu_assets_tests.raw_zone.reading import COLUMNS, contract
from edu_assets_tests.testbed import MakeNetwork, Platform

F = DateFormat


@pytest.fixture(scope="module")
def network(make_session_network: MakeNetwork) -> Platform:
    return make_session_network(timezone="America/New_York")


def read(network: Platform, kind: ColumnType, formats: tuple[DateFormat, ...], text: str) -> Any:
    """The typed value of a text, or None where it is no valid one."""
    column = Column(header="day", type=kind, formats=formats)
    value = sql.SQL("v")
    broken = violation(contract(columns=(*COLUMNS, column)), {"day": value})
    query = sql.SQL("select case when {} is null then {} end from (select {}::text) as _(v)")
    with network.warehouse.connect(Role.ADMIN, autocommit=True) as connection:
        connection.execute("set timezone to 'Asia/Tokyo'")  # neither the network's zone nor the database's
        connection.execute("set datestyle to 'ISO, DMY'")
        row = connection.execute(query.format(broken, typed_value(column, value), sql.Literal(text))).fetchone()
    assert row is not None
    return row[0]


DATES = {
    F.ISO: {"2024-02-03": date(2024, 2, 3), "2024-2-3": None, "0000-01-01": None, "2024-02-30": None},
    F.US: {"2/3/2024": date(2024, 2, 3), "02/13/2024": date(2024, 2, 13), "13/2/2024": None, "2/3/24": None},
    F.BRITISH: {"2/3/2024": date(2024, 3, 2), "13/02/2024": date(2024, 2, 13), "2/13/2024": None},
    F.COMPACT: {"20240203": date(2024, 2, 3), "20241301": None, "00000101": None, "2024020": None},
    F.US_COMPACT: {"02032024": date(2024, 2, 3), "13012024": None, "2032024": None},
    F.D_MON_YYYY: {"3-Feb-2024": date(2024, 2, 3), "03-Feb-2024": date(2024, 2, 3), "30-Feb-2024": None},
    F.D_MON_YY: {
        "3-Feb-24": date(2024, 2, 3),
        "31-Dec-29": date(2029, 12, 31),
        "1-Jan-30": date(1930, 1, 1),
        "20-Oct": None,
        "Oct-20": None,
        "3-feb-24": None,
    },
    F.US_MIDNIGHT: {
        "2/3/2024 0:00": date(2024, 2, 3),
        "2/3/2024 00:00:00": date(2024, 2, 3),
        "2/3/2024 12:00:00 AM": date(2024, 2, 3),
        "2/3/2024 12:00:00 PM": None,
        "2/3/2024 9:15": None,
        "2/3/2024": None,
    },
}
INSTANTS = {
    F.ISO_INSTANT: {"2024-02-03T09:15:00.5Z": datetime(2024, 2, 3, 9, 15, 0, 500_000, UTC), "2024-02-03 09:15": None},
    F.ISO_UTC: {"2024-02-03 09:15:00": datetime(2024, 2, 3, 9, 15, tzinfo=UTC), "2024-02-03 25:00:00": None},
    F.ISO_LOCAL: {
        "2024-02-03 09:15:00": datetime(2024, 2, 3, 14, 15, tzinfo=UTC),
        "2024-07-03T09:15": datetime(2024, 7, 3, 13, 15, tzinfo=UTC),
    },
    F.US_LOCAL: {
        "7/3/2024 9:15": datetime(2024, 7, 3, 13, 15, tzinfo=UTC),
        "2/3/2024 9:15 PM": datetime(2024, 2, 4, 2, 15, tzinfo=UTC),
        "2/3/2024 21:15:30": datetime(2024, 2, 4, 2, 15, 30, tzinfo=UTC),
        "13/3/2024 9:15": None,
        "2/3/2024": None,
    },
}
CASES = [
    (kind, form, text, value)
    for kind, table in ((ColumnType.DATE, DATES), (ColumnType.TIMESTAMP, INSTANTS))
    for form, texts in table.items()
    for text, value in texts.items()
]


@pytest.mark.parametrize(("kind", "form", "text", "value"), CASES, ids=str)
def test_a_text_is_read_as_declared_or_not_at_all(
    network: Platform, kind: ColumnType, form: DateFormat, text: str, value: Any
) -> None:
    assert read(network, kind, (form,), text) == value


def test_every_spelling_has_its_cases() -> None:
    assert set(DATES) | set(INSTANTS) == set(DateFormat) == set(FORMATS)


def test_three_styles_in_one_column_are_told_apart(network: Platform) -> None:
    styles = (F.ISO, F.US, F.COMPACT, F.D_MON_YY)
    texts = ("2024-02-03", "2/3/2024", "20240203", "3-Feb-24")
    assert {read(network, ColumnType.DATE, styles, text) for text in texts} == {date(2024, 2, 3)}


@pytest.mark.parametrize("alike", READ_ALIKE, ids=lambda alike: " and ".join(sorted(alike)))
def test_two_spellings_that_read_one_text_two_ways_are_no_declaration(alike: set[DateFormat]) -> None:
    with pytest.raises(ValidationError, match="read one text as two dates"):
        Column(header="day", type=ColumnType.TIMESTAMP, formats=tuple(alike))


def test_no_other_pair_of_spellings_reads_one_text_two_ways(network: Platform) -> None:
    for kind, table in ((ColumnType.DATE, DATES), (ColumnType.TIMESTAMP, INSTANTS)):
        for form, texts in table.items():
            for other in set(table) - {form}:
                if {form, other} in READ_ALIKE:
                    continue
                for text, value in texts.items():
                    theirs = read(network, kind, (other,), text) if value is not None else None
                    assert theirs in (None, value), (form, other, text)


def test_a_date_column_does_not_drop_a_time_of_day() -> None:
    with pytest.raises(ValidationError, match="would lose the time of day"):
        Column(header="day", type=ColumnType.DATE, formats=(F.US_LOCAL,))
