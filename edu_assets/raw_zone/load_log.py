"""The load log: one line a slice, in the order of commits. It is the outbox of the loader.

Belongs here: the figures of a slice, writing and listing them. Does not belong here: who reads them
(orchestration/outbox.py).
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from edu_assets.raw_zone.holding import Hold
from edu_assets.raw_zone.slices import DELIVERED, Delivery, Slice, SliceReport


def report_of(part: Slice, status: str, whole: Hold | None = None) -> SliceReport:
    """The figures of a slice: rows read = accepted + duplicates + quarantined + held + withheld.

    whole: why all of its rows are held; else those of its held schools are.
    """
    staged = part.member.staged
    reason = whole.reason if whole else "; ".join(sorted(set(part.held_schools.values()))) or None
    if staged is None:
        return slice_report(part, "copied", status, reason, inserted=part.figures["inserted"])
    held = part.sent if whole else part.sent_held
    accepted = part.sent - held
    first = part.judgement == DELIVERED
    duplicates = staged.duplicates.get(part.term_key, 0) if first else 0
    quarantined = staged.quarantined.get(part.term_key, 0) if first else 0
    figures = {} if whole else dict(part.figures)
    written = figures.get("inserted", 0) - figures.pop("copied", 0) + figures.get("changed", 0)
    return slice_report(
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


def slice_report(part: Slice, mode: str, status: str, reason: str | None, **figures: int) -> SliceReport:
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


def write_log(connection: Connection, delivery: Delivery, reports: list[SliceReport], slices: list[Slice]) -> None:
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
