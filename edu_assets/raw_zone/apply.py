"""Applying: the staged rows of one term become open rows, in one transaction a term and package.

Belongs here: comparison with the open rows, history, holds, the load log. Does not belong here: how
rows were read and validated (stage.py), the order of files (loader.py).

One transaction takes two locks in turn: the term's, which a gold build of that term holds while it
runs, and the load lock, under which the load id is drawn. The load lock is held to commit, so that
the order of load ids is the order of commits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from pydantic import BaseModel

from edu_assets.contracts.base import Contract, LoadMode, TermByDelivery
from edu_assets.raw_zone.stage import Staged, same_term
from edu_assets.raw_zone.tables import (
    HISTORY_COLUMNS,
    all_columns,
    attach_partition,
    create_partition,
    history_identifier,
    key_columns,
    names,
    partition_exists,
    partition_name,
    raw_identifier,
)
from edu_assets.warehouse import locks

SQL = sql.SQL
LOAD_LOCK = "edu:load"


class SliceReport(BaseModel):
    """What a load did to one slice (table × feed × term). `status` is the load log's."""

    load_id: int
    raw_table: str
    feed: str
    term_key: str
    status: str
    mode: str
    rows_read: int = 0
    accepted: int = 0
    inserted: int = 0
    unchanged: int = 0
    changed: int = 0
    closed: int = 0
    duplicates: int = 0
    quarantined: int = 0
    held: int = 0
    withheld: int = 0
    error: str | None = None


@dataclass(frozen=True)
class Member:
    """One table of a package: what was staged of it and in which mode it was sent.

    `staged` is None where the package says that the table is absent: nothing changes in it, but the
    first slice of a term starts as a copy of the previous term's.
    """

    contract: Contract
    staged: Staged | None
    mode: LoadMode


@dataclass(frozen=True)
class Delivery:
    """The package as the log knows it."""

    delivery_id: int
    feed: str
    bytes: int
    effective_date: date | None
    started_at: datetime
    run_id: str | None = None
    hold_share: float = 0.2


@dataclass(frozen=True)
class Judgement:
    """What apply is allowed to do.

    as_of: rows that a load after this one wrote or closed are newer than the delivery and stay.
    holds: whether losses are held for a person. only_school: apply this school's rows alone.
    replays: the staged rows come from quarantine, and leave it. reapplies: a person asks for the archive again.
    """

    as_of: int | None = None
    holds: bool = True
    only_school: str | None = None
    replays: bool = False
    reapplies: bool = False

    def mode(self, sent: LoadMode) -> str:
        """What the load log calls a load under this judgement."""
        if self.reapplies:
            return "reapplied"
        return "replayed" if self.replays else sent.value


DELIVERED = Judgement()
"""A delivery as it arrives: everything may be written, losses are held."""


