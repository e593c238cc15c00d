"""Quarantined rows: listed, shown, replayed.

Belongs here: the life of a row after it was set aside. Does not belong here: setting it aside
(stage.py). A message never holds a value; the original, which does, is shown on demand only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb
from pydantic import BaseModel

from edu_assets.contracts import registry
from edu_assets.contracts.base import Contract, LoadMode, TermVia
from edu_assets.errors import EduError
from edu_assets.raw_zone.apply import apply_term
from edu_assets.raw_zone.intake import RECORD
from edu_assets.raw_zone.slices import Delivery, Judgement, Member, SliceReport
from edu_assets.raw_zone.stage import drop, own_delivery, stage
from edu_assets.raw_zone.staged import Binding, Staged
from edu_assets.warehouse import Role, Warehouse

SQL = sql.SQL


class NotCorrected(EduError):
    """A correction cannot be taken; the message says why."""


class QuarantinedRow(BaseModel):
    """One row in quarantine, without its values."""

    quarantine_id: int
    raw_table: str
    feed: str
    source_file: str
    source_row: int
    rule: str
    column_name: str | None
    message: str
    status: str
    quarantined_at: datetime


def listed(
    connection: Connection, *, status: str = "open", raw_table: str | None = None, limit: int = 100
) -> list[QuarantinedRow]:
    """Quarantined rows of a status, the newest delivery first."""
    with connection.cursor(row_factory=class_row(QuarantinedRow)) as cursor:
        return cursor.execute(
            "select quarantine_id, raw_table, feed, source_file, source_row, rule, column_name, message, status,"
            " quarantined_at from etl.quarantine where status = %s and (%s::text is null or raw_table = %s)"
            " order by delivery_id desc, source_row limit %s",
            [status, raw_table, raw_table, limit],
        ).fetchall()


def shown(connection: Connection, quarantine_id: int) -> dict[str, Any] | None:
    """One quarantined row with its original values (personal data), None where there is none."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select quarantine_id, raw_table, feed, source_file, source_row, rule, column_name, message, status,"
            " original from etl.quarantine where quarantine_id = %s",
            [quarantine_id],
        ).fetchone()


def correct(
    warehouse: Warehouse, quarantine_id: int, values: dict[str, str], run_id: str | None = None
) -> list[SliceReport]:
    """Give a quarantined row other values, by header, and replay it. Its original is kept beside them.

    Raises NotCorrected where no open row bears the number or a header is none of the table's.
    """
    with warehouse.connect(Role.ETL, application_name="edu replay") as connection:
        found = connection.execute(
            "select raw_table from etl.quarantine where quarantine_id = %s and status = 'open' for update",
            [quarantine_id],
        ).fetchone()
        if found is None:
            raise NotCorrected(f"no open row {quarantine_id} in quarantine: it was replayed, or a newer one came")
        known = [column.header for column in registry().contract(found[0]).stored_columns]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise NotCorrected(f"{found[0]} has no columns {unknown}; it has {', '.join(known)}")
        connection.execute(
            "update etl.quarantine set corrected = coalesce(corrected, '{}') || %s where quarantine_id = %s",
            [Jsonb(values), quarantine_id],
        )
    return replay(warehouse, ids=[quarantine_id], run_id=run_id)


