"""The sheets of the exports as they stand after the last delivery, from their files alone.

Belongs here: which rows hold. Does not belong here: what they mean (recomputing_<domain>.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from edu_assets.sample import ExportedFile, FileKind
from edu_assets_tests.sample.reading import Row

if TYPE_CHECKING:
    from edu_assets_tests.gold.recomputing import Recomputed


class Sheets:
    """Rows of a network's sheets by term, beside what else of it is worked out (`base`)."""

    def __init__(self, base: Recomputed) -> None:
        self.base = base
        self.calendar = base.network.calendar

    def term_of(self, day: date, school: str | None = None) -> str:
        """The term of a day, at a school by its own dates."""
        term = self.calendar.term_of_date(day, self.base.schools[school].calendar if school else None)
        assert term is not None
        return term.key

    def standing(self, table: str) -> dict[str, list[Row]]:
        """Term → the sheet as it was last sent in it."""
        return {self.term_of(file.sent): rows for file, rows in self._files(table)}

    def dated(self, table: str, day: str, *scope: str) -> dict[str, list[Row]]:
        """Term of the row's day → rows; the last file that holds a scope of a term states it whole."""

        def term_of(row: Row) -> str:
            return self.term_of(date.fromisoformat(row[day]), row.get("SchoolID"))

        return self._by_scope(table, term_of, scope)

    def via(self, table: str, of: dict[str, list[Row]], key: tuple[str, ...], *scope: str) -> dict[str, list[Row]]:
        """Term of the row's parent → rows; the last file that holds a scope of a term states it whole."""
        parents = {tuple(row[name] for name in key): term for term, rows in of.items() for row in rows}
        return self._by_scope(table, lambda row: parents[tuple(row[name] for name in key)], scope)

    def _by_scope(self, table: str, term_of: Callable[[Row], str], scope: tuple[str, ...]) -> dict[str, list[Row]]:
        held: dict[tuple[str, ...], list[Row]] = {}
        for _, rows in self._files(table):
            sent: dict[tuple[str, ...], list[Row]] = {}
            for row in rows:
                sent.setdefault((term_of(row), *(row[name] for name in scope)), []).append(row)
            held |= sent
        found: dict[str, list[Row]] = {term.key: [] for term in self.base.terms}
        for (term, *_), rows in held.items():
            found[term] += rows
        return found

    def _files(self, table: str) -> Iterator[tuple[ExportedFile, list[Row]]]:
        """The deliveries of a table in order."""
        for file in self.base.files:
            if file.kind is FileKind.SHEET and table in file.rows:
                yield file, self.base.sheet(file)


def number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def day_of(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
