"""Whether the rows that stand in a raw table are those that its loads left there.

Belongs here: the one sum over the load log that says how many rows must stand. Does not belong here: what
is done about a difference (held.py restores, orchestration/ checks).
"""

from __future__ import annotations

from typing import NamedTuple

from psycopg import Connection, sql

from edu_assets.contracts.base import Contract
from edu_assets.raw_zone.tables import raw_identifier


class Standing(NamedTuple):
    """Rows of one feed in a term: as the load log says, and as the table holds."""

    logged: int
    standing: int


def standing_rows(connection: Connection, contract: Contract, term_key: str) -> dict[str, Standing]:
    """By feed. Rows that a re-application brought back were logged when they first came, and count once."""
    rows = connection.execute(
        sql.SQL(
            "select feed, coalesce(l.rows, 0), coalesce(t.rows, 0) from (select feed,"
            " sum(inserted - closed - coalesce((details ->> 'restored')::bigint, 0))::bigint as rows from etl.load_log"
            " where raw_table = {table} and term_key = {term} and status in ('applied', 'unchanged') group by feed) l"
            " full join (select _feed as feed, count(*) as rows from {raw} where term_key = {term} group by 1) t"
            " using (feed) order by feed"
        ).format(table=sql.Literal(contract.name), term=sql.Literal(term_key), raw=raw_identifier(contract))
    ).fetchall()
    return {feed: Standing(logged, standing) for feed, logged, standing in rows}
