"""Applying: the staged rows of one term become open rows, in one transaction a term and package.

Belongs here: comparison with the open rows, history, what becomes of quarantined rows of the same keys.
Does not belong here: how rows were read and validated (stage.py), whether they wait for a person
(holding.py), the order of files (loader.py).

One transaction takes two locks in turn: the term's, which a gold build of that term holds while it
runs, and the load lock, under which the load id is drawn. The load lock is held to commit, so that
the order of load ids is the order of commits.
"""

from __future__ import annotations

from datetime import datetime
from typing import LiteralString

from psycopg import Connection, sql

from edu_assets.contracts.base import LoadMode, TermByDelivery
from edu_assets.raw_zone.compare import last_load, leavers
from edu_assets.raw_zone.holding import (
    GOES_BACK,
    Hold,
    effective_earlier,
    figures_of_hold,
    held_made_past,
    insert_held,
    judge_losses,
    resolve_held,
    stale_reason,
)
from edu_assets.raw_zone.load_log import report_of, write_log
from edu_assets.raw_zone.set_aside import same_term
from edu_assets.raw_zone.slices import (
    DELIVERED,
    SQL,
    Delivery,
    Judgement,
    Member,
    Slice,
    SliceReport,
    previous_term,
    scalar,
)
from edu_assets.raw_zone.tables import (
    HISTORY_COLUMNS,
    all_columns,
    attach_partition,
    create_partition,
    history_identifier,
    names,
    partition_exists,
    partition_name,
)
from edu_assets.warehouse import locks

LOAD_LOCK = "edu:load"


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
        # the load is told to have happened from here on, so its commit waits for the disk, as the server says
        connection.execute("set local synchronous_commit to default")
        _lock(connection, locks.TERM + term_key)
        _lock(connection, LOAD_LOCK)
        load_id = scalar(connection, "select nextval('etl.load_id')")
        slices = [Slice(member, delivery.feed, term_key, load_id, judgement) for member in members]
        for part in slices:
            _measure(connection, part)
        slices = [part for part in slices if part.is_stated or part.set_aside]
        reports = _apply_or_hold(connection, delivery, slices) if slices else []
        write_log(connection, delivery, reports, slices)
        return reports


def _apply_or_hold(connection: Connection, delivery: Delivery, slices: list[Slice]) -> list[SliceReport]:
    """Apply what may be applied; hold the term, or schools of it, for a person where that is doubtful."""
    holds = slices[0].judgement.holds
    earlier = effective_earlier(connection, delivery, slices) if holds else None
    held = judge_losses(connection, delivery, slices) if holds and not earlier else []
    past = held_made_past(connection, delivery, slices) if holds else []
    whole = next((hold for hold in held if hold.school is None), None)
    if whole is None:
        reports, stale = _apply_unless_stale(connection, slices, earlier)
        if stale is None:
            resolve_held(connection, past, slices[0].load_id)
            for hold in held:
                insert_held(connection, delivery, slices, hold)
            return reports
        whole = Hold(None, stale, figures_of_hold(connection, slices[0], None) | {GOES_BACK: True})
    else:
        resolve_held(connection, past, slices[0].load_id)
    insert_held(connection, delivery, slices, whole)
    return [report_of(part, "held", whole) for part in slices if part.member.staged is not None]