@dataclass
class _Slice:
    """One table's part of a term's transaction: the SQL fragments that it repeats, and its figures."""

    member: Member
    feed: str
    term_key: str
    load_id: int
    judgement: Judgement
    held_schools: dict[str, str] = field(default_factory=dict)  # with the reason
    set_aside: int = 0
    sent: int = 0
    sent_held: int = 0
    digest: str | None = None
    figures: dict[str, int] = field(default_factory=dict)

    @property
    def contract(self) -> Contract:
        return self.member.contract

    @property
    def raw(self) -> sql.Identifier:
        return raw_identifier(self.contract)

    @property
    def typed(self) -> sql.Identifier:
        assert self.member.staged is not None
        return self.member.staged.table("typed")

    def here(self, alias: str) -> sql.Composable:
        """This slice's rows of the raw table, with constants so that one partition is planned."""
        return SQL("{a}.term_key = {term} and {a}._feed = {feed}").format(
            a=sql.Identifier(alias), term=sql.Literal(self.term_key), feed=sql.Literal(self.feed)
        )

    def same_key(self, left: str, right: str) -> sql.Composed:
        return SQL(" and ").join(
            SQL("{} = {}").format(sql.Identifier(left, name), sql.Identifier(right, name)) for name in self.contract.key
        )

    def has_key(self, alias: str, quarantined: str) -> sql.Composed:
        """Whether a row has the key that a quarantined one kept as jsonb."""
        return SQL(" and ").join(
            SQL("{} = ({} ->> {})::{}").format(
                sql.Identifier(alias, name),
                sql.Identifier(quarantined, "source_key"),
                sql.Literal(name),
                SQL(self.contract.column(name).type.value),
            )
            for name in self.contract.key
        )

    def school(self, alias: str) -> sql.Composable:
        """The school to which a row is reckoned; null where the table names none (then the feed)."""
        if self.contract.school is None:
            return SQL("null::text")
        return SQL("split_part({}::text, ',', 1)").format(sql.Identifier(alias, self.contract.school))

    def admitted(self, alias: str) -> sql.Composed:
        """Rows that this transaction may touch: not a held school's, not newer than the delivery."""
        conditions: list[sql.Composable] = [SQL("true")]
        school = self.school(alias)
        if self.held_schools:
            conditions.append(
                SQL("not coalesce({} = any({}), false)").format(school, sql.Literal(sorted(self.held_schools)))
            )
        if self.judgement.only_school is not None and self.contract.school is not None:
            conditions.append(SQL("{} = {}").format(school, sql.Literal(self.judgement.only_school)))
        return SQL(" and ").join(conditions)

    def not_newer(self, alias: str) -> sql.Composable:
        if self.judgement.as_of is None:
            return SQL("true")
        return SQL("{} <= {}").format(sql.Identifier(alias, "_load_id"), sql.Literal(self.judgement.as_of))

    def in_scope(self, alias: str) -> sql.Composable:
        """Whether the delivery states the row's scope whole."""
        if not self.contract.scope:
            return SQL("true")
        return SQL("({}) in (select distinct {} from {} where term_key = {})").format(
            SQL(", ").join(sql.Identifier(alias, name) for name in self.contract.scope),
            names(self.contract.scope),
            self.typed,
            sql.Literal(self.term_key),
        )

    def would_close(self, alias: str) -> sql.Composed:
        """Open rows that a full delivery leaves out, but for those whose key it holds in quarantine."""
        staged = self.member.staged
        assert staged is not None
        not_quarantined: sql.Composable = SQL("true")
        if staged.quarantined:
            not_quarantined = SQL("not exists (select from {} b where {})").format(
                staged.table("bad"), self.has_key(alias, "b")
            )
        return SQL(
            "{here} and {scope} and {free} and not exists (select from {typed} s where s.term_key = {term}"
            " and not s._deleted and {same})"
        ).format(
            here=self.here(alias),
            scope=self.in_scope(alias),
            free=not_quarantined,
            typed=self.typed,
            term=sql.Literal(self.term_key),
            same=self.same_key("s", alias),
        )

    @property
    def closes(self) -> bool:
        staged = self.member.staged
        return staged is not None and self.member.mode is LoadMode.FULL and staged.closes and self.is_stated

    @property
    def is_stated(self) -> bool:
        """Whether the delivery says anything of this slice: rows, or under the rule `delivery` their absence."""
        if self.member.staged is None or isinstance(self.contract.term, TermByDelivery):
            return isinstance(self.contract.term, TermByDelivery)
        return self.sent > 0


def apply_term(
    connection: Connection,
    delivery: Delivery,
    members: list[Member],
    term_key: str,
    judgement: Judgement = DELIVERED,
) -> list[SliceReport]:
    """Apply one term of a package: all of its tables commit, or are held, together.

    Returns a report a slice, those of other terms that a key has left included.
    """
    with connection.transaction():
        _lock(connection, locks.TERM + term_key)
        _lock(connection, LOAD_LOCK)
        load_id = _scalar(connection, "select nextval('etl.load_id')")
        slices = [_Slice(member, delivery.feed, term_key, load_id, judgement) for member in members]
        for part in slices:
            _measure(connection, part)
        slices = [part for part in slices if part.is_stated or part.set_aside]
        reports = _apply_or_hold(connection, delivery, slices) if slices else []
        _log(connection, delivery, reports, slices)
        return reports


def _apply_or_hold(connection: Connection, delivery: Delivery, slices: list[_Slice]) -> list[SliceReport]:
    """Apply what may be applied; hold the term, or schools of it, for a person where that is doubtful."""
    holds = slices[0].judgement.holds
    earlier = _effective_earlier(connection, delivery, slices) if holds else None
    held = _judge_losses(connection, delivery, slices) if holds and not earlier else []
    past = _made_past(connection, delivery, slices) if holds else []
    whole = next((hold for hold in held if hold.school is None), None)
    if whole is None:
        reports, stale = _apply_unless_stale(connection, slices, earlier)
        if stale is None:
            _resolve_held(connection, past, slices[0].load_id)
            for hold in held:
                _insert_held(connection, delivery, slices, hold)
            return reports
        whole = _Hold(None, stale, _figures_of_hold(connection, slices[0], None))
    else:
        _resolve_held(connection, past, slices[0].load_id)
    _insert_held(connection, delivery, slices, whole)
    return [_report(part, "held", whole) for part in slices if part.member.staged is not None]


