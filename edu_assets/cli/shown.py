"""What every command shares: options, consoles, tables, progress, and finding the warehouse.

Belongs here: what two rooms of commands need. Does not belong here: a command.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from edu_assets.raw_zone import SliceReport
    from edu_assets.warehouse import Warehouse


PLAIN_SECONDS = 5.0
"""Between two lines of progress where the output is no terminal."""

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Term = Annotated[str | None, typer.Option("--term", help="Academic year and term, e.g. '2025-26|T1'.")]

out = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
err = Console(stderr=True, highlight=False)


class Progress:
    """Lines that say what happens: one line that changes on a terminal, else one every few seconds."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._status = err.status("") if err.is_terminal and not quiet else None
        self._said = 0.0
        self._begun = time.monotonic()

    def __enter__(self) -> Progress:
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


def network_warehouse() -> Warehouse:
    from edu_assets.settings import Settings
    from edu_assets.warehouse import Warehouse

    return Warehouse.of(Settings())


def ready() -> Warehouse:
    """The warehouse, with the tables of this version in place; the server must run."""
    from edu_assets.raw_zone import deploy

    warehouse = network_warehouse()
    deploy(warehouse, warehouse.settings.network)
    return warehouse


def new_table(*columns: str, numbers_from: int | None = None) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for position, name in enumerate(columns):
        is_number = numbers_from is not None and position >= numbers_from
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    return table


def size(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def answer(found: dict[str, Any], as_json: bool, text: str) -> None:
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        out.print(text)


def print_json(found: BaseModel | Iterable[Any]) -> None:
    if isinstance(found, BaseModel):
        sys.stdout.write(found.model_dump_json(indent=2) + "\n")
        return
    plain = [each.model_dump(mode="json") if isinstance(each, BaseModel) else each for each in found]
    sys.stdout.write(json.dumps(plain, indent=2, default=str) + "\n")


def show_list(title: str, lines: Sequence[str], most: int = 12) -> None:
    if not lines:
        return
    out.print(f"\n{title}:")
    for line in lines[:most]:
        out.print(Text(f"  {line}"), soft_wrap=True)
    if len(lines) > most:
        out.print(f"  … and {len(lines) - most} more; --json has them all")


def slice_table(slices: Sequence[SliceReport]) -> Table:
    figures = ("rows_read", "accepted", "inserted", "changed", "closed", "duplicates", "quarantined", "held")
    table = new_table("table", "term", "status", "load", *(name.replace("_", " ") for name in figures), numbers_from=3)
    for part in slices:
        counts = (f"{getattr(part, name):,}" for name in figures)
        table.add_row(part.raw_table, part.term_key, part.status, str(part.load_id), *counts)
    return table