def _apply_unless_stale(
    connection: Connection, slices: list[Slice], earlier: str | None
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
            stale = earlier or stale_reason(connection, touched)
        savepoint.force_rollback = stale is not None
    if stale:
        return [], stale
    return [
        report_of(part, "applied" if _changes(part) else "held" if part.held_schools else "unchanged")
        for part in slices
        if part.member.staged is not None or _changes(part)
    ] + left, None


def _changes(part: Slice) -> int:
    return sum(part.figures.get(name, 0) for name in ("inserted", "changed", "closed"))


def _apply_slice(connection: Connection, part: Slice) -> list[SliceReport]:
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
        _refresh_statistics(connection, part)
    if part.judgement.replays:
        _mark_replayed(connection, part)
    return _close_where_keys_left(connection, part)


def _may_attach(connection: Connection, part: Slice) -> bool:
    """Whether the staged table may become the partition: no partition yet, this term alone, nothing special."""
    if partition_exists(connection, part.contract, part.term_key):
        return False
    staged = part.member.staged
    if staged is None or part.held_schools or part.judgement != DELIVERED or part.contract.delta is not None:
        return False
    return staged.of_one_term and not _other_terms_have_rows(connection, part)


def _other_terms_have_rows(connection: Connection, part: Slice) -> bool:
    if part.contract.key_fixes_term:
        return False
    return bool(
        scalar(
            connection,
            SQL("select exists (select from {} r where _feed = %s)").format(part.raw),
            [part.feed],
        )
    )


def _attach(connection: Connection, part: Slice) -> None:
    """Make the staged table the term's partition: its rows and its unique index are those of one already.

    The load id and the instant are added as constant defaults, which PostgreSQL stores once for all rows.
    """
    staged = part.member.staged
    assert staged is not None
    typed, contract = part.typed, part.contract
    kept = set(all_columns(contract))
    columns = connection.execute(
        "select attname, attgenerated <> '' from pg_attribute where attrelid = %s::regclass and attnum > 0"
        " and not attisdropped",
        [_regclass(typed)],
    ).fetchall()
    changes = [
        SQL("alter column _source_row drop identity, add column _load_id bigint not null default {}").format(
            sql.Literal(part.load_id)
        ),
        SQL("add column _ingested_at timestamptz not null default {}").format(sql.Literal(_now(connection))),
    ]
    changes += [
        SQL("alter column {} drop expression").format(sql.Identifier(name))
        for name, generated in columns
        if generated and name in kept
    ]
    connection.execute(SQL("alter table {} {}").format(typed, SQL(", ").join(changes)))
    connection.execute(
        SQL("alter table {} {}").format(
            typed,
            SQL(", ").join(
                SQL("drop column {}").format(sql.Identifier(name)) for name, _ in columns if name not in kept
            ),
        )
    )
    constants = ("term_key", "_feed", "_source_file", "_load_id", "_ingested_at")
    connection.execute(
        SQL("alter table {} {}").format(
            typed,
            SQL(", ").join(SQL("alter column {} drop default").format(sql.Identifier(name)) for name in constants),
        )
    )
    [index] = connection.execute(
        "select relname from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = %s::regclass",
        [_regclass(typed)],
    ).fetchall()
    connection.execute(SQL("alter table {} add primary key using index {}").format(typed, sql.Identifier(*index)))
    name = partition_name(contract, part.term_key)
    connection.execute(SQL("alter table {} set schema {}").format(typed, sql.Identifier(contract.raw_schema)))
    connection.execute(
        SQL("alter table {} rename to {}").format(
            sql.Identifier(contract.raw_schema, staged.relation("typed")), sql.Identifier(name)
        )
    )
    connection.execute(
        SQL("alter index {} rename to {}").format(
            sql.Identifier(contract.raw_schema, *index), sql.Identifier(f"{name[:58]}_pkey")
        )
    )
    attach_partition(connection, contract, part.term_key)
    part.figures["inserted"] = part.sent


def _refresh_statistics(connection: Connection, part: Slice) -> None:
    """Tell the planner of a slice that changed much: within a transaction autovacuum cannot, and the
    next comparison would be planned for an empty table."""
    if _changes(part) > part.sent // 10:
        partition = sql.Identifier(part.contract.raw_schema, partition_name(part.contract, part.term_key))
        connection.execute(SQL("analyze {}").format(partition))


def _regclass(identifier: sql.Identifier) -> str:
    return identifier.as_string(None)


def _copy_forward(connection: Connection, part: Slice) -> int:
    """Start a term's first slice as a copy of the feed's previous term, where the delivery is not full."""
    contract = part.contract
    if not isinstance(contract.term, TermByDelivery) or (
        part.member.staged is not None and part.member.mode is LoadMode.FULL
    ):
        return 0
    previous = previous_term(connection, part) if not _slice_was_loaded(connection, part) else None
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


def _slice_was_loaded(connection: Connection, part: Slice) -> bool:
    return bool(
        scalar(
            connection,
            "select exists (select from etl.load_log where raw_table = %s and feed = %s and term_key = %s"
            " and status in ('applied', 'unchanged'))",
            [part.contract.name, part.feed, part.term_key],
        )
    )


def _merge(connection: Connection, part: Slice) -> None:
    create_partition(connection, part.contract, part.term_key)
    changed = _sent_again(part, "not s._deleted and s._row_hash <> r._row_hash")
    part.figures["changed"] = _move_to_history(connection, part, changed, using=part.news)
    if part.contract.delta is not None:
        deleted = _sent_again(part, "s._deleted")
        part.figures["closed"] = _move_to_history(connection, part, deleted, using=part.news)
    if part.closes and not part.leaves_none_out:
        part.figures["closed"] = part.figures.get("closed", 0) + _move_to_history(
            connection,
            part,
            SQL("{} and {} and {}").format(part.would_close("r"), part.not_newer("r"), part.admitted("r")),
        )
    part.figures["inserted"] += _insert_new(connection, part) - part.figures["changed"]


def _sent_again(part: Slice, how: LiteralString) -> sql.Composed:
    """Open rows `r` whose key the delivery has too, in a row `s` of its news, of which `how` is true."""
    return SQL("{here} and {old} and s.term_key = {term} and {same} and {how} and {admitted}").format(
        here=part.here("r"),
        old=part.not_newer("r"),
        term=sql.Literal(part.term_key),
        same=part.same_key("s", "r"),
        how=SQL(how),
        admitted=part.admitted("s"),
    )


def _move_to_history(
    connection: Connection, part: Slice, where: sql.Composed, *, using: sql.Identifier | None = None
) -> int:
    """Close the open rows `r` that a condition holds of, or one on them and the rows `s` of a table."""
    columns = all_columns(part.contract)
    return connection.execute(
        SQL(
            "with gone as (delete from {raw} r {using} where {where} returning {returned})"
            " insert into {history} ({columns}, {closing}) select {columns}, {load}, {now} from gone"
        ).format(
            raw=part.raw,
            using=SQL("using {} s").format(using) if using else SQL(""),
            where=where,
            returned=SQL(", ").join(sql.Identifier("r", name) for name in columns),
            columns=names(columns),
            history=history_identifier(part.contract),
            closing=names([name for name, _ in HISTORY_COLUMNS]),
            load=sql.Literal(part.load_id),
            now=SQL("statement_timestamp()"),
        )
    ).rowcount


def _insert_new(connection: Connection, part: Slice) -> int:
    """Insert staged rows whose key has no open row. `_ingested_at` is when this version first arrived:
    of a row that stood alike in the feed's previous term it is kept."""
    contract = part.contract
    carried = [name for name in all_columns(contract) if name not in ("_load_id", "_ingested_at")]
    first_seen: sql.Composable = SQL("statement_timestamp()")
    joins: sql.Composable = SQL("")
    previous = previous_term(connection, part) if isinstance(contract.term, TermByDelivery) else None
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
            " from {news} s {joins} where s.term_key = {term} and not s._deleted and {admitted} and {newer}"
            " and not exists (select from {raw} r where {here} and {same})"
        ).format(
            raw=part.raw,
            columns=names(carried),
            values=SQL(", ").join(sql.Identifier("s", name) for name in carried),
            load=sql.Literal(part.load_id),
            first_seen=first_seen,
            news=part.news,
            joins=joins,
            term=sql.Literal(part.term_key),
            admitted=part.admitted("s"),
            newer=newer,
            here=part.here("r"),
            same=part.same_key("r", "s"),
        )
    ).rowcount