def _apply_unless_stale(
    connection: Connection, slices: list[_Slice], earlier: str | None
) -> tuple[list[SliceReport], str | None]:
    """Apply, and take it back where the package is an old one that would undo newer rows; then say why.

    A package that changes nothing is never stale, whatever its date.
    """
    for part in slices:
        _measure_held(connection, part)
    left: list[SliceReport] = []
    stale = None
    with connection.transaction() as savepoint:
        for part in slices:
            left += _apply_slice(connection, part)
        touched = [part for part in slices if _changes(part)]
        if touched and slices[0].judgement.holds:
            stale = earlier or _stale(connection, touched)
        savepoint.force_rollback = stale is not None
    if stale:
        return [], stale
    return [
        _report(part, "applied" if _changes(part) else "held" if part.held_schools else "unchanged")
        for part in slices
        if part.member.staged is not None or _changes(part)
    ] + left, None


def _changes(part: _Slice) -> int:
    return sum(part.figures.get(name, 0) for name in ("inserted", "changed", "closed"))


@dataclass(frozen=True)
class _Hold:
    """What waits for a person: a school's rows, or (None) the term's."""

    school: str | None
    reason: str
    figures: dict[str, object]


def _apply_slice(connection: Connection, part: _Slice) -> list[SliceReport]:
    copied = 0 if part.judgement.replays else _copy_forward(connection, part)
    part.figures = {"inserted": copied, "copied": copied}
    if part.member.staged is None or not part.is_stated:
        return []
    if not part.judgement.replays:
        _supersede_quarantined(connection, part)
    if _may_attach(connection, part):
        _attach(connection, part)
    else:
        _merge(connection, part)
    if part.judgement.replays:
        _mark_replayed(connection, part)
    _refresh_statistics(connection, part)
    return _close_where_keys_left(connection, part)


def _may_attach(connection: Connection, part: _Slice) -> bool:
    """Whether the staged table may become the partition: no partition yet, this term alone, nothing special."""
    if partition_exists(connection, part.contract, part.term_key):
        return False
    if part.held_schools or part.judgement != DELIVERED or part.contract.delta is not None:
        return False
    return _scalar(
        connection, SQL("select count(distinct term_key) from {}").format(part.typed)
    ) == 1 and not _other_terms_have_rows(connection, part)


def _other_terms_have_rows(connection: Connection, part: _Slice) -> bool:
    if part.contract.key_fixes_term:
        return False
    return bool(
        _scalar(
            connection,
            SQL("select exists (select from {} r where _feed = %s)").format(part.raw),
            [part.feed],
        )
    )


def _attach(connection: Connection, part: _Slice) -> None:
    """Make the staged table the term's partition.

    The load id and the instant are added as constant defaults, which PostgreSQL stores once for all
    rows; `set logged` writes the rows to the WAL, as a crash-safe insert would have.
    """
    staged = part.typed
    rows = _scalar(connection, SQL("select count(*) from {}").format(staged))
    connection.execute(SQL("alter table {} drop column _deleted").format(staged))
    connection.execute(
        SQL(
            "alter table {0} add column _load_id bigint not null default {1},"
            " add column _ingested_at timestamptz not null default {2}"
        ).format(staged, sql.Literal(part.load_id), sql.Literal(_now(connection)))
    )
    connection.execute(
        SQL("alter table {} alter column _load_id drop default, alter column _ingested_at drop default").format(staged)
    )
    for index in connection.execute(
        "select i.indexrelid::regclass::text from pg_index i where i.indrelid = %s::regclass",
        [_regclass(staged)],
    ).fetchall():
        connection.execute(SQL("drop index {}").format(SQL(index[0])))
    connection.execute(SQL("alter table {} set logged").format(staged))
    connection.execute(SQL("alter table {} add primary key ({})").format(staged, names(key_columns(part.contract))))
    connection.execute(SQL("alter table {} set schema {}").format(staged, sql.Identifier(part.contract.raw_schema)))
    moved = sql.Identifier(part.contract.raw_schema, staged.as_string(None).split(".")[-1].strip('"'))
    connection.execute(
        SQL("alter table {} rename to {}").format(moved, sql.Identifier(partition_name(part.contract, part.term_key)))
    )
    attach_partition(connection, part.contract, part.term_key)
    part.figures["inserted"] = rows


