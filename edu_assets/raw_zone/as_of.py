"""A raw table as it stood after any load, or at any time.

Belongs here: the one query that puts open rows and history together, and which load was the last at a time.
A version stood from the load that wrote it (`_load_id`) until the load that closed it (`_closed_by`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from psycopg import Connection, sql

from edu_assets.contracts.base import Contract
from edu_assets.errors import EduError, Exit
from edu_assets.raw_zone.tables import all_columns, history_identifier, names, raw_identifier


class NotATime(EduError):
    """What was given as a time names none, or not exactly one."""

    exit_code = Exit.USAGE


def instant(text: str, zone: str) -> datetime:
    """A time in ISO 8601; without an offset it is the network's local time. Raises NotATime.

    A day alone is refused, since it could mean its begin or its end, and so is a time that the change of the
    clocks makes twice or not at all. What is still to come is refused, since the answer would change.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or "T" not in text.upper().replace(" ", "T"):
        raise NotATime(f"{text!r} is no time: write it as 2025-10-01T16:30, or with an offset, 2025-10-01T16:30-04:00")
    if found.tzinfo is None:
        found = found.replace(tzinfo=ZoneInfo(zone))
        if found.utcoffset() != found.replace(fold=1).utcoffset():
            raise NotATime(f"{text} is no single time in {zone}, where the clocks change: add the offset to UTC")
    if found > datetime.now(UTC):
        raise NotATime(f"{found.isoformat()} is still to come: the raw table itself is what stands now")
    return found


def load_at(connection: Connection, at: datetime) -> int:
    """The last load that was applied by a time, 0 where there was none yet.

    Loads are numbered in the order in which they commit, so it is the one before the first that was not.
    """
    row = connection.execute(
        "select coalesce(min(load_id) filter (where applied_at > %s) - 1, max(load_id), 0) from etl.load_log", [at]
    ).fetchone()
    assert row is not None
    return row[0]


def as_of_query(contract: Contract, load_id: int, term_key: str | None = None) -> sql.Composed:
    """The rows of a raw table after a load, in the order of their keys; a term, or all."""
    term = sql.SQL("true") if term_key is None else sql.SQL("term_key = {}").format(sql.Literal(term_key))
    return sql.SQL(
        "select {columns} from {raw} where _load_id <= {load} and {term}"
        " union all select {columns} from {history} where _load_id <= {load} and _closed_by > {load} and {term}"
        " order by {key}"
    ).format(
        columns=names(all_columns(contract)),
        raw=raw_identifier(contract),
        history=history_identifier(contract),
        load=sql.Literal(load_id),
        term=term,
        key=names(("term_key", "_feed", *contract.key)),
    )


def as_of_csv(connection: Connection, contract: Contract, load_id: int, term_key: str | None = None) -> Iterator[bytes]:
    """The same as CSV with header, in blocks."""
    statement = sql.SQL("copy ({}) to stdout (format csv, header true)").format(
        as_of_query(contract, load_id, term_key)
    )
    with connection.cursor().copy(statement) as copy:
        for block in copy:
            yield bytes(block)