def _untouched_since(part: Slice, load_id: int) -> sql.Composed:
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


def _close_where_keys_left(connection: Connection, part: Slice) -> list[SliceReport]:
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


def _measure(connection: Connection, part: Slice) -> None:
    """What was sent of a slice, and whether staging has compared it with the rows that are open now."""
    staged = part.member.staged
    if staged is None:
        return
    sent = staged.terms.get(part.term_key)
    if part.judgement == DELIVERED:
        part.set_aside = staged.duplicates.get(part.term_key, 0) + staged.quarantined.get(part.term_key, 0)
        part.compared = staged.compared_at is not None and staged.compared_at == last_load(
            connection, staged, part.term_key
        )
        part.leaves_none_out = part.compared and not leavers(connection, staged)
    if sent is None:
        part.sent, part.digest = 0, "0:0:0"
    elif part.judgement.only_school is None:
        part.sent, part.digest = sent
    else:
        part.sent = _admitted(connection, part)


def _admitted(connection: Connection, part: Slice) -> int:
    """Staged rows that this transaction may touch."""
    return scalar(
        connection,
        SQL("select count(*) from {} s where s.term_key = {} and {}").format(
            part.typed, sql.Literal(part.term_key), part.admitted("s")
        ),
    )


def _measure_held(connection: Connection, part: Slice) -> None:
    if part.member.staged is None or not part.held_schools:
        return
    part.sent_held = part.sent - _admitted(connection, part)


def _supersede_quarantined(connection: Connection, part: Slice) -> None:
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


def _mark_replayed(connection: Connection, part: Slice) -> None:
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


def _lock(connection: Connection, name: str) -> None:
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _now(connection: Connection) -> datetime:
    return scalar(connection, "select statement_timestamp()")