def _refresh_statistics(connection: Connection, part: _Slice) -> None:
    """Tell the planner of a slice that changed much: within a transaction autovacuum cannot, and the
    next comparison would be planned for an empty table."""
    if _changes(part) > part.sent // 10:
        partition = sql.Identifier(part.contract.raw_schema, partition_name(part.contract, part.term_key))
        connection.execute(SQL("analyze {}").format(partition))


def _regclass(identifier: sql.Identifier) -> str:
    return identifier.as_string(None)


def _copy_forward(connection: Connection, part: _Slice) -> int:
    """Start a term's first slice as a copy of the feed's previous term, where the delivery is not full."""
    contract = part.contract
    if not isinstance(contract.term, TermByDelivery) or (
        part.member.staged is not None and part.member.mode is LoadMode.FULL
    ):
        return 0
    previous = _previous_term(connection, part) if not _slice_was_loaded(connection, part) else None
    if previous is None:
        return 0
    create_partition(connection, contract, part.term_key)
    kept = [name for name in all_columns(contract) if name not in ("term_key", "_load_id")]
    return connection.execute(
        SQL(
            "insert into {raw} (term_key, _load_id, {kept}) select {term}, {load}, {kept} from {raw} r"
            " where r.term_key = {previous} and r._feed = {feed}"
        ).format(
            raw=part.raw,
            kept=names(kept),
            term=sql.Literal(part.term_key),
            load=sql.Literal(part.load_id),
            previous=sql.Literal(previous),
            feed=sql.Literal(part.feed),
        )
    ).rowcount


def _slice_was_loaded(connection: Connection, part: _Slice) -> bool:
    return bool(
        _scalar(
            connection,
            "select exists (select from etl.load_log where raw_table = %s and feed = %s and term_key = %s"
            " and status in ('applied', 'unchanged'))",
            [part.contract.name, part.feed, part.term_key],
        )
    )


def _previous_term(connection: Connection, part: _Slice) -> str | None:
    """The latest earlier term in which the feed has rows of this table."""
    row = connection.execute(
        "select l.term_key from etl.load_log l join etl.term t using (term_key)"
        " where l.raw_table = %s and l.feed = %s and l.status = 'applied'"
        " and t.ordinal < (select ordinal from etl.term where term_key = %s) order by t.ordinal desc limit 1",
        [part.contract.name, part.feed, part.term_key],
    ).fetchone()
    return row[0] if row else None


def _merge(connection: Connection, part: _Slice) -> None:
    create_partition(connection, part.contract, part.term_key)
    part.figures["changed"] = _move_to_history(
        connection,
        part,
        SQL(
            "{here} and {old} and exists (select from {typed} s where s.term_key = {term} and {same}"
            " and not s._deleted and s._row_hash <> r._row_hash and {admitted})"
        ).format(
            here=part.here("r"),
            old=part.not_newer("r"),
            typed=part.typed,
            term=sql.Literal(part.term_key),
            same=part.same_key("s", "r"),
            admitted=part.admitted("s"),
        ),
    )
    part.figures["closed"] = _move_to_history(
        connection,
        part,
        SQL(
            "{here} and {old} and exists (select from {typed} s where s.term_key = {term} and {same}"
            " and s._deleted and {admitted})"
        ).format(
            here=part.here("r"),
            old=part.not_newer("r"),
            typed=part.typed,
            term=sql.Literal(part.term_key),
            same=part.same_key("s", "r"),
            admitted=part.admitted("s"),
        ),
    )
    if part.closes:
        part.figures["closed"] += _move_to_history(
            connection,
            part,
            SQL("{} and {} and {}").format(part.would_close("r"), part.not_newer("r"), part.admitted("r")),
        )
    part.figures["inserted"] += _insert_new(connection, part) - part.figures["changed"]


def _move_to_history(connection: Connection, part: _Slice, where: sql.Composed) -> int:
    columns = all_columns(part.contract)
    return connection.execute(
        SQL(
            "with gone as (delete from {raw} r where {where} returning {columns})"
            " insert into {history} ({columns}, {closing}) select {columns}, {load}, {now} from gone"
        ).format(
            raw=part.raw,
            where=where,
            columns=names(columns),
            history=history_identifier(part.contract),
            closing=names([name for name, _ in HISTORY_COLUMNS]),
            load=sql.Literal(part.load_id),
            now=SQL("statement_timestamp()"),
        )
    ).rowcount


