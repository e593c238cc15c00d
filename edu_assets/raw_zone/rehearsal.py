"""A load without a load: what would become of a file, by the loader's own steps until they would write.

Belongs here: which contract and feed a file that has not arrived would have, what its staging found. Does not belong
here: opening, binding, validation, terms (opening.py, binding.py and stage.py do them here as in a load). Holds are not
judged: they compare with what is open when a delivery comes.

Staging is done in tables of schema `stage` that are dropped afterwards. They bear the number of a delivery that never
comes to be, so that loads at the same time and the sweep after a crash treat them as any other. The file is not
archived and not known afterwards.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from psycopg import Connection, sql
from pydantic import BaseModel, Field

from edu_assets.contracts import registry
from edu_assets.contracts.base import DeclarationError
from edu_assets.raw_zone.archive import files_at
from edu_assets.raw_zone.binding import bind
from edu_assets.raw_zone.expressions import describe
from edu_assets.raw_zone.loader import Arrival, stage_all
from edu_assets.raw_zone.opening import Said, nearest, open_delivery, require_declared
from edu_assets.raw_zone.slices import Delivery, DeliveryReport
from edu_assets.raw_zone.stage import drop, own_delivery, sweep
from edu_assets.raw_zone.staged import Staged
from edu_assets.settings import Settings
from edu_assets.sources.files import FileRefused
from edu_assets.sources.places import places_of
from edu_assets.sources.undeclared import open_undeclared
from edu_assets.warehouse import Role, Warehouse

SQL = sql.SQL
MOST_LINES = 20


class SetAside(BaseModel):
    """Rows of a table that one rule would set aside: how many, and the lines of the first of them; never values."""

    rule: str
    column: str | None
    message: str
    rows: int
    lines: list[int]


class TableRehearsal(BaseModel):
    """What would become of one table of a file. `duplicates`: identical rows, of which one is kept."""

    contract: str
    source_file: str
    rows_read: int
    valid: int
    duplicates: int
    quarantined: int
    set_aside: list[SetAside]
    terms: dict[str, int]


class Rehearsal(BaseModel):
    """What a load would do with a file. `status`: loads (every row), quarantines (some rows), or refused.

    contracts: those that claim the file. nearest: where none does, the one whose columns are most like its own.
    problems: one sentence each about the file and its header, never with a value.
    """

    source_file: str
    system: str | None
    feed: str | None
    status: str
    contracts: list[str] = Field(default_factory=list)
    nearest: str | None = None
    problems: list[str] = Field(default_factory=list)
    tables: list[TableRehearsal] = Field(default_factory=list)


def rehearse(
    warehouse: Warehouse,
    settings: Settings,
    path: Path,
    *,
    system: str | None = None,
    feed: str | None = None,
    term: str | None = None,
) -> Rehearsal:
    """Do with a file what a load does until rows would be written. Arguments as those of `load_paths`.

    Where no feed of the network is of the system, rows are staged under the system's name.
    """
    if term is not None:
        settings.network.calendar.term(term)
    if not path.is_file():
        problem = f"{path.name}: no such file; a pipe, a device and a folder are none"
        return Rehearsal(source_file=path.name, system=system, feed=feed, status="refused", problems=[problem])
    if system is not None and system not in registry().systems:
        raise DeclarationError(f"no system {system!r}; known: {', '.join(sorted(registry().systems))}")
    [file] = files_at(places_of(settings), path)
    arrival = Arrival(settings, file, system, feed)
    system = arrival.system or _only_system_that_claims(path.name)
    found = Rehearsal(source_file=path.name, system=system, feed=arrival.feed, status="refused")
    if arrival.problem:
        found.problems.append(arrival.problem)
        return found
    if system is not None:
        found.contracts = [contract.name for contract in registry().of_system(system) if contract.claims(path.name)]
        if arrival.feed is None:
            found.problems.append(f"the network file has no feed of system {system}: a load needs one")
    if not found.contracts and not path.name.lower().endswith(".zip"):
        _compare_with_nearest(found, path)
        return found
    with warehouse.connect(Role.ETL, autocommit=True, application_name="edu rehearsal") as connection:
        _stage(connection, settings, found, path, Said(path.name, term, arrival.stated_date))
    return found


def _only_system_that_claims(name: str) -> str | None:
    """The system of a file that is of no feed yet; None where no contract claims it, or those of several systems."""
    systems = {contract.system for contract in registry().contracts.values() if contract.claims(name)}
    return systems.pop() if len(systems) == 1 else None


def _compare_with_nearest(found: Rehearsal, path: Path) -> None:
    """Say of which table a file that no contract claims may be, and how its header differs."""
    try:
        table, _ = open_undeclared(path)
    except FileRefused as why:
        found.problems.append(str(why))
        return
    likeliest = nearest(table.header)
    if likeliest is None:
        found.problems.append(
            f"{path.name}: no contract claims it, and none has columns like its own; `edu contracts infer` drafts one"
        )
        return
    found.nearest = likeliest.name
    found.problems.append(
        f"{path.name}: no contract claims it; its columns are most like {likeliest.name}, whose files are named "
        f"{' or '.join(likeliest.files)}"
    )
    try:
        found.problems += bind(likeliest, table, None)[1]
    except FileRefused as why:
        found.problems.append(str(why))


def _stage(connection: Connection, settings: Settings, found: Rehearsal, path: Path, said: Said) -> None:
    assert found.system is not None
    row = connection.execute("select nextval(pg_get_serial_sequence('etl.delivery', 'delivery_id'))").fetchone()
    assert row is not None
    number = int(row[0])
    feed = found.feed or found.system
    report = DeliveryReport(delivery_id=None, source_file=path.name, feed=feed, status="received")
    staged: dict[str, Staged] = {}
    with own_delivery(connection, number):
        sweep(connection)
        try:
            opened = open_delivery(settings, found.system, path, said, report)
            if found.feed is not None:
                require_declared(opened, settings.network.feeds[found.feed], found.feed)
            delivery = Delivery(
                delivery_id=number,
                feed=feed,
                bytes=path.stat().st_size,
                effective_date=opened.effective_date,
                started_at=datetime.now(UTC),
                run_id=None,
            )
            stage_all(connection, delivery, opened, path.name, staged, report)
            found.tables = [_seen(connection, table) for table in staged.values()]
            found.contracts = [table.contract for table in found.tables]
            found.status = "quarantines" if report.quarantined else "loads"
        except FileRefused as why:
            report.problems.append(str(why))
        finally:
            if not connection.broken:
                for table in staged.values():
                    drop(connection, table)
    found.problems += report.problems


def _seen(connection: Connection, staged: Staged) -> TableRehearsal:
    contract = staged.contract
    columns = {column.name: column for column in contract.columns}
    rows = connection.execute(
        SQL(
            "select rule, nullif(column_name, ''), reason, count(*), (array_agg(_line order by _line))[:{most}]"
            " from {bad} group by 1, 2, 3 order by 4 desc, 1, 2, 3"
        ).format(most=sql.Literal(MOST_LINES), bad=staged.table("bad"))
    ).fetchall()
    set_aside = [
        SetAside(
            rule=rule,
            column=column,
            message=describe(rule, contract, columns.get(column or ""), reason or ""),
            rows=count,
            lines=lines,
        )
        for rule, column, reason, count, lines in rows
    ]
    quarantined, duplicates = sum(staged.quarantined.values()), sum(staged.duplicates.values())
    terms: dict[str, int] = dict(
        connection.execute(
            SQL("select term_key, count(*) from {} group by 1 order by 1").format(staged.table("typed"))
        ).fetchall()
    )
    return TableRehearsal(
        contract=contract.name,
        source_file=staged.source_file,
        rows_read=staged.rows_read,
        valid=sum(terms.values()),
        duplicates=duplicates,
        quarantined=quarantined,
        set_aside=set_aside,
        terms=terms,
    )
