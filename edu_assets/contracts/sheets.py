"""What the sheets of school systems share: spellings of numbers, days and flags, and how a sheet is declared.

Belongs here: columns and shapes that several systems use. Does not belong here: any one table (a module
a system beside this one), what a contract is (base.py).

Such sheets carry the authority's numbers of school, student and staff, so that they meet rosters of any feed.
Terms are those of Ed-Fi and CEDS; code sets stay the system's own, since agencies set theirs, but for the few on
which figures rest. A sheet may state one school alone: `scope` keeps it from closing others'.
"""

from edu_assets.contracts.base import (
    Column,
    ColumnType,
    Contract,
    DateFormat,
    PersonalData,
    System,
    TermByColumn,
    TermByDelivery,
    TermRule,
)

NUMBER = r"[0-9A-Za-z\-]{1,40}"
YEAR_LONG = 120
"""Days after which a sheet is late that changes with the terms only."""
STANDING = "It stands in the slice of each delivery, as what spans terms does."


def number(header: str, description: str, **declared: object) -> Column:
    """An identifier that the authority or the system gave."""
    return Column(header=header, description=description, pattern=NUMBER, **declared)


def school(description: str = "the authority's school number") -> Column:
    return number("SchoolID", description, required=True)


def staff(header: str = "StaffNumber", description: str = "the authority's staff number", **declared: object) -> Column:
    return number(header, description, **{"personal": PersonalData.DIRECT} | declared)


def student(**declared: object) -> Column:
    return number(
        "StudentNumber",
        "the authority's student number",
        **{"required": True, "personal": PersonalData.DIRECT} | declared,
    )


def day(header: str, description: str, **declared: object) -> Column:
    return Column(
        header=header,
        type=ColumnType.DATE,
        formats=(DateFormat.ISO, DateFormat.US),
        description=description,
        **declared,
    )


def flag(header: str, description: str, **declared: object) -> Column:
    return Column(
        header=header,
        type=ColumnType.BOOLEAN,
        true_values=("true", "TRUE", "Y", "1"),
        false_values=("false", "FALSE", "N", "0"),
        description=description,
        **declared,
    )


def amount(header: str, description: str, **declared: object) -> Column:
    """Money, in the currency of the row or of the network."""
    return Column(header=header, type=ColumnType.NUMERIC, description=description, **declared)


def currency() -> Column:
    return Column(header="Currency", required=True, pattern=r"[A-Z]{3}", description="ISO 4217 code")


def of_person(header: str, description: str, **declared: object) -> Column:
    """A column that tells something of a person without naming them."""
    return Column(header=header, description=description, **{"personal": PersonalData.INDIRECT} | declared)


def sensitive(header: str, description: str, **declared: object) -> Column:
    """Health, custody, discipline, need: told to nobody to whom it is not declared."""
    return Column(header=header, description=description, personal=PersonalData.SENSITIVE, **declared)


def named(header: str, description: str) -> Column:
    return Column(header=header, description=description, personal=PersonalData.DIRECT)


GRADING_PERIOD = Column(
    header="GradingPeriod",
    required=True,
    pattern=r"[0-9]{4}(-[0-9]{2})? [A-Z][A-Z0-9]*",
    description="academic year and term that the mark is for, e.g. 2025-26 T1",
)
OF_ITS_GRADING_PERIOD = TermByColumn(column="grading_period", pattern=r"(?P<year>\d{4}(?:-\d{2})?) (?P<term>\S+)")
"""Marks are entered when a term is over, so their own day would put them into the next."""


def sheet(
    system: System,
    table: str,
    description: str,
    columns: tuple[Column, ...],
    key: tuple[str, ...],
    *,
    term: TermRule | None = None,
    **declared: object,
) -> Contract:
    """A sheet of a system: `<table>.csv`, or `<table>_` with a date or number after it, so that no sheet's name begins
    as another's does. Without a term rule its rows are of the delivery's term."""
    return Contract(
        system=system.name,
        table=table,
        description=description,
        columns=columns,
        key=key,
        term=term or TermByDelivery(),
        files=(f"{table}.csv", f"{table}_[0-9]*.csv"),
        **{"freshness_days": 14} | declared,
    )