def _insert_new(connection: Connection, part: _Slice) -> int:
    """Insert staged rows whose key has no open row. `_ingested_at` is when this version first arrived:
    of a row that stood alike in the feed's previous term it is kept."""
    contract = part.contract
    carried = [name for name in all_columns(contract) if name not in ("_load_id", "_ingested_at")]
    first_seen: sql.Composable = SQL("statement_timestamp()")
    joins: sql.Composable = SQL("")
    previous = _previous_term(connection, part) if isinstance(contract.term, TermByDelivery) else None
    if previous is not None:
        joins = SQL(
            "left join {raw} p on p.term_key = {previous} and p._feed = {feed} and {same} and p._row_hash = s._row_hash"
        ).format(
            raw=part.raw,
            previous=sql.Literal(previous),
            feed=sql.Literal(part.feed),
            same=part.same_key("p", "s"),
        )
        first_seen = SQL("coalesce(p._ingested_at, statement_timestamp())")
    newer = SQL("true") if part.judgement.as_of is None else _untouched_since(part, part.judgement.as_of)
    return connection.execute(
        SQL(
            "insert into {raw} ({columns}, _load_id, _ingested_at) select {values}, {load}, {first_seen}"
            " from {typed} s {joins} where s.term_key = {term} and not s._deleted and {admitted} and {newer}"
            " and not exists (select from {raw} r where {here} and {same})"
        ).format(
            raw=part.raw,
            columns=names(carried),
            values=SQL(", ").join(sql.Identifier("s", name) for name in carried),
            load=sql.Literal(part.load_id),
            first_seen=first_seen,
            typed=part.typed,
            joins=joins,
            term=sql.Literal(part.term_key),
            admitted=part.admitted("s"),
            newer=newer,
            here=part.here("r"),
            same=part.same_key("r", "s"),
        )
    ).rowcount


def _untouched_since(part: _Slice, load_id: int) -> sql.Composed:
    """Whether no load after `load_id` closed a staged row's key, or put it into another term."""
    if part.contract.key_fixes_term or isinstance(part.contract.term, TermByDelivery):
        closed_here: sql.Composable = part.here("h")
        elsewhere: sql.Composable = SQL("")
    else:
        closed_here = SQL("h._feed = {}").format(sql.Literal(part.feed))
        elsewhere = SQL(
            " and not exists (select from {raw} e where e._feed = {feed} and {same} and e._load_id > {load})"
        ).format(raw=part.raw, feed=sql.Literal(part.feed), same=part.same_key("e", "s"), load=sql.Literal(load_id))
    return SQL(
        "not exists (select from {history} h where {closed_here} and {same} and h._closed_by > {load}){elsewhere}"
    ).format(
        history=history_identifier(part.contract),
        closed_here=closed_here,
        same=part.same_key("h", "s"),
        load=sql.Literal(load_id),
        elsewhere=elsewhere,
    )


def _close_where_keys_left(connection: Connection, part: _Slice) -> list[SliceReport]:
    """A key stands in one term: where it came to this one, it leaves the other.

    Not for `delivery`, whose slices are pictures of different days, nor where the key fixes the term.
    """
    if part.contract.key_fixes_term or isinstance(part.contract.term, TermByDelivery):
        return []
    if not part.figures["inserted"]:
        return []
    columns = all_columns(part.contract)
    rows = connection.execute(
        SQL(
            "with gone as (delete from {raw} r using {arrived} n where r.term_key <> {term} and r._feed = {feed}"
            " and n.term_key = {term} and n._load_id = {load} and n._feed = {feed} and {same} returning {columns_r}),"
            " kept as (insert into {history} ({columns}, {closing}) select {columns}, {load}, statement_timestamp()"
            " from gone) select term_key, count(*) from gone group by 1"
        ).format(
            raw=part.raw,
            arrived=part.raw,
            term=sql.Literal(part.term_key),
            feed=sql.Literal(part.feed),
            load=sql.Literal(part.load_id),
            same=part.same_key("r", "n"),
            columns_r=SQL(", ").join(sql.Identifier("r", name) for name in columns),
            columns=names(columns),
            history=history_identifier(part.contract),
            closing=names([name for name, _ in HISTORY_COLUMNS]),
        )
    ).fetchall()
    return [
        SliceReport(
            load_id=part.load_id,
            raw_table=part.contract.name,
            feed=part.feed,
            term_key=term_key,
            status="applied",
            mode="moved",
            closed=closed,
        )
        for term_key, closed in rows
    ]


