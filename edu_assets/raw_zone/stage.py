"""Staging: a source table's records into typed rows, each with its term, and into quarantine.

Belongs here: everything that is done once a file, before any term is touched, and its order. Does not belong here:
what becomes of open rows (apply.py), which file is which table (opening.py).

Every table of a delivery is staged in schema `stage`: `<delivery>_<table>_typed` holds the valid rows with their
terms, `…_text` the records that were not sound lines (sound.py), `…_bad` what was set aside. What a crash leaves of
them is swept by the next load, and the delivery is staged again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from psycopg import Connection, errors, sql

from edu_assets.contracts import registry
from edu_assets.contracts.base import Column, ColumnType, LoadMode, TermByDelivery
from edu_assets.raw_zone.compare import settle_duplicates
from edu_assets.raw_zone.expressions import row_hash, typed_value, violation
from edu_assets.raw_zone.intake import NUMBERS, Odd, Target, take_in
from edu_assets.raw_zone.set_aside import add_originals
from edu_assets.raw_zone.sound import date_style, sound_lines
from edu_assets.raw_zone.staged import KINDS, Staged, use_every_core
from edu_assets.raw_zone.tables import names
from edu_assets.raw_zone.terms import give_terms
from edu_assets.sources.records import Table
from edu_assets.warehouse.locks import session_lock

SQL = sql.SQL
DELIVERY_LOCK = "edu:delivery:"


def stage(
    connection: Connection,
    staged: Staged,
    records: Table | None,
    *,
    mode: LoadMode,
    delivery_term: str | None,
    parents: dict[str, Staged],
    quarantine_ids: list[int] | None = None,
) -> None:
    """Stage one table: read, validate, give each row its term, set aside what cannot be loaded.

    Where `records` is None the originals of `quarantine_ids` are staged instead.
    """
    odd = _odd(staged)
    if records is not None:
        _take_in(connection, staged, records, odd)
    else:
        _create(connection, staged, direct=False)
        _copy_quarantined(connection, staged, quarantine_ids or [])
    with connection.transaction():
        # The planner takes one row in two hundred for valid and would walk the calendar or the parents
        # once a row; nearly all are valid, and hashing the other side costs nothing where few are.
        connection.execute("set local enable_nestloop = off")
        use_every_core(connection)
        _judge_odd(connection, staged)
        give_terms(connection, staged, delivery_term, parents)
    settle_duplicates(connection, staged, mode)
    add_originals(connection, staged, odd, records.pieces(_sound(staged, records)) if records else None)
    _count_quarantined(connection, staged, delivery_term)


def drop(connection: Connection, staged: Staged) -> None:
    connection.execute(SQL("drop table if exists {}").format(SQL(", ").join(map(staged.table, KINDS))))


def _take_in(connection: Connection, staged: Staged, records: Table, odd: Odd) -> None:
    sound = _sound(staged, records)
    _create(connection, staged, direct=sound is not None)
    try:
        staged.rows_read = take_in(connection, _target(staged, records), odd, records.pieces(sound))
    except errors.DataError:
        # A value that PostgreSQL cannot hold though its spelling is right: every record is judged by itself.
        _create(connection, staged, direct=False)
        staged.rows_read = take_in(connection, _target(staged, records), odd, records.pieces())


def _sound(staged: Staged, records: Table) -> object | None:
    if not records.plain:
        return None
    # What a standard has an opinion on is judged in the spelling in which it was sent.
    canonical = registry().systems[staged.contract.system].manifest is not None
    return sound_lines(staged.contract, _fields(staged), line_end=records.line_end, canonical=canonical)


def _fields(staged: Staged) -> list[Column | None]:
    """The contract's column of each field of the file, None for one that it does not know."""
    by_position = {position: name for name, position in staged.binding.positions.items()}
    secret = next((column for column in staged.contract.columns if column.secret), None)
    hidden = map(staged.contract.hides, staged.binding.header)
    return [
        staged.contract.column(by_position[n]) if n in by_position else secret if hides else None
        for n, hides in enumerate(hidden, 1)
    ]


def _target(staged: Staged, records: Table) -> Target:
    fields = _fields(staged)
    columns = [column.name if column and not column.secret else f"_x{n}" for n, column in enumerate(fields, 1)]
    stored = {column.name: column for column in staged.bound}
    texts = [name for name in columns if name not in stored or stored[name].type is ColumnType.TEXT]
    key = staged.contract.column(staged.contract.key[0])
    filled = SQL("{} <> ''") if key.type is ColumnType.TEXT else SQL("{} is not null")
    return Target(
        typed=staged.table("typed"),
        text=staged.table("text"),
        bad=staged.table("bad"),
        lines=staged.table("lines"),
        fields=columns,
        text_fields=texts,
        null_fields=[name for name in columns if name not in texts],
        counted=filled.format(sql.Identifier(key.name)),
        date_style=date_style(staged.contract) or "ISO, MDY",
        line_end=records.line_end,
    )


