"""Terms of staged rows: each row's term by its contract's rule, and what was sent of each term.

Belongs here: the four term rules in SQL. Does not belong here: rows (stage.py), slices (apply.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import Connection, sql

from edu_assets.contracts.base import ColumnType, DeclarationError, TermByColumn, TermByDate, TermByDelivery, TermVia
from edu_assets.raw_zone.expressions import term_from_column
from edu_assets.raw_zone.set_aside import set_aside
from edu_assets.raw_zone.staged import Sent, Staged
from edu_assets.raw_zone.tables import names

SQL = sql.SQL
DIGEST = SQL("sum(v.rows) || ':' || coalesce(sum(v.total), 0) || ':' || coalesce(bit_xor(v.folded), 0)")
"""Of a slice: rows, sum and exclusive-or of row hashes, so that order does not matter and repetition does."""


def give_terms(connection: Connection, staged: Staged, delivery_term: str | None, parents: dict[str, Staged]) -> None:
    """Give each typed row its term, and set aside those that have none.

    A delivery of one term gets it as a constant, which PostgreSQL stores once; of several, every row is written
    again with its own.
    """
    lookup = _term_lookup(staged, delivery_term, parents)
    if count_terms(connection, staged, lookup):
        chosen = SQL("select v.ctid as tid, {} as rule, null::text as term_key from {} v {} where ({}) is null")
        set_aside(connection, staged, chosen.format(lookup.rule, staged.table("typed"), lookup.joins, lookup.term))
    staged.of_one_term = len(staged.terms) <= 1
    if not staged.of_one_term:
        _write_terms(connection, staged, lookup)
    else:
        term = next(iter(staged.terms), delivery_term or "")
        connection.execute(
            SQL(
                "alter table {typed} add column term_key text not null default {term},"
                " add column _feed text not null default {feed}, add column _source_file text not null default {file}"
                "{deleted}"
            ).format(
                typed=staged.table("typed"),
                term=sql.Literal(term),
                feed=sql.Literal(staged.feed),
                file=sql.Literal(staged.source_file),
                deleted=SQL("" if staged.tells_deleted else ", add column _deleted boolean not null default false"),
            )
        )


def count_terms(connection: Connection, staged: Staged, lookup: TermLookup | None = None) -> int:
    """Count and sum up what was sent of each term, by the rule or of rows that have their terms already; how many
    have none.

    Rows are summed by what gives the term first, since there are many rows to a day or a parent.
    """
    by = lookup.by if lookup else ("term_key",)
    summed = SQL(
        "(select {by}count(*) as rows, sum(v._row_hash) as total, bit_xor(v._row_hash) as folded from {typed} v{group})"
    ).format(
        by=SQL("").join(SQL("{}, ").format(sql.Identifier("v", name)) for name in by),
        typed=staged.table("typed"),
        group=SQL(" group by {}").format(SQL(", ").join(sql.Identifier("v", name) for name in by)) if by else SQL(""),
    )
    rows = connection.execute(
        SQL("select {term}, sum(v.rows)::bigint, {digest} from {summed} v {joins} where v.rows > 0 group by 1").format(
            term=lookup.term if lookup else SQL("v.term_key"),
            digest=DIGEST,
            summed=summed,
            joins=lookup.joins if lookup else SQL(""),
        )
    ).fetchall()
    staged.terms = {term: Sent(count, digest) for term, count, digest in rows if term is not None}
    return sum(count for term, count, _ in rows if term is None)


def _write_terms(connection: Connection, staged: Staged, lookup: TermLookup) -> None:
    kept = [
        *(column.name for column in staged.contract.stored_columns),
        "_extra",
        "_source_row",
        "_row_hash",
    ]
    placed = staged.table("placed")
    connection.execute(
        SQL(
            "create unlogged table {placed} as select {term} as term_key, {feed}::text as _feed, {kept},"
            " {file}::text as _source_file, {deleted} as _deleted from {typed} v {joins}"
        ).format(
            placed=placed,
            term=lookup.term,
            feed=sql.Literal(staged.feed),
            file=sql.Literal(staged.source_file),
            deleted=SQL("v._deleted" if staged.tells_deleted else "false"),
            kept=SQL(", ").join(sql.Identifier("v", name) for name in kept),
            typed=staged.table("typed"),
            joins=lookup.joins,
        )
    )
    connection.execute(SQL("drop table {}").format(staged.table("typed")))
    connection.execute(SQL("alter table {} rename to {}").format(placed, sql.Identifier(staged.relation("typed"))))


@dataclass(frozen=True)
class TermLookup:
    """How the valid rows `v` find their term: by which columns, joins, the term's expression, the rule of a row
    without one."""

    by: tuple[str, ...]
    joins: sql.Composable
    term: sql.Composable
    rule: sql.Composable


def _term_lookup(staged: Staged, delivery_term: str | None, parents: dict[str, Staged]) -> TermLookup:
    contract = staged.contract
    match contract.term:
        case TermByDelivery():
            return TermLookup((), SQL(""), sql.Literal(delivery_term), SQL("'term'"))
        case TermByColumn(column=column) as rule:
            spelled = term_from_column(rule, sql.Identifier("v", column))
            return TermLookup(
                (column,),
                SQL("left join etl.term k on k.term_key = {}").format(spelled),
                SQL("k.term_key"),
                SQL("'term'"),
            )
        case TermByDate(column=column, school=school):
            own_school = sql.Identifier("v", school) if school else SQL("''")
            written = sql.Identifier("v", column)
            is_instant = contract.column(column).type is ColumnType.TIMESTAMP
            day = SQL("({} at time zone 'UTC')::date").format(written) if is_instant else written
            return TermLookup(
                (column, school) if school else (column,),
                SQL(
                    "left join etl.term_day own on own.school_id = {school} and own.day = {day}"
                    " left join etl.term_day shared on shared.school_id = '' and shared.day = {day}"
                ).format(school=own_school, day=day),
                SQL("coalesce(own.term_key, shared.term_key)"),
                SQL("'term'"),
            )
        case TermVia(parent=parent, key=key):
            return _via(staged, parent, key, parents.get(parent))
    raise DeclarationError(f"{contract.name}: no such term rule {contract.term!r}")


def _via(staged: Staged, parent: str, key: dict[str, str], sent: Staged | None) -> TermLookup:
    raw_parent = sql.Identifier(staged.contract.raw_schema, f"{staged.contract.system}__{parent}")
    columns = list(key.values())
    sources = [
        SQL("select {}, term_key from {} where _feed = {}").format(names(columns), raw_parent, sql.Literal(staged.feed))
    ]
    if sent is not None:
        sent_keys = SQL("select {} from {}").format(names(columns), sent.table("typed"))
        sources[0] = SQL("{} and ({}) not in ({})").format(sources[0], names(columns), sent_keys)
        sources.append(SQL("select {}, term_key from {}").format(names(columns), sent.table("typed")))
    joins = SQL(
        "left join (select {columns}, min(term_key) as term_key, count(distinct term_key) as terms"
        " from ({rows}) p group by {columns}) parent on {matches}"
    ).format(
        columns=names(columns),
        rows=SQL(" union all ").join(sources),
        matches=SQL(" and ").join(
            SQL("{} = {}").format(sql.Identifier("v", child), sql.Identifier("parent", column))
            for child, column in key.items()
        ),
    )
    return TermLookup(
        tuple(key),
        joins,
        SQL("case when parent.terms = 1 then parent.term_key end"),
        SQL("case when parent.terms > 1 then 'parent_ambiguous' else 'parent' end"),
    )
