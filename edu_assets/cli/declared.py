"""Commands on contracts: list, show, infer, test.

Belongs here: their arguments, and how a contract is shown. Does not belong here: declarations (contracts/), drafting
and rehearsing (contracts/drafting.py, raw_zone/rehearsal.py).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from edu_assets.cli.shown import Json, Term, new_table, out, print_json, ready
from edu_assets.errors import Exit

if TYPE_CHECKING:
    from edu_assets.contracts.base import Contract
    from edu_assets.raw_zone import Rehearsal


commands = typer.Typer()
contracts_commands = typer.Typer(no_args_is_help=True, help="The declared source tables: list, show, infer, test.")
commands.add_typer(contracts_commands, name="contracts")


@contracts_commands.command("list")
def contracts_list(as_json: Json = False) -> None:
    """Every declared source table: term rule, load mode, files, what it conforms to."""
    from edu_assets.contracts import registry

    declared = list(registry().contracts.values())
    if as_json:
        print_json(declared)
        return
    listing = new_table("contract", "term rule", "mode", "files", "conforms to", "description")
    for contract in declared:
        listing.add_row(
            contract.name,
            contract.term.rule,
            contract.mode.value,
            ", ".join(contract.files),
            ", ".join(contract.conforms_to),
            contract.description,
        )
    out.print(listing)


@contracts_commands.command("show")
def contracts_show(
    name: Annotated[str, typer.Argument(help="System and table, e.g. oneroster__users.")], as_json: Json = False
) -> None:
    """One declared source table with its columns."""
    from edu_assets.contracts import registry

    contract = registry().contract(name)
    if as_json:
        print_json(contract)
        return
    _show_contract(contract)


def _show_contract(contract: Contract) -> None:
    out.print(Text(f"{contract.raw_table}: {contract.description}"))
    out.print(Text(f"owner {contract.owner}; key {', '.join(contract.key)}; term rule {contract.term.rule}"))
    out.print(Text(f"files {', '.join(contract.files)}; late after {contract.freshness_days} days"))
    listing = new_table("column", "source column", "type", "required", "personal data", "description")
    for column in contract.columns:
        kept = "not stored" if column.secret else column.personal.value
        listing.add_row(
            column.name, column.header, column.type.value, "yes" if column.required else "", kept, column.description
        )
    out.print(listing)


@contracts_commands.command("infer")
def contracts_infer(
    file: Annotated[Path, typer.Argument(help="A file of the new table: CSV in any dialect, .xlsx, or JSON.")],
    system: Annotated[
        str | None, typer.Option("--system", help="The source system; else from the file's name.")
    ] = None,
    table: Annotated[str | None, typer.Option("--table", help="The table; else from the file's name.")] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="The sheet, where a workbook shows several.")] = None,
    as_json: Json = False,
) -> None:
    """Draft a contract module from a file, on standard output. Every guess is marked; no person's data is in it.

    Exit code 4: the file is no table, or has no header.
    """
    from edu_assets.contracts.drafting import named_after
    from edu_assets.sources.undeclared import draft_file

    named = named_after(file.name)
    found = draft_file(file, system=system or named[0], table=table or named[1], sheet=sheet)
    if as_json:
        print_json(found)
    else:
        sys.stdout.write(found.module)


@contracts_commands.command("test")
def contracts_test(
    file: Annotated[Path, typer.Argument(help="The file that would be loaded.")],
    system: Annotated[str | None, typer.Option("--system", help="The source system; else contracts claim.")] = None,
    feed: Annotated[str | None, typer.Option("--feed", help="The feed; else landing place or system say it.")] = None,
    term: Term = None,
    as_json: Json = False,
) -> None:
    """Say what a load of a file would do, and write nothing to raw tables.

    Exit code 0: every row would be loaded; 1: some would be quarantined; 4: the file would be refused.
    """
    from edu_assets.raw_zone import rehearse

    warehouse = ready()
    found = rehearse(warehouse, warehouse.settings, file, system=system, feed=feed, term=term)
    if as_json:
        print_json(found)
    else:
        _show_rehearsal(found)
    if found.status != "loads":
        raise typer.Exit(Exit.REFUSED if found.status == "refused" else Exit.FAILED)


def _show_rehearsal(found: Rehearsal) -> None:
    said = {"loads": "every row would be loaded", "quarantines": "some rows would be quarantined"}
    claimed = ", ".join(found.contracts) or "no contract claims it"
    out.print(Text(f"{found.source_file}: {said.get(found.status, 'would be refused')}; {claimed}"))
    for problem in found.problems:
        out.print(Text(f"  {problem}"), soft_wrap=True)
    for table in found.tables:
        out.print(
            f"{table.contract}: {table.rows_read:,} rows read, {table.valid:,} valid, {table.duplicates:,} duplicates, "
            f"{table.quarantined:,} quarantined"
        )
        for term_key, rows in table.terms.items():
            out.print(f"  {term_key}: {rows:,} rows")
        if table.set_aside:
            listing = new_table("rule", "column", "rows", "lines", "why")
            for cause in table.set_aside:
                rest = ", …" if cause.rows > len(cause.lines) else ""
                lines = ", ".join(map(str, cause.lines)) + rest
                listing.add_row(*map(Text, (cause.rule, cause.column or "", f"{cause.rows:,}", lines, cause.message)))
            out.print(listing)
