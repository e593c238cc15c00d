"""The command `edu`.

Belongs here: arguments, what a person or a program sees, exit codes. Does not belong here: anything that
is done (each command calls one function of a package and shows what it returns).

Every command takes `--json`, for programs; errors go to standard error as one sentence, with the exit code
that errors.Exit gives their kind. Heavy imports stand in the commands that need them, so that `edu --help`
answers at once.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from edu_assets.errors import EduError, Exit

if TYPE_CHECKING:
    from edu_assets.contracts.base import Contract
    from edu_assets.gold.lineage import ColumnStep
    from edu_assets.orchestration.backfill import TermRun
    from edu_assets.orchestration.pipeline import PipelineReport, Stage
    from edu_assets.raw_zone import DeliveryReport, Finding, Rehearsal, SliceReport
    from edu_assets.warehouse import Role, Warehouse

PLAIN_SECONDS = 5.0
"""Between two lines of progress where the output is no terminal."""

app = typer.Typer(
    name="edu",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Exports of a school network's systems become figures that people can sign.\n\n"
    "The network is the file in --network or EDU_NETWORK. Exit codes: 0 done, 1 failed, 2 wrong call, "
    "3 PostgreSQL or the broker does not answer, 4 refused.",
)
quarantine_app = typer.Typer(no_args_is_help=True, help="Rows that were set aside: list, show, replay.")
held_app = typer.Typer(no_args_is_help=True, help="Deliveries that wait for a person's word: list, release.")
db_app = typer.Typer(no_args_is_help=True, help="How other programs reach the database.")
contracts_app = typer.Typer(no_args_is_help=True, help="The declared source tables: list, show, infer, test.")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(held_app, name="held")
app.add_typer(db_app, name="db")
app.add_typer(contracts_app, name="contracts")

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Term = Annotated[str | None, typer.Option("--term", help="Academic year and term, e.g. '2025-26|T1'.")]

out = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
err = Console(stderr=True, highlight=False)


@app.callback()
def choose_network(
    network: Annotated[
        Path | None, typer.Option("--network", help="The network file; else EDU_NETWORK, else networks/sample.yaml.")
    ] = None,
) -> None:
    if network is not None:
        os.environ["EDU_NETWORK"] = str(network.resolve())


# -- the server ---------------------------------------------------------------------------------------


@app.command()
def up(
    reset_passwords: Annotated[
        bool, typer.Option("--reset-passwords", help="Give the roles of a server of yours new passwords.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Start PostgreSQL where it is ours to start, and set up roles, schemas and raw tables."""
    from edu_assets.raw_zone import deploy

    warehouse = _warehouse()
    warehouse.up(reset_passwords=reset_passwords)
    deploy(warehouse, warehouse.settings.network)
    _status(warehouse, as_json)


@app.command()
def down(
    purge: Annotated[bool, typer.Option("--purge", help="Delete the server's data too, of every network.")] = False,
    as_json: Json = False,
) -> None:
    """Stop the embedded PostgreSQL. Nothing else stops it."""
    ran = _warehouse().down(purge=purge)
    _answer({"stopped": ran, "purged": purge}, as_json, "stopped" if ran else "was not running")


@app.command()
def status(as_json: Json = False) -> None:
    """What runs, where, and what it holds."""
    _status(_warehouse(), as_json)


def _status(warehouse: Warehouse, as_json: bool) -> None:
    found = warehouse.status()
    if as_json:
        _print_json(found)
    else:
        state = "running" if found.running else "not running"
        version = f"PostgreSQL {found.version}, " if found.version else ""
        out.print(f"{found.kind} server: {state}; {version}{found.host}:{found.port}" if found.host else state)
        out.print(f"network {found.network}, database {found.database}: {'ready' if found.ready else 'not set up'}")
        for database in found.databases:
            out.print(f"  {database.name}  {_size(database.bytes)}  {database.holds}")
        if found.data_folder:
            out.print(f"data {found.data_folder} ({_size(found.data_bytes or 0)}), log {found.log_file}")
        out.print(f"passwords {found.password_file}")
        for folder in found.left_behind:
            out.print(f"left behind by a deleted EDU_HOME: {folder}; `edu down --purge` removes it")
        if found.problem:
            err.print(found.problem)
    if not found.ready:
        raise typer.Exit(Exit.UNREACHABLE)


