"""Holding: what a delivery may not do before a person has agreed.

Belongs here: whether a school, or a term, would lose too much or go back in time, and noting so in
etl.held_slice; which older holds a delivery makes past. Does not belong here: what a person does about it
(held.py), applying (apply.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from edu_assets.contracts.base import LoadMode, TermByDelivery
from edu_assets.raw_zone.slices import SQL, Delivery, Slice, previous_term, scalar

GOES_BACK = "goes_back"
"""In the figures of a hold: releasing it undoes newer rows, which is what the person then wants."""


@dataclass(frozen=True)
class Hold:
    """What waits for a person: a school's rows, or (None) the term's."""

    school: str | None
    reason: str
    figures: dict[str, object]


def judge_losses(connection: Connection, delivery: Delivery, slices: list[Slice]) -> list[Hold]:
    """Hold schools that would lose too much; one hold without a school where the whole term must wait.

    A school that loses too much in one table is held in all tables of the package; a table that
    names no school holds the package's term.
    """
    holds: list[Hold] = []
    for part in slices:
        if not part.closes or part.leaves_none_out:
            continue
        for school, would_go, stands in _losses(connection, part):
            if would_go <= delivery.hold_share * stands:
                continue
            reason = (
                f"{part.contract.name}: {would_go} of {stands} rows would go"
                f" (more than {delivery.hold_share:.0%}); release it if that is right"
            )
            figures = {"raw_table": part.contract.name, "would_go": would_go, "stands": stands}
            hold = Hold(school, reason, figures | figures_of_hold(connection, part, school))
            if school is None:
                return [hold]
            if not any(school in other.held_schools for other in slices):
                holds.append(hold)
            for other in slices:
                other.held_schools.setdefault(school, reason)
    return holds


def _losses(connection: Connection, part: Slice) -> list[tuple[str | None, int, int]]:
    """Per school (None: the feed): rows that would go, rows that stand."""
    if scalar(connection, SQL("select exists (select from {} r where {})").format(part.raw, part.here("r"))):
        going: dict[str | None, int] = dict(
            connection.execute(
                SQL("select {school}, count(*) from {raw} r where {gone} group by 1").format(
                    school=part.school("r"), raw=part.raw, gone=part.would_close("r")
                )
            ).fetchall()
        )
        if not going:
            return []
        standing = connection.execute(
            SQL("select {school}, count(*) from {raw} r where {here} and {scope} group by 1").format(
                school=part.school("r"), raw=part.raw, here=part.here("r"), scope=part.in_scope("r")
            )
        ).fetchall()
        return [(school, going[school], stands) for school, stands in standing if school in going]
    previous = previous_term(connection, part)
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


def effective_earlier(connection: Connection, delivery: Delivery, slices: list[Slice]) -> str | None:
    """Whether a newer delivery of what this one states whole is applied already; then what to do about it."""
    dated = [part for part in slices if part.member.staged and _states_its_term(part)]
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


def _states_its_term(part: Slice) -> bool:
    """Whether a delivery is a state of the whole term: by the rule `delivery`, or by stating all of its rows."""
    by_delivery = isinstance(part.contract.term, TermByDelivery)
    return by_delivery or (part.member.mode is LoadMode.FULL and not part.contract.scope)


def stale_reason(connection: Connection, touched: list[Slice]) -> str | None:
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


def insert_held(connection: Connection, delivery: Delivery, slices: list[Slice], hold: Hold) -> None:
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


def resolve_held(connection: Connection, held: list[int], load_id: int) -> None:
    if held:
        connection.execute(
            "update etl.held_slice set status = 'superseded', resolved_by = %s where held_id = any(%s)", [load_id, held]
        )


def held_made_past(connection: Connection, delivery: Delivery, slices: list[Slice]) -> list[int]:
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


def _scopes(part: Slice, school: str | None = None) -> sql.Composed:
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


def figures_of_hold(connection: Connection, part: Slice, school: str | None) -> dict[str, object]:
    if not part.contract.scope:
        return {}
    return {"scopes": scalar(connection, _scopes(part, school))}