def _judge_losses(connection: Connection, delivery: Delivery, slices: list[_Slice]) -> list[_Hold]:
    """Hold schools that would lose too much; one hold without a school where the whole term must wait.

    A school that loses too much in one table is held in all tables of the package; a table that
    names no school holds the package's term.
    """
    holds: list[_Hold] = []
    for part in slices:
        if not part.closes:
            continue
        for school, would_go, stands in _losses(connection, part):
            if would_go <= delivery.hold_share * stands:
                continue
            reason = (
                f"{part.contract.name}: {would_go} of {stands} rows would go"
                f" (more than {delivery.hold_share:.0%}); release it if that is right"
            )
            figures = {"raw_table": part.contract.name, "would_go": would_go, "stands": stands}
            hold = _Hold(school, reason, figures | _figures_of_hold(connection, part, school))
            if school is None:
                return [hold]
            if not any(school in other.held_schools for other in slices):
                holds.append(hold)
            for other in slices:
                other.held_schools.setdefault(school, reason)
    return holds


def _losses(connection: Connection, part: _Slice) -> list[tuple[str | None, int, int]]:
    """Per school (None: the feed): rows that would go, rows that stand."""
    if _scalar(connection, SQL("select exists (select from {} r where {})").format(part.raw, part.here("r"))):
        query = SQL(
            "select {school}, count(*) filter (where {gone}), count(*) from {raw} r where {here} and {scope} group by 1"
        ).format(
            school=part.school("r"),
            gone=part.would_close("r"),
            raw=part.raw,
            here=part.here("r"),
            scope=part.in_scope("r"),
        )
        return connection.execute(query).fetchall()
    previous = _previous_term(connection, part)
    if previous is None or not isinstance(part.contract.term, TermByDelivery) or part.contract.scope:
        return []
    query = SQL(
        "select p.school, greatest(p.stood - coalesce(n.sent, 0), 0), p.stood from"
        " (select {old_school} as school, count(*) as stood from {raw} r where r.term_key = {previous}"
        " and r._feed = {feed} group by 1) p left join"
        " (select {new_school} as school, count(*) as sent from {typed} s where s.term_key = {term} group by 1) n"
        " on n.school is not distinct from p.school"
    ).format(
        old_school=part.school("r"),
        new_school=part.school("s"),
        raw=part.raw,
        typed=part.typed,
        previous=sql.Literal(previous),
        feed=sql.Literal(part.feed),
        term=sql.Literal(part.term_key),
    )
    return connection.execute(query).fetchall()


def _effective_earlier(connection: Connection, delivery: Delivery, slices: list[_Slice]) -> str | None:
    dated = [part for part in slices if isinstance(part.contract.term, TermByDelivery) and part.member.staged]
    if delivery.effective_date is None or not dated:
        return None
    row = connection.execute(
        "select max(effective_date) from etl.load_log where feed = %s and term_key = %s and raw_table = any(%s)"
        " and status in ('applied', 'unchanged')",
        [delivery.feed, dated[0].term_key, [part.contract.name for part in dated]],
    ).fetchone()
    last = row[0] if row else None
    if last is None or last <= delivery.effective_date:
        return None
    return f"effective {delivery.effective_date}, but {last} is applied already; release it to go back"


def _stale(connection: Connection, touched: list[_Slice]) -> str | None:
    """Whether everything that the package would change equals an older delivery than the last applied."""
    for part in touched:
        if part.member.staged is None:
            return None
        digests = [
            row[0]
            for row in connection.execute(
                "select content_digest from etl.load_log where raw_table = %s and feed = %s and term_key = %s"
                " and status = 'applied' and content_digest is not null order by load_id",
                [part.contract.name, part.feed, part.term_key],
            )
        ]
        if part.digest not in digests:
            return None
    return "equal to an older delivery of this slice; newer rows would be undone. Release it to go back"


def _measure(connection: Connection, part: _Slice) -> None:
    """Count what was sent of a slice, and sum up its content whatever its order: rows and row hashes."""
    staged = part.member.staged
    if staged is None:
        return
    if part.judgement == DELIVERED:
        part.set_aside = staged.duplicates.get(part.term_key, 0) + staged.quarantined.get(part.term_key, 0)
    row = connection.execute(
        SQL(
            "select count(*), count(*) || ':' || coalesce(sum(_row_hash), 0) || ':' || coalesce(bit_xor(_row_hash), 0)"
            " from {} s where s.term_key = {} and {}"
        ).format(part.typed, sql.Literal(part.term_key), part.admitted("s"))
    ).fetchone()
    part.sent, part.digest = row if row else (0, None)


def _measure_held(connection: Connection, part: _Slice) -> None:
    if part.member.staged is None or not part.held_schools:
        return
    admitted = _scalar(
        connection,
        SQL("select count(*) from {} s where s.term_key = {} and {}").format(
            part.typed, sql.Literal(part.term_key), part.admitted("s")
        ),
    )
    part.sent_held = part.sent - admitted


