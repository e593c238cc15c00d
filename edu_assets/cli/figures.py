"""Commands that tell of figures: what they say (report), by which rules (rules), what they are made of (lineage), whose
they are (identifiers), and what making them costs (profile).

Belongs here: their arguments, and how answers are shown. Does not belong here: what they answer (gold/).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text
from rich.tree import Tree

from edu_assets.cli.shown import Json, Term, network_warehouse, new_table, out, print_json

if TYPE_CHECKING:
    from edu_assets.gold.lineage import ColumnStep
    from edu_assets.gold.report import Page, Picture, Report
    from edu_assets.gold.rules import Rule

SOURCES_SHOWN = 3
BAR = 40
"""Characters of the longest bar."""

commands = typer.Typer()
rules_commands = typer.Typer(no_args_is_help=True, help="The rules by which figures are made: list, explain.")
commands.add_typer(rules_commands, name="rules")


@commands.command("report")
def tell(
    term: Term = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="Write it there, as one file.")] = None,
    as_json: Json = False,
) -> None:
    """The headline figures and plots of a term, a page a domain, beside the term and the year before."""
    from edu_assets.gold import manifest_content
    from edu_assets.gold.report import html, report

    warehouse = network_warehouse()
    found = report(warehouse, warehouse.settings, manifest_content(), term)
    if html_file is not None:
        html_file.write_text(html(found), encoding="utf-8")
    if as_json:
        print_json(found)
    elif html_file is not None:
        out.print(Text(f"written: {html_file}, {len(found.pages)} pages of {found.term_key}"))
    else:
        out.print(Text(f"{found.network}, {found.term_key}", "bold"))
        for page in found.pages:
            _show_page(found, page)


def _show_page(found: Report, page: Page) -> None:
    from edu_assets.plots import spelled

    out.print(Text(f"\n{page.domain.replace('_', ' ')}", "bold"))
    if page.figures:
        listing = new_table("figure", found.term_key, found.before or "", found.year_before or "", numbers_from=1)
        for figure in page.figures:
            values = (spelled(value, figure.unit) for value in (figure.now, figure.before, figure.year_before))
            listing.add_row(figure.title, *values)
        out.print(listing)
    for picture in page.pictures:
        _show_picture(picture)


def _show_picture(picture: Picture) -> None:
    from edu_assets.plots import LABELLED, spelled

    values = [value for _, value in picture.points]
    most = max(values) or 1.0
    if len(values) > LABELLED:
        between = f"between {spelled(min(values), picture.unit)} and {spelled(most, picture.unit)}"
        out.print(Text(f"{picture.title}: {len(values)} of them, {between}; --html draws them"))
        return
    out.print(Text(picture.title))
    width = max(len(label) for label, _ in picture.points)
    for label, value in picture.points:
        out.print(Text(f"  {label:<{width}} {'█' * round(BAR * value / most)} {spelled(value, picture.unit)}"))


@commands.command()
def profile(
    term: Annotated[str, typer.Argument(help="Academic year and term, e.g. '2025-26|T1'.")], as_json: Json = False
) -> None:
    """What making each table of a term costs PostgreSQL: time, rows, buffers, partitions. Builds nothing."""
    from edu_assets.gold.plans import profile as plans_of

    warehouse = network_warehouse()
    plans = plans_of(warehouse, warehouse.settings, term)
    if as_json:
        print_json(plans)
        return
    listing = new_table("model", "seconds", "rows", "found", "read", "spilled", "terms", numbers_from=1)
    for plan in plans:
        counts = (f"{n:,}" for n in (plan.rows, plan.buffers_found, plan.buffers_read, plan.spilled))
        listing.add_row(plan.model, f"{plan.seconds:.3f}", *counts, ", ".join(plan.terms))
    out.print(listing)
    seconds = sum(plan.seconds for plan in plans)
    out.print(
        f"{len(plans)} tables, {seconds:.1f} s of PostgreSQL for their rows; keys, the swap and checks come on top. "
        "found, read, spilled: blocks of 8 kB in memory, from disk, to temporary files."
    )


@rules_commands.command("list")
def rules_list(as_json: Json = False) -> None:
    """Every rule: its authority, version and time, whether it holds in this network, how many marts rest on it."""
    from edu_assets.gold import manifest_content
    from edu_assets.gold.rules import rules

    settings = network_warehouse().settings
    found = rules(manifest_content(), settings.network)
    if as_json:
        print_json(found)
        return
    listing = new_table(
        "rule table", "authority", "version", "holds", "from", "to", "rows", "marts that rest on it", numbers_from=6
    )
    for rule in found:
        listing.add_row(
            rule.table,
            rule.authority,
            rule.rule_version,
            rule.holds,
            rule.effective_from or "always",
            rule.effective_to or "on",
            f"{len(rule.values)}",
            f"{len(rule.figures)}",
        )
    out.print(listing)
    out.print(Text("edu rules explain MART: what a figure means, with its rules' values and sources"))


@rules_commands.command("explain")
def rules_explain(
    figure: Annotated[str, typer.Argument(help="A mart, e.g. mart_chronic_absence.")], as_json: Json = False
) -> None:
    """What a mart says, how it is to be read, and by which rules, with their values and sources."""
    from rich.markdown import Markdown

    from edu_assets.gold import manifest_content
    from edu_assets.gold.rules import explain

    settings = network_warehouse().settings
    found = explain(manifest_content(), settings.network, figure)
    if as_json:
        print_json(found)
        return
    out.print(Markdown(f"# {found.figure}\n\n{found.description}"))
    listing = new_table("column", "what it says")
    for name, description in found.columns.items():
        listing.add_row(name, Text(description))
    out.print(listing)
    for rule in found.rules:
        _show_rule(rule)


def _show_rule(rule: Rule) -> None:
    held = {"own": "the network's own", "beside": "reported beside it", "everywhere": "whatever the authority"}
    times = f"from {rule.effective_from or 'ever'} to {rule.effective_to or 'now'}"
    out.print(Text(f"\n{rule.table}: {rule.rule_version} of {rule.authority} ({held[rule.holds]}), {times}", "bold"))
    for source in rule.sources[:SOURCES_SHOWN]:
        out.print(Text(f"source: {source}"))
    if len(rule.sources) > SOURCES_SHOWN:
        out.print(Text(f"and {len(rule.sources) - SOURCES_SHOWN} more sources; --json has them all"))
    if len(rule.values) == 1:
        for name, value in rule.values[0].items():
            out.print(Text(f"  {name} = {value}"))
        return
    listing = new_table(*rule.values[0])
    for row in rule.values:
        listing.add_row(*row.values())
    out.print(listing)


@commands.command()
def lineage(
    named: Annotated[str, typer.Argument(help="A table or a column of it, e.g. mart_enrollment.exits.")],
    every_system: Annotated[bool, typer.Option("--all", help="Tables that no feed of the network sends, too.")] = False,
    as_json: Json = False,
) -> None:
    """What a column's values are made of, step by step up to the columns of files. Asks no database."""
    from edu_assets.contracts import registry
    from edu_assets.gold import manifest_content
    from edu_assets.gold.lineage import trace

    settings = network_warehouse().settings
    raw_tables = [contract.name for contract in registry().switched_on(settings.network)]
    steps = trace(manifest_content(), registry(), named, registry().contracts if every_system else raw_tables)
    if as_json:
        print_json(steps)
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