def replay(
    warehouse: Warehouse,
    *,
    raw_table: str | None = None,
    feed: str | None = None,
    ids: list[int] | None = None,
    run_id: str | None = None,
) -> list[SliceReport]:
    """Validate open quarantined rows again and apply those that are valid now.

    A row whose key was written or closed by a later load than the quarantine is not newer: it is
    marked superseded and changes nothing. Rows without cells cannot be replayed, and rows of a term whose
    delivery is held wait for its release. Rows that waited for what is replayed here follow.
    """
    reports: list[SliceReport] = []
    with warehouse.connect(Role.ETL, autocommit=True, application_name="edu replay") as connection:
        batches = connection.execute(
            "select raw_table, feed, delivery_id, as_of_load, array_agg(quarantine_id),"
            " array(select jsonb_object_keys(original - %s || coalesce(corrected, '{}')) order by 1) as header"
            " from etl.quarantine q where status = 'open' and (not original ? %s or corrected is not null)"
            " and (%s::text is null or raw_table = %s)"
            " and (%s::text is null or feed = %s) and (%s::bigint[] is null or quarantine_id = any(%s))"
            " and not exists (select from etl.held_slice h where h.delivery_id = q.delivery_id and h.status = 'open'"
            " and h.school is null and h.term_key = q.term_key and q.raw_table = any(h.raw_tables))"
            " group by 1, 2, 3, 4, header order by 3, 1",
            [RECORD, RECORD, raw_table, raw_table, feed, feed, ids, ids],
        ).fetchall()
        for table, of_feed, delivery_id, as_of, found, header in batches:
            contract = registry().contract(table)
            with own_delivery(connection, delivery_id):
                reports += _replay_batch(
                    connection, contract, of_feed, delivery_id, as_of, found, tuple(header), run_id
                )
    return reports + replay_children(warehouse, reports, run_id)


def replay_children(warehouse: Warehouse, arrived: list[SliceReport], run_id: str | None = None) -> list[SliceReport]:
    """Replay the rows that waited for parents which have just arrived."""
    reports: list[SliceReport] = []
    fresh = {(part.raw_table, part.feed) for part in arrived if part.inserted or part.changed}
    for contract in registry().contracts.values():
        if not isinstance(contract.term, TermVia):
            continue
        parent = f"{contract.system}__{contract.term.parent}"
        for table, feed in sorted(fresh):
            if table == parent:
                reports += replay(warehouse, raw_table=contract.name, feed=feed, run_id=run_id)
    return reports


def _replay_batch(
    connection: Connection,
    contract: Contract,
    feed: str,
    delivery_id: int,
    as_of: int,
    ids: list[int],
    header: tuple[str, ...],
    run_id: str | None,
) -> list[SliceReport]:
    row = connection.execute(
        "select q.source_file, d.effective_date"
        " from etl.quarantine q join etl.delivery d using (delivery_id) where quarantine_id = %s",
        [ids[0]],
    ).fetchone()
    assert row is not None
    source_file, effective = row
    positions = {
        column.name: header.index(name) + 1
        for column in contract.stored_columns
        for name in (column.header, *column.aliases)
        if name in header
    }
    extra = {name: n for n, name in enumerate(header, 1) if n not in positions.values()}
    staged = Staged(contract, feed, delivery_id, source_file, Binding(header, positions, extra))
    term = connection.execute(
        "select min(term_key) from etl.quarantine where quarantine_id = any(%s)", [ids]
    ).fetchone()
    delivery = Delivery(
        delivery_id=delivery_id,
        feed=feed,
        bytes=0,
        effective_date=effective,
        started_at=datetime.now(UTC),
        run_id=run_id,
    )
    judgement = Judgement(as_of=as_of, holds=False, replays=True)
    try:
        stage(
            connection,
            staged,
            None,
            mode=LoadMode.INCREMENTAL,
            delivery_term=term[0] if term else None,
            parents={},
            quarantine_ids=ids,
        )
        _restore_source_rows(connection, staged)
        reports: list[SliceReport] = []
        for key in sorted(staged.terms):
            member = Member(contract, staged, LoadMode.INCREMENTAL)
            reports += apply_term(connection, delivery, [member], key, judgement)
        connection.execute(
            SQL(
                "update etl.quarantine set status = 'superseded' where status = 'open' and quarantine_id in"
                " (select _quarantine_id from {})"
            ).format(staged.table("typed"))
        )
        return reports
    finally:
        if not connection.broken:
            drop(connection, staged)


def _restore_source_rows(connection: Connection, staged: Staged) -> None:
    """Staging numbered the rows by quarantine id; give them back the line of their file."""
    connection.execute(SQL("alter table {} add column _quarantine_id bigint").format(staged.table("typed")))
    connection.execute(
        SQL(
            "update {} s set _quarantine_id = q.quarantine_id, _source_row = q.source_row from etl.quarantine q"
            " where q.quarantine_id = s._source_row"
        ).format(staged.table("typed"))
    )
