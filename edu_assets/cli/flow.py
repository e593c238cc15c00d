"""Commands on the way of the data: pipeline, load, backfill; and what one asks of it: loads, asof.

Belongs here: their arguments, and how their reports are shown. Does not belong here: what they do (raw_zone/, gold/,
orchestration/).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from edu_assets.cli.shown import (
    Json,
    Progress,
    Term,
    network_warehouse,
    new_table,
    out,
    print_json,
    ready,
    show_list,
    slice_table,
)
from edu_assets.errors import Exit

if TYPE_CHECKING:
    from edu_assets.orchestration.backfill import BackfillReport, TermRun
    from edu_assets.orchestration.pipeline import PipelineReport, Stage
    from edu_assets.raw_zone import DeliveryReport, Finding


commands = typer.Typer()


@commands.command()
def pipeline(as_json: Json = False) -> None:
    """Start, load what waits, build gold of every term that is behind, run the checks."""
    from edu_assets.orchestration.pipeline import pipeline as run

    with Progress(quiet=as_json) as progress:
        report = run(network_warehouse(), progress.say)
    if as_json:
        print_json(report)
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
    show_list("Files that were refused", report.refused)
    show_list("Checks that do not hold", report.findings)
    show_list("Failed", report.errors)
    _show_next(report)


def _stage_table(stages: Sequence[Stage]) -> Table:
    columns = ("rows_read", "accepted", "quarantined", "tables", "passed", "warned", "failed")
    table = new_table("stage", *(name.removeprefix("rows_") for name in columns), "seconds", numbers_from=1)
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
    show_list("Where to look next", lines)


@commands.command()
def load(
    paths: Annotated[list[str], typer.Argument(help="Files or folders; or URLs in a feed's landing place.")],
    system: Annotated[str | None, typer.Option("--system", help="The source system; else contracts claim.")] = None,
    feed: Annotated[str | None, typer.Option("--feed", help="The feed; else landing place or system say it.")] = None,
    term: Term = None,
    as_json: Json = False,
) -> None:
    """Load files, wherever they lie. Dagster learns of it from the load log."""
    from edu_assets.raw_zone import load_paths

    warehouse = ready()
    with Progress(quiet=as_json) as progress:
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
        print_json(reports)
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
            out.print(slice_table(report.slices))


def _show_conformance(findings: Sequence[Finding]) -> None:
    errors = sum(finding.severity == "error" for finding in findings)
    out.print(f"conformance: {errors} errors, {len(findings) - errors} warnings; nothing that is loaded changes by it")
    table = new_table("severity", "file", "line", "column", "value", "rule", "hint")
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


@commands.command()
def backfill(
    terms: Annotated[
        str | None,
        typer.Option("--terms", help="Terms by comma, an academic year, or all: '2025-26|T1,2025-26|T2'."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the last back-fill: the terms that it has not built.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Build gold of the terms again, one Dagster run each, in this one warm process.

    Ctrl-C stops it: the term at hand keeps its old rows, and --resume goes on.
    """
    from edu_assets.orchestration.backfill import backfill as run

    if (terms is None) != resume:
        raise typer.BadParameter("say either --terms or --resume")
    with Progress(quiet=as_json) as progress:
        report = run(ready(), terms, progress.say)
    if as_json:
        print_json(report)
    else:
        _show_backfill(report)
    if not report.succeeded:
        raise typer.Exit(Exit.FAILED)


def _show_backfill(report: BackfillReport) -> None:
    if report.runs:
        _show_runs(report.runs)
    if report.interrupted:
        out.print(
            f"stopped: {len(report.runs)} terms are done, {', '.join(report.left)} are left and keep their old rows; "
            "`edu backfill --resume` goes on"
        )


def _show_runs(runs: Sequence[TermRun]) -> None:
    table = new_table("term", "tables", "rows", "passed", "warned", "failed", "seconds", "run", numbers_from=1)
    for done in runs:
        counts = (len(done.rows), sum(done.rows.values()), done.passed, done.warned, done.failed)
        table.add_row(done.term_key, *(f"{count:,}" for count in counts), f"{done.seconds:.1f}", done.run_id[:8])
    out.print(table)
    show_list("Checks that do not hold", [f"{done.term_key} {found}" for done in runs for found in done.findings])
    show_list("Failed", [f"{done.term_key}: {done.error}" for done in runs if not done.succeeded])


@commands.command()
def loads(
    table: Annotated[str | None, typer.Option("--table", help="One raw table, e.g. oneroster__users.")] = None,
    term: Term = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many, the newest first.")] = 40,
    as_json: Json = False,
) -> None:
    """Every load of every slice with its row counts: the outbox from which Dagster learns."""
    from edu_assets.raw_zone import listed_loads
    from edu_assets.warehouse import Role

    with ready().connect(Role.ETL, autocommit=True) as connection:
        found = listed_loads(connection, raw_table=table, term_key=term, limit=limit)
    if as_json:
        print_json(found)
        return
    shown = ("load_id", "raw_table", "feed", "term_key", "status", "mode")
    figures = ("rows_read", "accepted", "changed", "closed", "quarantined", "held")
    rows = new_table(*(name.replace("_", " ") for name in (*shown, *figures)), numbers_from=6)
    for line in found:
        rows.add_row(*(str(line[name]) for name in shown), *(f"{line[name]:,}" for name in figures))
    out.print(rows)


@commands.command()
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
    warehouse = ready()
    with warehouse.connect(Role.ETL, autocommit=True) as connection:
        if at is not None:
            load_id = load_at(connection, instant(at, warehouse.settings.network.timezone))
        assert load_id is not None
        for block in as_of_csv(connection, contract, load_id, term):
            sys.stdout.buffer.write(block)
