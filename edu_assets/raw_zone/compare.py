"""Comparison of a staged table with itself and with the open rows: duplicates, and where a delivery differs.

Belongs here: what is found out by reading all rows of both sides, once. Does not belong here: what follows for
open rows (apply.py).
"""

from __future__ import annotations

from psycopg import Connection, errors, sql

from edu_assets.contracts.base import LoadMode
from edu_assets.raw_zone.set_aside import set_aside
from edu_assets.raw_zone.staged import Sent, Staged, use_every_core
from edu_assets.raw_zone.tables import key_columns, names, partition_exists, partition_name
from edu_assets.raw_zone.terms import count_terms

SQL = sql.SQL
WORTH_COMPARING = 1_000  # rows; fewer are told apart by their keys as fast


def settle_duplicates(connection: Connection, staged: Staged, mode: LoadMode) -> None:
    """Drop identical duplicates; quarantine rows that share a key and differ.

    A full delivery of a term that stands already is compared with it first: nearly all of its rows are open as
    they are, and open rows have no duplicates. Else the unique index tells, which a new partition needs anyway.
    """
    if mode is LoadMode.FULL and _stands(connection, staged):
        with connection.transaction():
            use_every_core(connection)
            if _compare(connection, staged):
                return
    if not _index(connection, staged):
        _set_duplicates_aside(connection, staged)
        _index(connection, staged)


def _index(connection: Connection, staged: Staged) -> bool:
    """Index the typed rows by key, of one term as a raw partition is; false where a key stands twice."""
    columns = key_columns(staged.contract) if staged.of_one_term else staged.contract.key
    try:
        with connection.transaction():
            connection.execute(SQL("create unique index on {} ({})").format(staged.table("typed"), names(columns)))
    except errors.UniqueViolation:
        return False
    with connection.transaction():
        connection.execute("set local default_statistics_target = 30")  # nine thousand rows tell enough of any term
        connection.execute(SQL("analyze {}").format(staged.table("typed")))
    return True


def _stands(connection: Connection, staged: Staged) -> bool:
    """Whether the delivery is of one term whose open rows are not many more than it has."""
    if len(staged.terms) != 1:
        return False
    [(term, sent)] = staged.terms.items()
    if sent.rows < WORTH_COMPARING or not partition_exists(connection, staged.contract, term):
        return False
    row = connection.execute(
        "select reltuples from pg_class where oid = %s::regclass",
        [sql.Identifier(staged.contract.raw_schema, partition_name(staged.contract, term)).as_string(None)],
    ).fetchone()
    return row is not None and WORTH_COMPARING <= row[0] <= 2 * sent.rows


def _hash_in_cache(connection: Connection, rows: int) -> None:
    """Let hash tables of a transaction be so small that a processor's cache holds them: a join of a million rows takes
    two thirds of the time, though its rows go through temporary files. They grow beyond a million (work_mem is in kB),
    so that there are no more than some thirty files, since hundreds cost more again."""
    connection.execute("set local hash_mem_multiplier = 1")
    connection.execute("select set_config('work_mem', %s, true)", [f"{max(4096, rows // 250)}kB"])


def _compare(connection: Connection, staged: Staged) -> bool:
    """Make the tables `news` (staged rows that are not open as they are) and `gone` (the keys of open rows that were
    not sent as they are). False where the delivery may have duplicates, and nothing is made.

    Rows are matched by their hash, and then by their keys: `is not false` keeps the planner from hashing the keys too,
    which costs more than all else here.
    """
    contract = staged.contract
    [(term, sent)] = staged.terms.items()
    _hash_in_cache(connection, sent.rows)
    as_of = last_load(connection, staged, term)
    partition = sql.Identifier(contract.raw_schema, partition_name(contract, term))
    connection.execute(
        SQL(
            "create unlogged table {differences} as select s.ctid as staged_row, {open_key} from {typed} s full join"
            " (select {key}, _row_hash from {partition} where _feed = {feed}) r on s._row_hash = r._row_hash"
            " and (({same}) is not false) where s._row_hash is null or r._row_hash is null"
        ).format(
            differences=staged.table("differences"),
            open_key=SQL(", ").join(
                SQL("r.{} as {}").format(sql.Identifier(name), sql.Identifier(f"open_{n}"))
                for n, name in enumerate(contract.key)
            ),
            typed=staged.table("typed"),
            key=names(contract.key),
            partition=partition,
            feed=sql.Literal(staged.feed),
            same=staged.same_key("s", "r"),
        )
    )
    connection.execute(SQL("analyze {}").format(staged.table("differences")))
    connection.execute(
        SQL("create unlogged table {} as select {} from {} where ctid in (select staged_row from {})").format(
            staged.table("news"),
            names(staged_columns(staged)),
            staged.table("typed"),
            staged.table("differences"),
        )
    )
    connection.execute(
        SQL("create unlogged table {} as select {} from {} where staged_row is null").format(
            staged.table("gone"),
            SQL(", ").join(
                SQL("{} as {}").format(sql.Identifier(f"open_{n}"), sql.Identifier(name))
                for n, name in enumerate(contract.key)
            ),
            staged.table("differences"),
        )
    )
    for kind in ("news", "gone"):
        connection.execute(SQL("analyze {}").format(staged.table(kind)))
    if _may_have_duplicates(connection, staged, sent, partition):
        return False
    staged.compared_at = as_of
    return True