def _insert_held(connection: Connection, delivery: Delivery, slices: list[_Slice], hold: _Hold) -> None:
    connection.execute(
        "insert into etl.held_slice (delivery_id, feed, term_key, school, raw_tables, reason, figures, load_id)"
        " select %s, %s, %s, %s, %s, %s, %s, %s where not exists (select from etl.held_slice where delivery_id = %s"
        " and term_key = %s and school is not distinct from %s and status = 'open')",
        [
            delivery.delivery_id,
            delivery.feed,
            slices[0].term_key,
            hold.school,
            [part.contract.name for part in slices if part.member.staged is not None],
            hold.reason,
            Jsonb(hold.figures),
            slices[0].load_id,
            delivery.delivery_id,
            slices[0].term_key,
            hold.school,
        ],
    )


def _resolve_held(connection: Connection, held: list[int], load_id: int) -> None:
    if held:
        connection.execute(
            "update etl.held_slice set status = 'superseded', resolved_by = %s where held_id = any(%s)", [load_id, held]
        )


def _made_past(connection: Connection, delivery: Delivery, slices: list[_Slice]) -> list[int]:
    """Held slices that this delivery, being newer, makes past: it states the same tables whole, or, of a
    table with scopes (days, fiscal years), every scope that waits there. A delta makes none past."""
    full = [part for part in slices if part.member.staged is not None and part.member.mode is LoadMode.FULL]
    states_all: list[sql.Composable] = [
        SQL("h.raw_tables <@ {}::text[]").format(
            sql.Literal([part.contract.name for part in full if not part.contract.scope])
        )
    ]
    states_all += [
        SQL("(h.raw_tables = {} and h.figures -> 'scopes' <@ ({}))").format(
            sql.Literal([part.contract.name]), _scopes(part)
        )
        for part in full
        if part.contract.scope
    ]
    rows = connection.execute(
        SQL(
            "select h.held_id from etl.held_slice h join etl.delivery d using (delivery_id) where h.status = 'open'"
            " and h.feed = %s and h.term_key = %s and h.delivery_id < %s"
            " and coalesce(d.effective_date <= %s, true) and ({})"
        ).format(SQL(" or ").join(states_all)),
        [delivery.feed, slices[0].term_key, delivery.delivery_id, delivery.effective_date],
    ).fetchall()
    return [row[0] for row in rows]


def _scopes(part: _Slice, school: str | None = None) -> sql.Composed:
    """The scopes that a delivery states, of one school or all: a jsonb array of arrays of texts."""
    of_school = SQL("true") if school is None else SQL("{} = {}").format(part.school("s"), sql.Literal(school))
    return SQL(
        "select coalesce(jsonb_agg(distinct jsonb_build_array({})), '[]') from {} s where s.term_key = {} and {}"
    ).format(
        SQL(", ").join(SQL("{}::text").format(sql.Identifier("s", name)) for name in part.contract.scope),
        part.typed,
        sql.Literal(part.term_key),
        of_school,
    )


def _figures_of_hold(connection: Connection, part: _Slice, school: str | None) -> dict[str, object]:
    if not part.contract.scope:
        return {}
    return {"scopes": _scalar(connection, _scopes(part, school))}


def _supersede_quarantined(connection: Connection, part: _Slice) -> None:
    """Quarantined rows of earlier deliveries are past where this one sends their key again, written or alike,
    or, stating the term whole, leaves it out."""
    staged = part.member.staged
    assert staged is not None
    sent_again: sql.Composable = SQL(
        "exists (select from {typed} s where s.term_key = {term} and {admitted} and {key})"
    ).format(
        typed=part.typed,
        term=sql.Literal(part.term_key),
        admitted=part.admitted("s"),
        key=part.has_key("s", "q"),
    )
    if part.closes and not part.contract.scope and not part.held_schools and part.judgement.only_school is None:
        left_out = SQL(
            "q.term_key = {term} and q.source_key is not null"
            " and not exists (select from {bad} b where b.source_key = q.source_key)"
        ).format(term=sql.Literal(part.term_key), bad=staged.table("bad"))
        sent_again = SQL("({} or ({}))").format(sent_again, left_out)
    connection.execute(
        SQL(
            "update etl.quarantine q set status = 'superseded', resolved_by = {load}"
            " where q.status = 'open' and q.raw_table = {table} and q.feed = {feed} and q.delivery_id < {delivery}"
            " and q.as_of_load < {load} and {same_term} and {sent_again}"
        ).format(
            load=sql.Literal(part.load_id),
            table=sql.Literal(part.contract.name),
            feed=sql.Literal(part.feed),
            delivery=sql.Literal(staged.delivery_id),
            same_term=same_term(part.contract, "q", sql.Literal(part.term_key)),
            sent_again=sent_again,
        )
    )


