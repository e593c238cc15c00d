"""A raw table as it stood after any load.

Belongs here: the one query that puts open rows and history together. A version stood from the load
that wrote it (`_load_id`) until the load that closed it (`_closed_by`).
"""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import Connection, sql

from edu_assets.contracts.base import Contract
from edu_assets.raw_zone.tables import all_columns, history_identifier, names, raw_identifier


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
