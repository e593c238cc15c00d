"""Held slices: listed and released; and a slice applied again from the archive.

Belongs here: loads that a person starts from what is archived. Does not belong here: deciding what is
held (apply.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row
from pydantic import BaseModel

from edu_assets.contracts import registry
from edu_assets.errors import EduError
from edu_assets.raw_zone.conservation import standing_rows
from edu_assets.raw_zone.holding import GOES_BACK
from edu_assets.raw_zone.loader import load_archived
from edu_assets.raw_zone.quarantine import replay_children
from edu_assets.raw_zone.slices import Judgement, SliceReport
from edu_assets.settings import Settings
from edu_assets.warehouse import Role, Warehouse, locks
from edu_assets.warehouse.locks import session_lock


class HeldSlice(BaseModel):
    """A delivery's term, or one school of it, that waits for a person's word."""

    held_id: int
    delivery_id: int
    source_file: str
    feed: str
    term_key: str
    school: str | None
    raw_tables: list[str]
    reason: str
    figures: dict[str, Any]
    status: str
    load_id: int
    held_at: datetime


class NotReleased(EduError):
    """A held slice cannot be released; the message says why."""


def listed(connection: Connection, status: str = "open") -> list[HeldSlice]:
    """Held slices of a status, the oldest first."""
    with connection.cursor(row_factory=class_row(HeldSlice)) as cursor:
        return cursor.execute(
            "select h.*, d.source_file from etl.held_slice h join etl.delivery d using (delivery_id)"
            " where h.status = %s order by held_id",
            [status],
        ).fetchall()


def release(warehouse: Warehouse, settings: Settings, held_id: int, run_id: str | None = None) -> list[SliceReport]:
    """Apply what was held, from the archive. Rows that a later load wrote stay.

    Raises NotReleased where nothing open bears the number.
    """
    with warehouse.connect(Role.ETL, autocommit=True, application_name="edu release") as connection:
        found = next((held for held in listed(connection) if held.held_id == held_id), None)
        if found is None:
            raise NotReleased(f"no open held slice {held_id}: it was released, or a newer delivery has superseded it")
        going_back = GOES_BACK in found.figures
        judgement = Judgement(as_of=None if going_back else found.load_id, holds=False, only_school=found.school)
        reports = load_archived(connection, settings, found.delivery_id, judgement, found.term_key, run_id=run_id)
        connection.execute(
            "update etl.held_slice set status = 'released', resolved_by = %s where held_id = %s",
            [max((part.load_id for part in reports), default=None), held_id],
        )
    return reports + replay_children(warehouse, reports, run_id)


def reapply(
    warehouse: Warehouse, settings: Settings, raw_table: str, term_key: str, run_id: str | None = None
) -> list[SliceReport]:
    """Apply a slice's archived deliveries again: what materialising a raw partition by hand does.

    Each delivery restores what is missing and never touches what a later one wrote or closed. Rows that
    somebody had deleted beside the loader come back, and the load log tells them from rows that are new.
    """
    reports: list[SliceReport] = []
    contract = registry().contract(raw_table)
    with (
        warehouse.connect(Role.ETL, autocommit=True, application_name="edu reapply") as connection,
        session_lock(connection, locks.TERM + term_key),
    ):
        before = standing_rows(connection, contract, term_key)
        deliveries = connection.execute(
            # as_of: what a release or a replay was allowed to see, not when it happened to run
            "select delivery_id, min(coalesce((details ->> 'as_of')::bigint, load_id)) from etl.load_log"
            " where raw_table = %s and term_key = %s and status = 'applied' and mode not in ('moved', 'reapplied')"
            " and delivery_id is not null group by 1 order by 2",
            [raw_table, term_key],
        ).fetchall()
        for delivery_id, load_id in deliveries:
            reports += load_archived(
                connection,
                settings,
                delivery_id,
                Judgement(as_of=load_id, holds=False, reapplies=True),
                term_key,
                raw_table=raw_table,
                run_id=run_id,
            )
        for feed, rows in before.items():
            if rows.logged == rows.standing:
                continue
            last = max((part.load_id for part in reports if part.feed == feed), default=None)
            connection.execute(
                "update etl.load_log set details = details || jsonb_build_object('restored', %s::bigint)"
                " where raw_table = %s and feed = %s and term_key = %s and load_id = %s",
                [rows.logged - rows.standing, raw_table, feed, term_key, last],
            )
    return reports + replay_children(warehouse, reports, run_id)
