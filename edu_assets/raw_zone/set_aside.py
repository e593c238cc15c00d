"""Setting aside: staged rows that cannot be loaded go to the bad rows, and from there into quarantine.

Belongs here: what of a row is kept, and under which rule. Does not belong here: which rule it broke (stage.py,
terms.py, compare.py), what becomes of it later (quarantine.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date

from psycopg import Connection, sql

from edu_assets.contracts.base import Contract, TermByDelivery
from edu_assets.raw_zone.expressions import describe
from edu_assets.raw_zone.intake import RECORD, Odd, originals
from edu_assets.raw_zone.staged import Staged
from edu_assets.sources.line_reader import Piece

SQL = sql.SQL


def set_aside(connection: Connection, staged: Staged, chosen: sql.Composed) -> None:
    """Move typed rows to the bad ones. `chosen` yields their tid, rule and term_key; their text follows."""
    pairs = [SQL("{}, t.{}::text").format(sql.Literal(name), sql.Identifier(name)) for name in staged.contract.key]
    connection.execute(
        SQL(
            "with gone as (delete from {typed} t using ({chosen}) g where t.ctid = g.tid"
            " returning t._source_row, g.rule, g.term_key, jsonb_build_object({key}) as source_key)"
            " insert into {bad} (_line, rule, term_key, source_key) select * from gone"
        ).format(typed=staged.table("typed"), chosen=chosen, key=SQL(", ").join(pairs), bad=staged.table("bad"))
    )


def add_originals(connection: Connection, staged: Staged, odd: Odd, pieces: Iterable[Piece] | None) -> None:
    """Give the bad rows that were typed already their text: from the text table, else from the file, read again."""
    connection.execute(
        SQL(
            "update {bad} b set original = t._original from {text} t where b.original is null and t._line = b._line"
        ).format(bad=staged.table("bad"), text=staged.table("text"))
    )
    lines = [
        line
        for (line,) in connection.execute(
            SQL("select distinct _line from {} where original is null order by 1").format(staged.table("bad"))
        )
    ]
    if not lines or pieces is None:
        return
    with connection.transaction():
        connection.execute("create temp table read_again (_line bigint, original jsonb) on commit drop")
        with connection.cursor().copy("copy read_again from stdin") as copy:
            for record in originals(pieces, lines):
                copy.write_row((record.line, json.dumps({header: record.cells[n] for header, n in odd.original})))
        connection.execute(
            SQL(
                "update {} b set original = r.original from read_again r where b.original is null and r._line = b._line"
            ).format(staged.table("bad"))
        )


def quarantine(connection: Connection, staged: Staged, effective: date | None) -> None:
    """Keep the rows that were set aside; a second load of the same content does not double them.

    Identical records of one file are told apart by their occurrence, so that each is counted. A row of
    an earlier delivery with the same key, or without one and with the same text, is past.
    """
    if not staged.quarantined:
        return
    _say_what_is_wrong(connection, staged)
    name, older_loads = staged.contract.name, _older_loads(connection, staged.feed, effective)
    connection.execute(
        SQL(
            "insert into etl.quarantine (raw_table, feed, delivery_id, source_file, source_row, term_key, source_key,"
            " original, rule, column_name, message, as_of_load, content_hash, occurrence)"
            " select %s, %s, %s, %s, b._line, b.term_key, b.source_key, b.original, b.rule, nullif(b.column_name, ''),"
            " s.message, %s, b.content_hash, row_number() over (partition by b.content_hash order by b._line)"
            " from (select *, md5((select sha256 from etl.delivery where delivery_id = %s) || original::text)"
            " as content_hash from {}) b join said s on s.rule = b.rule"
            " and s.column_name is not distinct from b.column_name and s.reason is not distinct from b.reason"
            " order by b._line"
            " on conflict (raw_table, feed, content_hash, occurrence) do nothing"
        ).format(staged.table("bad")),
        [
            name,
            staged.feed,
            staged.delivery_id,
            staged.source_file,
            older_loads,
            staged.delivery_id,
        ],
    )
    # Two statements, since an `or` of two equalities would compare every row with every other, as would the planner,
    # which knows nothing of the rows that came just now.
    connection.execute("set local enable_nestloop = off")
    alike = (
        "q.source_key = n.source_key",
        "q.source_key is null and q.original = n.original and q.original ->> %s is not null",
    )
    for same, more in zip(alike, ([], [RECORD]), strict=True):
        connection.execute(
            SQL(
                "update etl.quarantine q set status = 'superseded' from etl.quarantine n"
                " where n.delivery_id = %s and n.raw_table = %s and n.status = 'open'"
                " and q.delivery_id < %s and q.raw_table = %s and q.feed = %s and q.status = 'open'"
                " and q.as_of_load <= %s and {same_term} and {same}"
            ).format(same_term=same_term(staged.contract, "q", SQL("n.term_key")), same=SQL(same)),
            [staged.delivery_id, name, staged.delivery_id, name, staged.feed, older_loads, *more],
        )


def same_term(contract: Contract, quarantined: str, term: sql.Composable) -> sql.Composable:
    """Whether a quarantined row competes with a row of a term that has its key.

    Under the rule `delivery` a key stands in many terms at once, under the others in one.
    """
    if not isinstance(contract.term, TermByDelivery):
        return SQL("true")
    return SQL("{} = {}").format(sql.Identifier(quarantined, "term_key"), term)


def _older_loads(connection: Connection, feed: str, effective: date | None) -> int:
    """The last load that is not newer than a delivery: the latest, else the one before the first of a later date."""
    row = connection.execute(
        "select coalesce((select min(load_id) - 1 from etl.load_log where feed = %s and status = 'applied'"
        " and effective_date > %s), (select max(load_id) from etl.load_log), 0)",
        [feed, effective],
    ).fetchone()
    return int(row[0]) if row else 0


def _say_what_is_wrong(connection: Connection, staged: Staged) -> None:
    """Temporary table `said`: the message of every rule that was broken."""
    contract = staged.contract
    columns = {column.name: column for column in contract.columns}
    rows = connection.execute(
        SQL("select distinct rule, column_name, reason from {}").format(staged.table("bad"))
    ).fetchall()
    messages = [
        (rule, column, reason, describe(rule, contract, columns.get(column or ""), reason or ""))
        for rule, column, reason in rows
    ]
    connection.execute("drop table if exists pg_temp.said")  # of another file of the same delivery
    connection.execute("create temp table said (rule text, column_name text, reason text, message text) on commit drop")
    with connection.cursor().copy("copy said from stdin") as copy:
        for message in messages:
            copy.write_row(message)