def _mark_replayed(connection: Connection, part: _Slice) -> None:
    """Rows that came from quarantine and were written have left it."""
    connection.execute(
        SQL(
            "update etl.quarantine q set status = 'replayed', resolved_by = {load} from {raw} r, {typed} s"
            " where q.status = 'open' and q.quarantine_id = s._quarantine_id and {same}"
            " and {here} and r._load_id = {load}"
        ).format(
            load=sql.Literal(part.load_id),
            raw=part.raw,
            typed=part.typed,
            same=part.same_key("s", "r"),
            here=part.here("r"),
        )
    )


def _report(part: _Slice, status: str, whole: _Hold | None = None) -> SliceReport:
    """The figures of a slice: rows read = accepted + duplicates + quarantined + held + withheld.

    whole: why all of its rows are held; else those of its held schools are.
    """
    staged = part.member.staged
    reason = whole.reason if whole else "; ".join(sorted(set(part.held_schools.values()))) or None
    if staged is None:
        return _slice_report(part, "copied", status, reason, inserted=part.figures["inserted"])
    held = part.sent if whole else part.sent_held
    accepted = part.sent - held
    first = part.judgement == DELIVERED
    duplicates = staged.duplicates.get(part.term_key, 0) if first else 0
    quarantined = staged.quarantined.get(part.term_key, 0) if first else 0
    figures = {} if whole else dict(part.figures)
    written = figures.get("inserted", 0) - figures.pop("copied", 0) + figures.get("changed", 0)
    return _slice_report(
        part,
        part.judgement.mode(part.member.mode),
        status,
        reason,
        rows_read=part.sent + duplicates + quarantined,
        accepted=accepted,
        duplicates=duplicates,
        quarantined=quarantined,
        held=held,
        unchanged=max(accepted - written, 0),
        **figures,
    )


def _slice_report(part: _Slice, mode: str, status: str, reason: str | None, **figures: int) -> SliceReport:
    return SliceReport(
        load_id=part.load_id,
        raw_table=part.contract.name,
        feed=part.feed,
        term_key=part.term_key,
        status=status,
        mode=mode,
        error=reason,
        **figures,
    )


def _log(connection: Connection, delivery: Delivery, reports: list[SliceReport], slices: list[_Slice]) -> None:
    """Write one line a slice; the database refuses one whose rows do not add up."""
    parts = {(part.contract.name, part.term_key): part for part in slices}
    for report in reports:
        part = parts.get((report.raw_table, report.term_key))
        connection.execute(
            "insert into etl.load_log (load_id, raw_table, feed, term_key, delivery_id, mode, status, started_at,"
            " finished_at, applied_at, rows_read, accepted, inserted, unchanged, changed, closed, duplicates,"
            " quarantined, held, withheld, bytes, effective_date, content_digest, error, run_id, details)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp(), statement_timestamp(), %s, %s, %s, %s, %s,"
            " %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                report.load_id,
                report.raw_table,
                report.feed,
                report.term_key,
                delivery.delivery_id,
                report.mode,
                report.status,
                delivery.started_at,
                report.rows_read,
                report.accepted,
                report.inserted,
                report.unchanged,
                report.changed,
                report.closed,
                report.duplicates,
                report.quarantined,
                report.held,
                report.withheld,
                delivery.bytes,
                delivery.effective_date,
                part.digest if part else None,
                report.error,
                delivery.run_id,
                Jsonb({} if part is None or part.judgement.as_of is None else {"as_of": part.judgement.as_of}),
            ],
        )


def _lock(connection: Connection, name: str) -> None:
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _now(connection: Connection) -> datetime:
    return _scalar(connection, "select statement_timestamp()")


def _scalar(connection: Connection, query: str | sql.Composed, parameters: list | None = None) -> Any:
    row = connection.execute(query, parameters).fetchone()
    return row[0] if row else None


def listed_loads(
    connection: Connection, *, raw_table: str | None = None, term_key: str | None = None, limit: int = 40
) -> list[dict[str, Any]]:
    """Slices of the load log, the newest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select * from etl.load_log where (%s::text is null or raw_table = %s)"
            " and (%s::text is null or term_key = %s) order by load_id desc, raw_table, term_key limit %s",
            [raw_table, raw_table, term_key, term_key, limit],
        ).fetchall()
