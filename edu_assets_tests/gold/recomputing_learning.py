"""Marks, ratings and test results worked out again from the exported sheets, from the definitions in words.

Nothing here knows the SQL. Taken as given are memberships and rosters (recomputing.py) and the rules as they are
written in words beside each constant.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cached_property
from statistics import median
from typing import TypeVar

from edu_assets.sample import ExportedFile, FileKind
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.sample.reading import Row

FOUR_PLACES = Decimal("0.0001")
UNKNOWN = "unknown"
Value = TypeVar("Value")


def rounded(value: Decimal) -> Decimal:
    return value.quantize(FOUR_PLACES, rounding=ROUND_HALF_UP)


def number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def averages(of: str, values: list[Decimal]) -> dict[str, Decimal | int | None]:
    """Count, sum, mean, median and standard deviation of the values themselves."""
    found: dict[str, Decimal | int | None] = {f"{of}_count": len(values), f"{of}_sum": sum(values, Decimal())}
    if not values:
        return found | {f"{of}_mean": None, f"{of}_median": None, f"{of}_stddev": None}
    with localcontext() as context:
        context.prec = 60
        mean = sum(values, Decimal()) / len(values)
        spread = (sum(((value - mean) ** 2 for value in values), Decimal()) / len(values)).sqrt()
    return found | {
        f"{of}_mean": rounded(mean),
        f"{of}_median": rounded(Decimal(median(values))),
        f"{of}_stddev": rounded(spread),
    }


def grouped(values: Iterable[Value], key: Callable[[Value], tuple]) -> dict[tuple, list[Value]]:
    found: dict[tuple, list[Value]] = defaultdict(list)
    for value in values:
        found[key(value)].append(value)
    return found


class Learning:
    """What students learned and how it was judged, from a network's landing zone."""

    def __init__(self, recomputed: Recomputed) -> None:
        self.base = recomputed

    # -- sheets ---------------------------------------------------------------------------------

    def _files(self, table: str) -> Iterator[tuple[ExportedFile, list[Row]]]:
        """The deliveries of a table in order."""
        for file in self.base.files:
            if file.kind is FileKind.SHEET and table in file.rows:
                with (self.base.landing / file.path).open(encoding="utf-8", newline="") as lines:
                    yield file, list(csv.DictReader(lines))

    def standing(self, table: str) -> dict[str, list[Row]]:
        """Term → the sheet as it stood in the term: the last that was sent in it."""
        found = {}
        for file, rows in self._files(table):
            term = self.base.network.calendar.term_of_date(file.sent)
            assert term is not None
            found[term.key] = rows
        return found

    def dated(self, table: str, term_of: Callable[[Row], str], scope: tuple[str, ...] = ("SchoolID",)) -> list[Row]:
        """Every row that stands; a later delivery replaces what it holds of a term's scope. `term` is its term."""
        found: dict[tuple, list[Row]] = {}
        for _, rows in self._files(table):
            told = [row | {"term": term_of(row)} for row in rows]
            found |= grouped(told, lambda row: (row["term"], *(row[name] for name in scope)))
        return [row for rows in found.values() for row in rows]

    def of_grading_period(self, table: str) -> list[Row]:
        return self.dated(table, lambda row: row["GradingPeriod"].replace(" ", "|"))

    def of_day(self, table: str, column: str, scope: tuple[str, ...] = ("SchoolID",)) -> list[Row]:
        return self.dated(table, lambda row: self._term_of(date.fromisoformat(row[column]), row["SchoolID"]), scope)

    def _term_of(self, day: date, school: str) -> str:
        term = self.base.network.calendar.term_of_date(day, self.base.schools[school].calendar)
        assert term is not None
        return term.key

    # -- who and where --------------------------------------------------------------------------

    @cached_property
    def grade_in_school(self) -> dict[tuple[str, str, str], str]:
        """(term, student, school) → grade level of the membership entered last."""
        return {
            (term, member.student, member.school): member.grade
            for term, members in self.base.memberships.items()
            for member in sorted(members, key=lambda each: each.entry)
        }

    @cached_property
    def classes(self) -> dict[tuple[str, str, str], tuple[str, str]]:
        """(term, school, the roster's name of the class) → class with its feed, and first subject of its course."""
        found = {}
        for (feed, term), tables in self.base.rosters.items():
            for row in tables["classes"].values():
                school = tables["orgs"][row["schoolSourcedId"]]["identifier"]
                subject = tables["courses"][row["courseSourcedId"]]["subjects"].split(",")[0].strip()
                found[term, school, row["sourcedId"]] = (f"{feed}:{row['sourcedId']}", subject or UNKNOWN)
        return found

    # -- marks ----------------------------------------------------------------------------------

    @cached_property
    def marks(self) -> dict[tuple, dict]:
        """(term, student, school, class, grading period) → the mark."""
        scales = {
            (term, row["ScaleID"], row["Grade"]): row
            for term, rows in self.standing("grade_scales").items()
            for row in rows
        }
        found = {}
        for row in self.of_grading_period("course_grades"):
            term, student, school = row["term"], row["StudentNumber"], row["SchoolID"]
            class_id, subject = self.classes[term, school, row["ClassID"]]
            worth = scales[term, row["ScaleID"], row["Grade"]]
            found[term, student, school, class_id, row["GradingPeriod"]] = {
                "subject": subject,
                "grade_level": self.grade_in_school.get((term, student, school), UNKNOWN),
                "grade_scale_id": f"assessment:{row['ScaleID']}",
                "grade": row["Grade"],
                "percent": number(row["Percent"]),
                "grade_points": number(worth["Points"]),
                "is_passing": worth["Passing"] == "true",
                "credits_attempted": number(row["CreditsAttempted"]),
                "credits_earned": number(row["CreditsEarned"]),
                "graded_on": date.fromisoformat(row["GradedOn"]),
            }
        return found

    def subject_performance(self) -> dict[tuple, dict]:
        """(term, school, subject, grade level, scale) → its marks; a mark weighs as its credits."""
        marks = [{"term": key[0], "student": key[1], "school": key[2]} | mark for key, mark in self.marks.items()]
        place = ("term", "school", "subject", "grade_level", "grade_scale_id")
        found = {}
        for key, held in grouped(marks, lambda mark: tuple(mark[name] for name in place)).items():
            with_points = [mark for mark in held if mark["grade_points"] is not None]
            found[key] = {
                "students": len({mark["student"] for mark in held}),
                "graded": len(held),
                "passed": sum(mark["is_passing"] for mark in held),
                "not_passed": sum(not mark["is_passing"] for mark in held),
                "off_scale": 0,
                "gpa_points": sum(mark["grade_points"] * mark["credits_attempted"] for mark in with_points),
                "gpa_credits": sum(mark["credits_attempted"] for mark in with_points),
                "credits_attempted": sum(mark["credits_attempted"] for mark in held),
                "credits_earned": sum(mark["credits_earned"] for mark in held),
                "rule_version": "subject-performance-1",
            }
            found[key] |= averages("percent", [mark["percent"] for mark in held if mark["percent"] is not None])
            found[key] |= averages("points", [mark["grade_points"] for mark in with_points])
        return found
