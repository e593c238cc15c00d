"""Incidents: what is wrong and needs a person, told once.

Belongs here: which wrongs there are, keeping them in etl.incident, the message. Does not belong here: what finds a
wrong in the first place (raw_zone/, raw_rules.py, gold/), how often one looks (sensors.py).

What is wrong now is read from ledgers that stand anyway, so that neither a restart nor a repeated look makes two
incidents of one. A wrong is named by its kind and its subject, mostly a feed: a source that fails all day, or fails,
recovers and fails, is one incident however many files, tables and attempts it takes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
from psycopg import Connection
from psycopg.rows import class_row
from pydantic import BaseModel, SecretStr

from edu_assets.contracts import Registry, registry
from edu_assets.errors import EduError
from edu_assets.gold import stale_terms
from edu_assets.orchestration.freshness import asked_about, current_terms, last_day_in_session
from edu_assets.orchestration.jobs import GOLD
from edu_assets.orchestration.raw_rules import Slice, silence
from edu_assets.warehouse import Role, Warehouse
from edu_assets.warehouse.locks import session_lock

LOCK = "edu:incidents"
SILENT = "silent"
STILL_THE_SAME = timedelta(hours=1)
"""What comes back within this time after it went was never mended."""

WAITS_ITS_TURN = timedelta(minutes=5)
"""What a next attempt often mends by itself is told when it has stood so long."""


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong now. patience: how long it stands before anyone is told."""

    kind: str
    subject: str
    problem: str
    mend: str
    patience: timedelta = timedelta(0)

    @property
    def name(self) -> tuple[str, str]:
        return self.kind, self.subject


class Incident(BaseModel):
    """Something that is or was wrong. told_at: when people got its one message; None where nobody was told."""

    incident_id: int
    kind: str
    subject: str
    problem: str
    mend: str
    began_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    told_at: datetime | None


class NoSuchAddress(EduError):
    """EDU_ALERTS holds something that is no address; the message counts it and does not repeat it."""


def look_for_incidents(instance: dg.DagsterInstance, warehouse: Warehouse, now: datetime) -> list[Incident]:
    """Find what is wrong at `now`, keep it, tell people of what is new; the incidents that are open.

    Raises NoSuchAddress. What nobody could be told is told at the next look.
    """
    found = troubles(instance, warehouse, now)
    with (
        warehouse.connect(Role.ETL, autocommit=True, application_name="edu incidents") as connection,
        session_lock(connection, LOCK),
    ):
        keep(connection, found, now)
        _tell(connection, warehouse, found, now)
        return listed(connection)


def listed(connection: Connection, *, ended: bool = False) -> list[Incident]:
    """The open incidents, the oldest first; `ended`: all there ever were."""
    with connection.cursor(row_factory=class_row(Incident)) as cursor:
        return cursor.execute(
            "select * from etl.incident where ended_at is null or %s order by incident_id", [ended]
        ).fetchall()


# -- what is wrong ------------------------------------------------------------------------------------


def troubles(instance: dg.DagsterInstance, warehouse: Warehouse, now: datetime) -> list[Trouble]:
    """Everything that is wrong now and that only a person mends."""
    with warehouse.connect(Role.ETL, autocommit=True, application_name="edu incidents") as connection:
        unusable = list(_unusable_places(connection))
        away = {trouble.subject for trouble in unusable}
        sources = [
            *unusable,
            *_files_not_loaded(connection),
            *_held(connection),
            *(late for late in _silent_feeds(connection, warehouse, registry(), now) if late.subject not in away),
        ]
    return [*sources, *_terms_not_built(instance, warehouse), *_broken_checks(warehouse)]


def _unusable_places(connection: Connection) -> Iterator[Trouble]:
    for feed, problem in connection.execute(
        "select feed, problem from etl.landing_place where problem is not null order by feed"
    ).fetchall():
        yield Trouble(
            "place",
            feed,
            problem,
            "Mend what it names; the next look notices. `edu pipeline` looks at once.",
            WAITS_ITS_TURN,
        )


def _files_not_loaded(connection: Connection) -> Iterator[Trouble]:
    for feed, count, first, refused in connection.execute(
        "select feed, count(*), (array_agg(problem order by seen_at, path))[1], bool_or(delivery_id is not null)"
        " from etl.landing_file where problem is not null group by feed order by feed"
    ).fetchall():
        yield Trouble(
            "file",
            feed,
            f"{count} files that arrived are not loaded. {first}" if count > 1 else first,
            "Send the file again, whole and right, or take it out of the landing place.",
            timedelta(0) if refused else WAITS_ITS_TURN,
        )


def _held(connection: Connection) -> Iterator[Trouble]:
    for feed, count, reason in connection.execute(
        "select feed, count(*), (array_agg(reason order by held_id))[1] from etl.held_slice"
        " where status = 'open' group by feed order by feed"
    ).fetchall():
        yield Trouble(
            "held",
            feed,
            f"{count} deliveries are held back. The first: {reason}",
            "`edu held list` says what would go; `edu held release` applies it, or the source sends the whole file.",
        )