# -- the way of the data ------------------------------------------------------------------------------


@app.command()
def pipeline(as_json: Json = False) -> None:
    """Start, load what waits, build gold of every term that is behind, run the checks."""
    from edu_assets.orchestration.pipeline import pipeline as run

    with _Progress(quiet=as_json) as progress:
        report = run(_warehouse(), progress.say)
    if as_json:
        _print_json(report)
    else:
        _show_pipeline(report)
    if not report.succeeded:
        raise typer.Exit(Exit.FAILED)


def _show_pipeline(report: PipelineReport) -> None:
    if report.nothing_new:
        out.print(
            f"Nothing new in network {report.network}: {report.files_known:,} files are loaded and gold of "
            f"{report.terms_built} terms is up to date ({report.seconds:.1f} s)."
        )
    else:
        out.print(_stage_table(report.stages))
        out.print("Rows: read, accepted and quarantined. Gold: tables written, checks that passed, warned, failed.")
    _show_list("Files that were refused", report.refused)
    _show_list("Checks that do not hold", report.findings)
    _show_list("Failed", report.errors)
    _show_next(report)


def _stage_table(stages: Sequence[Stage]) -> Table:
    columns = ("rows_read", "accepted", "quarantined", "tables", "passed", "warned", "failed")
    table = _table("stage", *(name.removeprefix("rows_") for name in columns), "seconds", numbers_from=1)
    for stage in stages:
        cells = ["" if getattr(stage, name) is None else f"{getattr(stage, name):,}" for name in columns]
        name = stage.name if stage.files is None else f"{stage.name}, {stage.files:,} files"
        table.add_row(name, *cells, f"{stage.seconds:.1f}")
    totals = [[found for stage in stages if (found := getattr(stage, name)) is not None] for name in columns]
    table.add_section()
    table.add_row(
        "in all", *(f"{sum(found):,}" if found else "" for found in totals), f"{sum(s.seconds for s in stages):.1f}"
    )
    return table


def _show_list(title: str, lines: Sequence[str], most: int = 12) -> None:
    if not lines:
        return
    out.print(f"\n{title}:")
    for line in lines[:most]:
        out.print(Text(f"  {line}"), soft_wrap=True)
    if len(lines) > most:
        out.print(f"  … and {len(lines) - most} more; --json has them all")


def _show_next(report: PipelineReport) -> None:
    edu = "edu" if shutil.which("edu") else ".venv/bin/edu"
    other = "" if report.network == "sample" else f" NETWORK={report.network_file}"
    edu += "" if report.network == "sample" else f" --network {report.network_file}"
    lines = [f"make ui{other}: assets, runs, checks and lineage in Dagster"]
    if report.waiting.quarantined:
        lines.append(f"{edu} quarantine list: {report.waiting.quarantined:,} rows wait, each with file, line and rule")
    if report.waiting.held:
        lines.append(f"{edu} held list: {report.waiting.held:,} deliveries wait for a person's word")
    lines += [
        f"{edu} loads: every load with its row counts",
        f'psql "$({edu} db url --role dbt_user)": the gold tables themselves',
    ]
    _show_list("Where to look next", lines)


@app.command()
def load(
    paths: Annotated[list[str], typer.Argument(help="Files or folders; or URLs in a feed's landing place.")],
    system: Annotated[str | None, typer.Option("--system", help="The source system; else contracts claim.")] = None,
    feed: Annotated[str | None, typer.Option("--feed", help="The feed; else landing place or system say it.")] = None,
    term: Term = None,
    as_json: Json = False,
) -> None:
    """Load files, wherever they lie. Dagster learns of it from the load log."""
    from edu_assets.raw_zone import load_paths

    warehouse = _ready()
    with _Progress(quiet=as_json) as progress:
        reports = load_paths(
            warehouse,
            warehouse.settings,
            paths,
            system=system,
            feed=feed,
            term=term,
            progress=lambda line: progress.say(line, minor=True),
        )
    if as_json:
        _print_json(reports)
    else:
        _show_deliveries(reports)
    if any(report.failed for report in reports):
        raise typer.Exit(Exit.FAILED)
    if any(report.status == "refused" for report in reports):
        raise typer.Exit(Exit.REFUSED)