@commands.command("identifiers")
def show_identifiers(term: Term = None, as_json: Json = False) -> None:
    """How many identifiers of each feed are matched to students of the register, and how many wait for a person."""
    from edu_assets.gold.identity import identifiers

    warehouse = network_warehouse()
    found = identifiers(warehouse, warehouse.settings, term)
    if as_json:
        print_json(found)
        return
    counted = ("identifiers", "matched", "merged", "by_state", "unmatched", "proposed", "ambiguous")
    listing = new_table(found.term_key, *(name.replace("_", " ") for name in counted), "", numbers_from=1)
    for feed in found.feeds:
        counts = (f"{getattr(feed, name):,}" for name in counted)
        listing.add_row(feed.feed, *counts, "" if feed.is_believed else "below the rule's share")
    out.print(listing)
    out.print(
        Text(
            "merged, by state: matched by a merge of numbers, by the state's number. unmatched, proposed, ambiguous: "
            "identifiers, and accounts without a number, that fit no student, one, or several. They stand in "
            "gold.student_identifier_review with those who they may be; no figure is made by names."
        )
    )
    out.print(
        Text(
            "An identifier that is another number of a student: deliver a row of sis student_id_merges with the "
            "identifier as it stands there, and the terms that hold it are built again. An account: enter the number "
            "in its system."
        )
    )