def _odd(staged: Staged) -> Odd:
    """What is kept of a record as text: never a secret, however its column is spelled."""
    secret = {column.name for column in staged.contract.columns if column.secret}
    hidden = {position for name, position in staged.binding.positions.items() if name in secret}
    return Odd(
        cells=[staged.binding.positions[column.name] - 1 for column in staged.bound],
        extra=[(header, n - 1) for header, n in staged.binding.extra.items()],
        original=[
            (header, n - 1)
            for n, header in enumerate(staged.binding.header, 1)
            if n not in hidden and not staged.contract.hides(header)
        ],
        # A record without cells cannot be told apart into columns, so a secret in it cannot be left out:
        # then only its place is kept, and the archive has the rest.
        keeps_text=not secret and not any(map(staged.contract.hides, staged.binding.header)),
    )


def _create(connection: Connection, staged: Staged, *, direct: bool) -> None:
    """Create the tables. direct: sound lines go straight into the typed one, so fields that the contract does not
    know need a column each; else they come as jsonb."""
    drop(connection, staged)
    contract = staged.contract
    texts: list[sql.Composable] = [SQL("{} text").format(sql.Identifier(column.name)) for column in staged.bound]
    connection.execute(
        SQL("create unlogged table {} (_line bigint, {}, _extra jsonb, _original jsonb)").format(
            staged.table("text"), SQL(", ").join(texts)
        )
    )
    connection.execute(
        SQL(
            "create unlogged table {} (_line bigint, rule text, column_name text, reason text, term_key text,"
            " source_key jsonb, original jsonb)"
        ).format(staged.table("bad"))
    )
    columns: list[sql.Composable] = [
        SQL("{} {}{}").format(
            sql.Identifier(column.name),
            SQL(column.type.value),
            SQL(" not null") if column.required else SQL(""),
        )
        for column in contract.stored_columns
    ]
    extra: sql.Composable = SQL("_extra")
    if direct:
        fields = _fields(staged)
        columns += [SQL(f"_x{n} text") for n, column in enumerate(fields, 1) if column is None or column.secret]
    if direct and staged.binding.extra:
        extra = _extra(staged)
        columns.append(SQL("_extra jsonb generated always as ({}) stored").format(extra))
    else:
        columns.append(SQL("_extra jsonb"))
    connection.execute(
        SQL(
            "create table {typed} ({columns}, _source_row bigint not null"
            " generated by default as identity (sequence name {lines} cache {cache}),"
            " _row_hash bigint not null generated always as ({hash}) stored{deleted})"
        ).format(
            typed=staged.table("typed"),
            columns=SQL(", ").join(columns),
            lines=staged.table("lines"),
            cache=sql.Literal(NUMBERS),
            hash=row_hash(contract, extra if staged.binding.extra else None),
            deleted=_deleted(staged),
        )
    )


def _extra(staged: Staged) -> sql.Composed:
    """The fields of a typed row that the contract does not know, by header."""
    return SQL("jsonb_object(array[{}]::text[], array[{}]::text[])").format(
        SQL(", ").join(map(sql.Literal, staged.binding.extra)),
        SQL(", ").join(SQL(f"_x{n}") for n in staged.binding.extra.values()),
    )


def _deleted(staged: Staged) -> sql.Composable:
    """The column that tells deleted rows of a delta; where nothing does, it comes with the term, as a constant: each
    generated column takes COPY a tenth longer, and a row of nine columns is eight bytes wider than one of eight."""
    delta = staged.contract.delta
    if delta is None or not staged.tells_deleted:
        return SQL("")
    return SQL(", _deleted boolean not null generated always as (coalesce({} = any({}), false)) stored").format(
        sql.Identifier(delta.column), sql.Literal(list(delta.deleted))
    )


def _copy_quarantined(connection: Connection, staged: Staged, ids: list[int]) -> None:
    """Stage the originals of quarantined rows; `_line` is the quarantine id, unique where lines are not."""
    cells = [
        SQL("q.sent ->> {}").format(sql.Literal(staged.binding.header[staged.binding.positions[column.name] - 1]))
        for column in staged.bound
    ]
    staged.rows_read = connection.execute(
        SQL(
            "insert into {} select quarantine_id, {},"
            " (select jsonb_object_agg(key, value) from jsonb_each(q.sent) where key = any({})), q.sent from"
            " (select quarantine_id, original || coalesce(corrected, '{{}}') as sent from etl.quarantine"
            " where quarantine_id = any({})) q"
        ).format(
            staged.table("text"),
            SQL(", ").join(cells),
            sql.Literal(list(staged.binding.extra)),
            sql.Literal(ids),
        )
    ).rowcount