def _show_deliveries(reports: Sequence[DeliveryReport]) -> None:
    for report in reports:
        delivery = f" (delivery {report.delivery_id}, feed {report.feed})" if report.delivery_id else ""
        out.print(Text(f"{report.source_file}: {report.status}{delivery}"))
        for problem in report.problems:
            out.print(Text(f"  {problem}"))
        if report.conformance:
            _show_conformance(report.conformance)
        if report.slices:
            out.print(_slice_table(report.slices))


def _show_conformance(findings: Sequence[Finding]) -> None:
    errors = sum(finding.severity == "error" for finding in findings)
    out.print(f"conformance: {errors} errors, {len(findings) - errors} warnings; nothing that is loaded changes by it")
    table = _table("severity", "file", "line", "column", "value", "rule", "hint")
    for finding in findings:
        cells = (finding.severity.value, finding.file)
        named, hint = finding.column or "", finding.hint
        if not finding.examples:
            table.add_row(*map(Text, (*cells, "", named, "", finding.rule, hint)))
        for example in finding.examples:
            line = "" if example.line is None else str(example.line)
            table.add_row(*map(Text, (*cells, line, named, example.value or "", finding.rule, hint)))
            hint = "″"
        rest = finding.count - len(finding.examples)
        if finding.examples and rest > 0:
            table.add_row(*map(Text, (*cells, "", named, "", finding.rule, f"… and {rest:,} more")))
    out.print(table)


def _slice_table(slices: Sequence[SliceReport]) -> Table:
    figures = ("rows_read", "accepted", "inserted", "changed", "closed", "duplicates", "quarantined", "held")
    table = _table("table", "term", "status", "load", *(name.replace("_", " ") for name in figures), numbers_from=3)
    for part in slices:
        counts = (f"{getattr(part, name):,}" for name in figures)
        table.add_row(part.raw_table, part.term_key, part.status, str(part.load_id), *counts)
    return table


@app.command()
def backfill(
    terms: Annotated[
        str, typer.Option("--terms", help="Terms by comma, an academic year, or all: '2025-26|T1,2025-26|T2'.")
    ],
    as_json: Json = False,
) -> None:
    """Build gold of the terms again, one Dagster run each, in this one warm process."""
    from edu_assets.orchestration.backfill import backfill as run
    from edu_assets.orchestration.backfill import chosen_terms

    warehouse = _ready()
    keys = chosen_terms(warehouse.settings.network, terms)
    with _Progress(quiet=as_json) as progress:
        progress.say(f"starting {len(keys)} terms")
        runs = run(warehouse, keys, lambda done: progress.say(f"{done.term_key} in {done.seconds:.1f} s"))
    if as_json:
        _print_json(runs)
    else:
        _show_runs(runs)
    if not all(done.succeeded and not done.failed for done in runs):
        raise typer.Exit(Exit.FAILED)


def _show_runs(runs: Sequence[TermRun]) -> None:
    table = _table("term", "tables", "rows", "passed", "warned", "failed", "seconds", "run", numbers_from=1)
    for done in runs:
        counts = (len(done.rows), sum(done.rows.values()), done.passed, done.warned, done.failed)
        table.add_row(done.term_key, *(f"{count:,}" for count in counts), f"{done.seconds:.1f}", done.run_id[:8])
    out.print(table)
    _show_list("Checks that do not hold", [f"{done.term_key} {found}" for done in runs for found in done.findings])
    _show_list("Failed", [f"{done.term_key}: {done.error}" for done in runs if not done.succeeded])


@app.command()
def loads(
    table: Annotated[str | None, typer.Option("--table", help="One raw table, e.g. oneroster__users.")] = None,
    term: Term = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many, the newest first.")] = 40,
    as_json: Json = False,
) -> None:
    """Every load of every slice with its row counts: the outbox from which Dagster learns."""
    from edu_assets.raw_zone import listed_loads
    from edu_assets.warehouse import Role

    with _ready().connect(Role.ETL, autocommit=True) as connection:
        found = listed_loads(connection, raw_table=table, term_key=term, limit=limit)
    if as_json:
        _print_json(found)
        return
    shown = ("load_id", "raw_table", "feed", "term_key", "status", "mode")
    figures = ("rows_read", "accepted", "changed", "closed", "quarantined", "held")
    rows = _table(*(name.replace("_", " ") for name in (*shown, *figures)), numbers_from=6)
    for line in found:
        rows.add_row(*(str(line[name]) for name in shown), *(f"{line[name]:,}" for name in figures))
    out.print(rows)


