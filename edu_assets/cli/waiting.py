"""Commands for what waits for a person: quarantined rows, held deliveries, incidents.

Belongs here: their arguments, and how they are listed. Does not belong here: what sets something aside (raw_zone/),
what an incident is (orchestration/alerts.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from edu_assets.cli.shown import Json, new_table, out, print_json, ready, slice_table
from edu_assets.errors import EduError

if TYPE_CHECKING:
    from datetime import datetime


commands = typer.Typer()
quarantine_commands = typer.Typer(no_args_is_help=True, help="Rows that were set aside: list, show, replay, correct.")
held_commands = typer.Typer(no_args_is_help=True, help="Deliveries that wait for a person's word: list, release.")
commands.add_typer(quarantine_commands, name="quarantine")
commands.add_typer(held_commands, name="held")


@quarantine_commands.command("list")
def quarantine_list(
    table: Annotated[str | None, typer.Option("--table", help="One raw table.")] = None,
    state: Annotated[str, typer.Option("--status", help="open, replayed or superseded.")] = "open",
    limit: Annotated[int, typer.Option("--limit", help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """Quarantined rows with file, line and rule; never their values."""
    from edu_assets.raw_zone import quarantine
    from edu_assets.warehouse import Role

    with ready().connect(Role.ETL, autocommit=True) as connection:
        rows = quarantine.listed(connection, status=state, raw_table=table, limit=limit)
    if as_json:
        print_json(rows)
        return
    listing = new_table("id", "table", "file", "line", "column", "rule")
    for row in rows:
        listing.add_row(
            str(row.quarantine_id),
            row.raw_table,
            row.source_file,
            str(row.source_row),
            row.column_name or "",
            row.message,
        )
    out.print(listing if rows else f"no row is {state}")


@quarantine_commands.command("show")
def quarantine_show(
    quarantine_id: Annotated[int, typer.Argument(help="The number that `edu quarantine list` gives.")],
    as_json: Json = False,
) -> None:
    """One quarantined row as it was sent. Holds personal data."""
    from edu_assets.raw_zone import quarantine
    from edu_assets.warehouse import Role

    with ready().connect(Role.ETL, autocommit=True) as connection:
        row = quarantine.shown(connection, quarantine_id)
    if row is None:
        raise EduError(f"no quarantined row {quarantine_id}; `edu quarantine list` shows the open ones")
    if as_json:
        print_json([row])
        return
    for name, value in row.items():
        if name != "original":
            out.print(Text(f"{name}: {value}"))
    for header, text in (row["original"] or {}).items():
        out.print(Text(f"  {header} = {text!r}"))


@quarantine_commands.command("replay")
def quarantine_replay(
    ids: Annotated[list[int] | None, typer.Argument(help="Numbers of rows; none: every open row.")] = None,
    table: Annotated[str | None, typer.Option("--table", help="Only rows of this raw table.")] = None,
    as_json: Json = False,
) -> None:
    """Validate quarantined rows again and load those that are valid now; never over a newer version."""
    from edu_assets.raw_zone import replay

    slices = replay(ready(), raw_table=table, ids=ids or None)
    if as_json:
        print_json(slices)
    elif slices:
        out.print(slice_table(slices))
    else:
        out.print("no row is valid now; each waits for its cause to be mended")


@quarantine_commands.command("correct")
def quarantine_correct(
    quarantine_id: Annotated[int, typer.Argument(help="The number that `edu quarantine list` gives.")],
    values: Annotated[list[str], typer.Argument(help="Source columns with their right values: COLUMN=VALUE.")],
    as_json: Json = False,
) -> None:
    """Correct a quarantined row by hand and load it. The original stays beside the correction."""
    from edu_assets.raw_zone import correct

    pairs = [value.split("=", 1) for value in values]
    if any(len(pair) != 2 for pair in pairs):
        raise typer.BadParameter("say each correction as COLUMN=VALUE, e.g. AttendanceDate=2025-01-22")
    slices = correct(ready(), quarantine_id, dict(pairs))
    if as_json:
        print_json(slices)
    else:
        out.print(slice_table(slices) if slices else "the row breaks a rule still; it stays in quarantine")


@held_commands.command("list")
def held_list(as_json: Json = False) -> None:
    """Deliveries that are held back, for one school or whole, and why."""
    from edu_assets.raw_zone import held
    from edu_assets.warehouse import Role

    with ready().connect(Role.ETL, autocommit=True) as connection:
        rows = held.listed(connection)
    if as_json:
        print_json(rows)
        return
    listing = new_table("id", "file", "feed", "term", "school", "reason")
    for row in rows:
        listing.add_row(str(row.held_id), row.source_file, row.feed, row.term_key, row.school or "", row.reason)
    out.print(listing if rows else "nothing is held back")


@held_commands.command("release")
def held_release(
    held_id: Annotated[int, typer.Argument(help="The number that `edu held list` gives.")], as_json: Json = False
) -> None:
    """Apply what was held back. Rows that a later load wrote stay."""
    from edu_assets.raw_zone import release

    warehouse = ready()
    slices = release(warehouse, warehouse.settings, held_id)
    if as_json:
        print_json(slices)
    else:
        out.print(slice_table(slices))


@commands.command()
def incidents(
    ended: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    as_json: Json = False,
) -> None:
    """What is wrong and needs a person. Looks now, and tells of what is new as the daemon would."""
    from datetime import UTC, datetime

    from edu_assets.orchestration.alerts import listed, look_for_incidents
    from edu_assets.orchestration.instance import open_instance
    from edu_assets.warehouse import Role

    warehouse = ready()
    with open_instance(warehouse) as instance:
        found = look_for_incidents(instance, warehouse, datetime.now(UTC))
    if ended:
        with warehouse.connect(Role.ETL, autocommit=True) as connection:
            found = listed(connection, ended=True)
    if as_json:
        print_json(found)
        return
    if not found:
        out.print("nothing is wrong that needs a person")
    for incident in found:
        over = f", over since {_when(incident.ended_at)}" if incident.ended_at else ""
        told = f"told {_when(incident.told_at)}" if incident.told_at else "nobody was told"
        said = f"{incident.incident_id}  {incident.subject} ({incident.kind}) since {_when(incident.began_at)}{over}; "
        out.print(Text(said + told, style="bold"))
        out.print(Text(f"   {incident.problem}\n   {incident.mend}"), soft_wrap=True)


def _when(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