def _may_have_duplicates(connection: Connection, staged: Staged, sent: Sent, partition: sql.Identifier) -> bool:
    """Whether a key may stand twice in the delivery: rows that are open as they are number more than those they
    equal, two news share a key, or a row of news has the key of an open row that was sent as it is too."""
    row = connection.execute(
        SQL(
            "select (select count(*) from {partition} where _feed = {feed}) - (select count(*) from {gone})"
            " <> {sent} - (select count(*) from {news})"
            " or exists (select from {news} group by {key} having count(*) > 1)"
            " or exists (select {key} from {news} s"
            " where exists (select from {partition} r where {same} and r._feed = s._feed)"
            " except select {key} from {gone})"
        ).format(
            partition=partition,
            feed=sql.Literal(staged.feed),
            gone=staged.table("gone"),
            news=staged.table("news"),
            sent=sql.Literal(sent.rows),
            key=names(staged.contract.key),
            same=staged.same_key("s", "r"),
        )
    ).fetchone()
    return bool(row and row[0])


def leavers(connection: Connection, staged: Staged) -> int:
    """How many open rows a compared delivery leaves out."""
    row = connection.execute(
        SQL("select count(*) from {} g where not exists (select from {} s where {} and not s._deleted)").format(
            staged.table("gone"), staged.table("news"), staged.same_key("s", "g")
        )
    ).fetchone()
    return int(row[0]) if row else 0


def last_load(connection: Connection, staged: Staged, term: str) -> int:
    """The last load of a slice, 0 where there was none."""
    row = connection.execute(
        "select coalesce(max(load_id), 0) from etl.load_log where raw_table = %s and feed = %s and term_key = %s",
        [staged.contract.name, staged.feed, term],
    ).fetchone()
    return int(row[0]) if row else 0


def staged_columns(staged: Staged) -> list[str]:
    """The columns of the typed table that a raw row is made of, and whether it was deleted."""
    stored = [column.name for column in staged.contract.stored_columns]
    return ["term_key", "_feed", *stored, "_extra", "_source_file", "_source_row", "_row_hash", "_deleted"]


def _set_duplicates_aside(connection: Connection, staged: Staged) -> None:
    contract = staged.contract
    groups = SQL(
        "(select {key}, min(_source_row) as first_row, count(distinct _row_hash) as versions"
        " from {typed} group by {key} having count(*) > 1)"
    ).format(key=names(contract.key), typed=staged.table("typed"))
    rows = connection.execute(
        SQL(
            "with gone as (delete from {typed} a using {groups} g where {same_key} and g.versions = 1"
            " and a._source_row <> g.first_row returning a.term_key) select term_key, count(*) from gone group by 1"
        ).format(typed=staged.table("typed"), groups=groups, same_key=staged.same_key("a", "g"))
    )
    staged.duplicates = dict(rows.fetchall())
    set_aside(
        connection,
        staged,
        SQL(
            "select a.ctid as tid, 'duplicate' as rule, a.term_key from {typed} a join {groups} g on {same_key}"
        ).format(typed=staged.table("typed"), groups=groups, same_key=staged.same_key("a", "g")),
    )
    count_terms(connection, staged)