@app.command()
def asof(
    table: Annotated[str, typer.Argument(help="The raw table, e.g. oneroster__users.")],
    load_id: Annotated[int | None, typer.Option("--load", help="After this load; `edu loads` lists them.")] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", help="At this time, e.g. 2025-10-01T16:30; in the network's zone unless it has an offset."
        ),
    ] = None,
    term: Term = None,
) -> None:
    """A raw table as it stood after a load, or at a time, as CSV. Holds personal data."""
    from edu_assets.contracts import registry
    from edu_assets.raw_zone import as_of_csv, instant, load_at
    from edu_assets.warehouse import Role

    if (load_id is None) == (at is None):
        raise typer.BadParameter("say either --load or --at")
    contract = registry().contract(table)
    warehouse = _ready()
    with warehouse.connect(Role.ETL, autocommit=True) as connection:
        if at is not None:
            load_id = load_at(connection, instant(at, warehouse.settings.network.timezone))
        assert load_id is not None
        for block in as_of_csv(connection, contract, load_id, term):
            sys.stdout.buffer.write(block)


@app.command()
def lineage(
    named: Annotated[str, typer.Argument(help="A table or a column of it, e.g. mart_enrollment.exits.")],
    every_system: Annotated[bool, typer.Option("--all", help="Systems that the network has not, too.")] = False,
    as_json: Json = False,
) -> None:
    """What a column's values are made of, step by step up to the columns of files. Asks no database."""
    from edu_assets.contracts import registry
    from edu_assets.gold import manifest_content
    from edu_assets.gold.lineage import trace
    from edu_assets.settings import Settings

    settings = Settings()
    systems = set(registry().systems) if every_system else settings.network.systems
    steps = trace(manifest_content(settings), registry(), named, systems)
    if as_json:
        _print_json(steps)
        return
    for step in steps:
        tree = Tree(_step_label(step))
        _grow(tree, step)
        out.print(tree)


def _grow(tree: Tree, step: ColumnStep) -> None:
    for above in step.made_of:
        _grow(tree.add(_step_label(above)), above)


def _step_label(step: ColumnStep) -> Text:
    found = f"  ← {step.header} of {', '.join(step.files)}" if step.files else ""
    return Text(f"{step.relation}.{step.column}{found}")


# -- what waits for a person --------------------------------------------------------------------------


