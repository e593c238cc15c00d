"""The sample's sheets as the tests of gold read them: the last one of a table and term, by the csv module alone."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from edu_assets.network import Network
from edu_assets.sample import ExportSummary, FileKind

Row = dict[str, str]


def standing(network: Network, landing: Path, summary: ExportSummary, table: str) -> dict[str, list[Row]]:
    """Term → the rows of a table that is sent as a state: those of the term's last sheet."""
    found: dict[str, list[Row]] = {}
    for file in summary.files:
        if file.kind is FileKind.SHEET and table in file.rows:
            term = network.calendar.term_of_date(file.sent)
            assert term is not None
            with (landing / file.path).open(encoding="utf-8", newline="") as stream:
                found[term.key] = list(csv.DictReader(stream))
    return found


def day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
