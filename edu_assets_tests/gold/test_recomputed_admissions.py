"""The funnel of admissions against a second computation from the exported sheets, in plain Python."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import date

import pytest

from edu_assets.sample import FileKind, write_exports
from edu_assets_tests.gold.sheets import Row
from edu_assets_tests.testbed import Platform

FUNNEL = ("applied", "offered", "accepted", "enrolled")
FIGURES = (
    *FUNNEL,
    *("waitlisted", "ended_without_place", "offers_dated", "days_applied_to_offered", "acceptances_dated"),
    *("days_offered_to_accepted", "enrollments_dated", "days_accepted_to_enrolled"),
)
DATED = {
    "offered": ("applied", "offers_dated", "days_applied_to_offered"),
    "accepted": ("offered", "acceptances_dated", "days_offered_to_accepted"),
    "enrolled": ("accepted", "enrollments_dated", "days_accepted_to_enrolled"),
}


def rows_of(platform: Platform, table: str) -> list[Row]:
    landing = platform.settings.landing
    found: list[Row] = []
    for file in write_exports(landing, platform.settings.network).files:
        if file.kind is FileKind.SHEET and table in file.rows:
            with (landing / file.path).open(encoding="utf-8", newline="") as stream:
                found += csv.DictReader(stream)
    return found


def counted(stages: dict[str, date]) -> Counter[str]:
    """What one application adds to the figures."""
    furthest = max(FUNNEL.index(stage) for stage in stages if stage in FUNNEL)
    found = Counter(FUNNEL[: furthest + 1])
    found["waitlisted"] += "waitlisted" in stages
    found["ended_without_place"] += "enrolled" not in stages and bool({"declined", "withdrawn"} & set(stages))
    for stage, (before, number, days) in DATED.items():
        if stage in stages and before in stages:
            found[number] += 1
            found[days] += (stages[stage] - stages[before]).days
    return found


@pytest.fixture(scope="module")
def funnel(seeded: Platform) -> dict[tuple, tuple[int, ...]]:
    network = seeded.settings.network
    calendars = {school.school_id: school.calendar for school in network.schools}
    stages: dict[str, dict[str, date]] = defaultdict(dict)
    for row in rows_of(seeded, "admission_stage_events"):
        reached = date.fromisoformat(row["ReachedOn"])
        own = stages[row["ApplicationID"]]
        own[row["Stage"]] = min(reached, own.get(row["Stage"], reached))
    found: dict[tuple, Counter[str]] = defaultdict(Counter)
    for row in rows_of(seeded, "admission_applications"):
        term = network.calendar.term_of_date(date.fromisoformat(row["AppliedOn"]), calendars[row["SchoolID"]])
        assert term is not None
        found[term.key, row["SchoolID"], row["GradeLevel"]] += counted(stages[row["ApplicationID"]])
    return {place: tuple(figures[name] for name in FIGURES) for place, figures in found.items()}


def test_the_funnel_is_counted_from_the_steps(seeded: Platform, funnel: dict[tuple, tuple[int, ...]]) -> None:
    built = seeded.query(
        f"select term_key, school_id, grade_level, {', '.join(FIGURES)}"  # noqa: S608
        " from gold.mart_admissions_funnel join gold.dim_school using (school_key)"
    )
    assert len(built) == len(funnel)
    assert {row[:3]: row[3:] for row in built} == funnel


def test_the_sample_has_every_way_an_application_can_go(funnel: dict[tuple, tuple[int, ...]]) -> None:
    totals = dict(zip(FIGURES, (sum(column) for column in zip(*funnel.values(), strict=True)), strict=True))
    assert all(totals.values())
    assert totals["applied"] > totals["offered"] >= totals["accepted"] >= totals["enrolled"]