def _silent_feeds(connection: Connection, warehouse: Warehouse, declared: Registry, now: datetime) -> Iterator[Trouble]:
    """Feeds that are late. A day off finds nobody late, and whoever was late before it still is."""
    network = warehouse.settings.network
    asked = asked_about(now.astimezone(ZoneInfo(network.timezone)))
    today = asked.date()
    day = last_day_in_session(network, today)
    if day is None:
        return
    waited_for = {incident.subject for incident in listed(connection) if incident.kind == SILENT}
    late: dict[str, list[str]] = {}
    for term in current_terms(network, day):
        for contract in declared.switched_on(network):
            about = Slice(connection, network, contract, term, datetime.combine(day, asked.timetz()))
            for feed in silence(about)[1]:
                late.setdefault(feed, []).append(f"{contract.name} of {term.key}")
    for feed, owed in late.items():
        if day < today and feed not in waited_for:
            continue
        more = f" and {len(owed) - 3} more" if len(owed) > 3 else ""
        yield Trouble(
            SILENT,
            feed,
            f"Nothing came for too long while school was in session: {', '.join(owed[:3])}{more}.",
            "Ask the owner of the feed whether the export ran; drop the file into the feed's landing place.",
        )


def _terms_not_built(instance: dg.DagsterInstance, warehouse: Warehouse) -> Iterator[Trouble]:
    """Terms that are behind, and whose last gold run failed; one that is queued or runs may mend it."""
    for stale in stale_terms(warehouse, warehouse.settings):
        of_term = dg.RunsFilter(job_name=GOLD, tags={"dagster/partition": stale.term_key})
        last = instance.get_runs(of_term, limit=1)
        if last and last[0].status is dg.DagsterRunStatus.FAILURE:
            yield Trouble(
                "gold",
                stale.term_key,
                f"Gold of {stale.term_key} is behind ({stale.reason}), and building it failed; its old rows stand.",
                f"Run {last[0].run_id[:8]} says what failed. When that is mended: `edu backfill --terms"
                f" '{stale.term_key}'`.",
            )


def _broken_checks(warehouse: Warehouse) -> Iterator[Trouble]:
    with warehouse.connect(Role.DBT, autocommit=True, application_name="edu incidents") as connection:
        rows = connection.execute(
            "select term_key, failed, run_id from (select distinct on (term_key) term_key, run_id,"
            " coalesce((checks ->> 'failed')::int, 0) as failed from gold.term_build"
            " where status = 'built' and is_whole order by term_key, build_id desc) newest"
            " where failed > 0 order by term_key"
        ).fetchall()
    for term_key, failed, run_id in rows:
        said = f"Run {run_id[:8]} shows" if run_id else "Its last run shows"
        yield Trouble(
            "checks",
            term_key,
            f"{failed} checks of gold do not hold in {term_key}; its figures should not be used.",
            f"{said} which, why it matters and how it is mended.",
        )


# -- what is kept and told ----------------------------------------------------------------------------


def keep(connection: Connection, found: Sequence[Trouble], now: datetime) -> None:
    """Make the open incidents those that were found: begun, gone on with, or ended at `now`."""
    kinds, subjects = [trouble.kind for trouble in found], [trouble.subject for trouble in found]
    with connection.transaction():
        connection.execute(
            "update etl.incident set ended_at = null where incident_id in ("
            " select distinct on (kind, subject) incident_id from etl.incident"
            " where (kind, subject) in (select * from unnest(%s::text[], %s::text[]))"
            " order by kind, subject, incident_id desc)"
            " and ended_at >= %s",
            [kinds, subjects, now - STILL_THE_SAME],
        )
        for trouble in found:
            connection.execute(
                "insert into etl.incident (kind, subject, problem, mend, began_at, seen_at)"
                " values (%s, %s, %s, %s, %s, %s) on conflict (kind, subject) where ended_at is null"
                " do update set problem = excluded.problem, mend = excluded.mend, seen_at = excluded.seen_at",
                [trouble.kind, trouble.subject, trouble.problem, trouble.mend, now, now],
            )
        connection.execute(
            "update etl.incident set ended_at = %s where ended_at is null"
            " and (kind, subject) not in (select * from unnest(%s::text[], %s::text[]))",
            [now, kinds, subjects],
        )


def _tell(connection: Connection, warehouse: Warehouse, found: Sequence[Trouble], now: datetime) -> None:
    addresses = warehouse.settings.alerts
    patience = {trouble.name: trouble.patience for trouble in found}
    for incident in listed(connection):
        is_due = now - incident.began_at >= patience[incident.kind, incident.subject]
        if addresses and incident.told_at is None and is_due and _send(addresses, *_message(warehouse, incident)):
            connection.execute(
                "update etl.incident set told_at = %s where incident_id = %s", [now, incident.incident_id]
            )


def _message(warehouse: Warehouse, incident: Incident) -> tuple[str, str]:
    """Title and text. Neither holds a value that a source sent."""
    network = warehouse.settings.network
    since = incident.began_at.astimezone(ZoneInfo(network.timezone))
    return (
        f"{network.title}: {incident.subject} needs a look ({incident.kind})",
        f"{incident.problem}\n\n{incident.mend}\n\nIncident {incident.incident_id} of network {network.name}, since"
        f" {since:%Y-%m-%d %H:%M}. This is its only message; `edu incidents` lists what is open.",
    )


def _send(addresses: Sequence[SecretStr], title: str, text: str) -> bool:
    """Send to each address; whether one took it. Which ones did not is logged by its place, for it holds secrets."""
    import apprise  # a hundred services: imported where there is something to say

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would name addresses
    taken = []
    for place, address in enumerate(addresses, 1):
        messenger: Any = apprise.Apprise()
        if not messenger.add(address.get_secret_value()):
            raise NoSuchAddress(
                f"address {place} of EDU_ALERTS is none that Apprise knows: write mailto://…, slack://…, as its"
                " documentation says"
            )
        taken.append(bool(messenger.notify(title=title, body=text)))
        if not taken[-1]:
            logging.getLogger(__name__).warning("address %d of EDU_ALERTS took no message; it is tried again", place)
    return any(taken)