@quarantine_app.command("list")
def quarantine_list(
    table: Annotated[str | None, typer.Option("--table", help="One raw table.")] = None,
    state: Annotated[str, typer.Option("--status", help="open, replayed or superseded.")] = "open",
    limit: Annotated[int, typer.Option("--limit", help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """Quarantined rows with file, line and rule; never their values."""
    from edu_assets.raw_zone import quarantine
    from edu_assets.warehouse import Role

    with _ready().connect(Role.ETL, autocommit=True) as connection:
        rows = quarantine.listed(connection, status=state, raw_table=table, limit=limit)
    if as_json:
        _print_json(rows)
        return
    listing = _table("id", "table", "file", "line", "column", "rule")
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


@quarantine_app.command("show")
def quarantine_show(
    quarantine_id: Annotated[int, typer.Argument(help="The number that `edu quarantine list` gives.")],
    as_json: Json = False,
) -> None:
    """One quarantined row as it was sent. Holds personal data."""
    from edu_assets.raw_zone import quarantine
    from edu_assets.warehouse import Role

    with _ready().connect(Role.ETL, autocommit=True) as connection:
        row = quarantine.shown(connection, quarantine_id)
    if row is None:
        raise EduError(f"no quarantined row {quarantine_id}; `edu quarantine list` shows the open ones")
    if as_json:
        _print_json([row])
        return
    for name, value in row.items():
        if name != "original":
            out.print(Text(f"{name}: {value}"))
    for header, text in (row["original"] or {}).items():
        out.print(Text(f"  {header} = {text!r}"))


@quarantine_app.command("replay")
def quarantine_replay(
    ids: Annotated[list[int] | None, typer.Argument(help="Numbers of rows; none: every open row.")] = None,
    table: Annotated[str | None, typer.Option("--table", help="Only rows of this raw table.")] = None,
    as_json: Json = False,
) -> None:
    """Validate quarantined rows again and load those that are valid now; never over a newer version."""
    from edu_assets.raw_zone import replay

    slices = replay(_ready(), raw_table=table, ids=ids or None)
    if as_json:
        _print_json(slices)
    elif slices:
        out.print(_slice_table(slices))
    else:
        out.print("no row is valid now; each waits for its cause to be mended")


@quarantine_app.command("correct")
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
    slices = correct(_ready(), quarantine_id, dict(pairs))
    if as_json:
        _print_json(slices)
    else:
        out.print(_slice_table(slices) if slices else "the row breaks a rule still; it stays in quarantine")


@held_app.command("list")
def held_list(as_json: Json = False) -> None:
    """Deliveries that are held back, for one school or whole, and why."""
    from edu_assets.raw_zone import held
    from edu_assets.warehouse import Role

    with _ready().connect(Role.ETL, autocommit=True) as connection:
        rows = held.listed(connection)
    if as_json:
        _print_json(rows)
        return
    listing = _table("id", "file", "feed", "term", "school", "reason")
    for row in rows:
        listing.add_row(str(row.held_id), row.source_file, row.feed, row.term_key, row.school or "", row.reason)
    out.print(listing if rows else "nothing is held back")


@held_app.command("release")
def held_release(
    held_id: Annotated[int, typer.Argument(help="The number that `edu held list` gives.")], as_json: Json = False
) -> None:
    """Apply what was held back. Rows that a later load wrote stay."""
    from edu_assets.raw_zone import release

    warehouse = _ready()
    slices = release(warehouse, warehouse.settings, held_id)
    if as_json:
        _print_json(slices)
    else:
        out.print(_slice_table(slices))


# -- other programs -----------------------------------------------------------------------------------


RoleName = Annotated[str, typer.Option("--role", help="etl_user, dbt_user, reporting_user, agent_user or admin.")]


@db_app.command("url")
def db_url(role: RoleName = "reporting_user") -> None:
    """The libpq address of the network's database for a role, with its password: for a program's input."""
    sys.stdout.write(_ready().url(_role(role)) + "\n")


@db_app.command("env")
def db_env(role: RoleName = "dbt_user") -> None:
    """Exports for a shell: libpq's variables of a role, Dagster's home and storage. Use: eval "$(edu db env)"."""
    import shlex

    from edu_assets.orchestration.instance import environment

    warehouse = _ready()
    for name, value in {**warehouse.environment(_role(role)), **environment(warehouse)}.items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


def _role(name: str) -> Role:
    from edu_assets.warehouse import Role

    try:
        return Role(name)
    except ValueError:
        raise typer.BadParameter(f"no role {name!r}; there are {', '.join(Role)}") from None


@app.command()
def ui(
    port: Annotated[int, typer.Option("--port", help="Port of the webserver on the loopback address.")] = 3000,
) -> None:
    """Run Dagster: code server, webserver and daemon, until Ctrl-C or kill; PostgreSQL goes on."""
    from edu_assets.orchestration.executor import require_broker
    from edu_assets.orchestration.ui import serve
    from edu_assets.raw_zone import deploy

    warehouse = _warehouse()
    if warehouse.settings.broker is not None:
        require_broker(warehouse.settings)
    warehouse.up()
    deploy(warehouse, warehouse.settings.network)
    raise typer.Exit(serve(warehouse, port, out.print))


@app.command()
def worker() -> None:
    """Execute steps of runs that come through the broker in EDU_BROKER, until Ctrl-C or kill.

    Exit code 3: the broker does not answer.
    """
    from edu_assets.orchestration.executor import require_broker
    from edu_assets.orchestration.worker import work
    from edu_assets.raw_zone import deploy

    warehouse = _warehouse()
    require_broker(warehouse.settings)
    deploy(warehouse, warehouse.settings.network)
    work(warehouse)


# -- declarations -------------------------------------------------------------------------------------


@contracts_app.command("list")
def contracts_list(as_json: Json = False) -> None:
    """Every declared source table: term rule, load mode, files, what it conforms to."""
    from edu_assets.contracts import registry

    declared = list(registry().contracts.values())
    if as_json:
        _print_json(declared)
        return
    listing = _table("contract", "term rule", "mode", "files", "conforms to", "description")
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


@contracts_app.command("show")
def contracts_show(
    name: Annotated[str, typer.Argument(help="System and table, e.g. oneroster__users.")], as_json: Json = False
) -> None:
    """One declared source table with its columns."""
    from edu_assets.contracts import registry

    contract = registry().contract(name)
    if as_json:
        _print_json(contract)
        return
    _show_contract(contract)


def _show_contract(contract: Contract) -> None:
    out.print(Text(f"{contract.raw_table}: {contract.description}"))
    out.print(Text(f"owner {contract.owner}; key {', '.join(contract.key)}; term rule {contract.term.rule}"))
    out.print(Text(f"files {', '.join(contract.files)}; late after {contract.freshness_days} days"))
    listing = _table("column", "source column", "type", "required", "personal data", "description")
    for column in contract.columns:
        kept = "not stored" if column.secret else column.personal.value
        listing.add_row(
            column.name, column.header, column.type.value, "yes" if column.required else "", kept, column.description
        )
    out.print(listing)


@contracts_app.command("infer")
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
        _print_json(found)
    else:
        sys.stdout.write(found.module)


@contracts_app.command("test")
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

    warehouse = _ready()
    found = rehearse(warehouse, warehouse.settings, file, system=system, feed=feed, term=term)
    if as_json:
        _print_json(found)
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
            listing = _table("rule", "column", "rows", "lines", "why")
            for cause in table.set_aside:
                rest = ", …" if cause.rows > len(cause.lines) else ""
                lines = ", ".join(map(str, cause.lines)) + rest
                listing.add_row(*map(Text, (cause.rule, cause.column or "", f"{cause.rows:,}", lines, cause.message)))
            out.print(listing)


# -- shared -------------------------------------------------------------------------------------------


class _Progress:
    """Lines that say what happens: one line that changes on a terminal, else one every few seconds."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._status = err.status("") if err.is_terminal and not quiet else None
        self._said = 0.0
        self._begun = time.monotonic()

    def __enter__(self) -> _Progress:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def say(self, line: str, *, minor: bool = False) -> None:
        now = time.monotonic()
        if self._quiet:
            return
        text = Text(f"{now - self._begun:6.1f} s  {line}")
        if self._status:
            self._status.update(text)
        elif not minor or now - self._said >= PLAIN_SECONDS:
            self._said = now
            err.print(text, soft_wrap=True)


def _warehouse() -> Warehouse:
    from edu_assets.settings import Settings
    from edu_assets.warehouse import Warehouse

    return Warehouse.of(Settings())


def _ready() -> Warehouse:
    """The warehouse, with the tables of this version in place; the server must run."""
    from edu_assets.raw_zone import deploy

    warehouse = _warehouse()
    deploy(warehouse, warehouse.settings.network)
    return warehouse


def _table(*columns: str, numbers_from: int | None = None) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for position, name in enumerate(columns):
        is_number = numbers_from is not None and position >= numbers_from
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    return table


def _size(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def _answer(found: dict[str, Any], as_json: bool, text: str) -> None:
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        out.print(text)


def _print_json(found: BaseModel | Iterable[Any]) -> None:
    if isinstance(found, BaseModel):
        sys.stdout.write(found.model_dump_json(indent=2) + "\n")
        return
    plain = [each.model_dump(mode="json") if isinstance(each, BaseModel) else each for each in found]
    sys.stdout.write(json.dumps(plain, indent=2, default=str) + "\n")


def main() -> None:
    """Run `edu`: an error that a person can act on is one sentence and an exit code, without a trace."""
    from edu_assets.school_calendar import DeclarationError

    try:
        app()
    except EduError as error:
        err.print(Text(f"edu: {error}"))
        sys.exit(error.exit_code)
    except DeclarationError as error:
        err.print(Text(f"edu: {error}"))
        sys.exit(Exit.USAGE)


if __name__ == "__main__":
    main()