def _judge_odd(connection: Connection, staged: Staged) -> None:
    """Type the records that break no rule, set aside the others."""
    contract = staged.contract
    texts = {column.name: sql.Identifier("t", column.name) for column in staged.bound}
    broken = violation(contract, texts)
    columns = [column.name for column in staged.bound]
    values: list[sql.Composable] = [typed_value(column, texts[column.name]) for column in staged.bound]
    if _has_fields_of_its_own(connection, staged):
        columns += [f"_x{n}" for n in staged.binding.extra.values()]
        values += [SQL("t._extra ->> {}").format(sql.Literal(header)) for header in staged.binding.extra]
    else:
        columns.append("_extra")
        values.append(SQL("t._extra"))
    connection.execute(
        SQL("insert into {} ({}, _source_row) select {}, t._line from {} t where ({}) is null").format(
            staged.table("typed"), names(columns), SQL(", ").join(values), staged.table("text"), broken
        )
    )
    connection.execute(
        SQL(
            "insert into {bad} (_line, rule, column_name, source_key, original)"
            " select _line, split_part(broken, ':', 1), split_part(broken, ':', 2), source_key, _original from ("
            "select t._line, {broken} as broken, {key} as source_key, t._original from {text} t offset 0) b"
            " where broken is not null"
        ).format(bad=staged.table("bad"), broken=broken, key=_source_key(staged, texts), text=staged.table("text"))
    )


def _has_fields_of_its_own(connection: Connection, staged: Staged) -> bool:
    """Whether the typed table was made for sound lines, with `_extra` generated from columns."""
    row = connection.execute(
        "select attgenerated <> '' from pg_attribute where attrelid = %s::regclass and attname = '_extra'",
        [staged.table("typed").as_string(None)],
    ).fetchone()
    return bool(row and row[0])


def _source_key(staged: Staged, texts: Mapping[str, sql.Composable]) -> sql.Composed:
    """The key as jsonb (column → text of the typed value), null where a key column cannot be read."""
    contract = staged.contract
    key_only = contract.model_copy(
        update={"columns": tuple(column for column in contract.columns if column.name in contract.key)}
    )
    pairs = [
        SQL("{}, ({})::text").format(
            sql.Literal(name), typed_value(contract.column(name), texts.get(name, SQL("null")))
        )
        for name in contract.key
    ]
    return SQL("case when {} is null then jsonb_build_object({}) end").format(
        violation(key_only, texts), SQL(", ").join(pairs)
    )


def _count_quarantined(connection: Connection, staged: Staged, delivery_term: str | None) -> None:
    if isinstance(staged.contract.term, TermByDelivery):
        connection.execute(SQL("update {} set term_key = %s").format(staged.table("bad")), [delivery_term])
    rows = connection.execute(
        SQL(
            "select term_key, count(*), bool_or(source_key is null or rule in ('term', 'parent', 'parent_ambiguous'))"
            " from {} group by 1"
        ).format(staged.table("bad"))
    ).fetchall()
    staged.quarantined = {term: count for term, count, _ in rows}
    staged.closes = not any(unreadable for _, _, unreadable in rows)


def mode_of_rows(connection: Connection, staged: Staged) -> LoadMode | None:
    """The mode in which the valid rows say that they were sent: every one of them states what a delta states,
    or none states any of it. None where they do not agree. Costs a look at the first row where that decides."""
    delta = staged.contract.delta
    if delta is None or not delta.stated:
        return None
    given = [SQL("coalesce({}::text, '') <> ''").format(sql.Identifier(name)) for name in delta.stated]
    row = connection.execute(
        SQL(
            "select exists (select from {typed}), not exists (select from {typed} where not ({all_given})),"
            " not exists (select from {typed} where {any_given})"
        ).format(
            typed=staged.table("typed"),
            all_given=SQL(" and ").join(given),
            any_given=SQL(" or ").join(given),
        )
    ).fetchone()
    some, is_delta, is_full = row or (False, False, False)
    if not some or is_delta == is_full:
        return None
    return LoadMode.DELTA if is_delta else LoadMode.FULL


@contextmanager
def own_delivery(connection: Connection, delivery_id: int) -> Iterator[None]:
    """Hold the delivery's lock, by which the sweep tells live staging tables from a crash's.

    What is committed within does not wait for the disk, since what is staged is staged again after a crash; what is
    applied waits (apply.py), and with it all that was committed before.
    """
    with session_lock(connection, f"{DELIVERY_LOCK}{delivery_id}"):
        connection.execute("set synchronous_commit to off")
        try:
            yield
        finally:
            if not connection.broken:
                connection.execute("reset synchronous_commit")


def sweep(connection: Connection) -> None:
    """Drop what crashed loads left in schema stage: tables of deliveries that no live session holds."""
    rows = connection.execute(
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'stage' and c.relkind = 'r'"
    ).fetchall()
    for delivery_id, tables in _by_delivery(row[0] for row in rows).items():
        lock = f"{DELIVERY_LOCK}{delivery_id}"
        taken = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [lock]).fetchone()
        if not (taken and taken[0]):
            continue
        try:
            for table in tables:
                connection.execute(SQL("drop table if exists {}").format(sql.Identifier("stage", table)))
        finally:
            connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [lock])


def _by_delivery(tables: Iterator[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table in tables:
        found.setdefault(table[1:].split("_", 1)[0], []).append(table)
    return found
