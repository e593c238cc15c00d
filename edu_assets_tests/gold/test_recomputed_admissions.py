"""The funnel of admissions against a second computation from the exported sheets, in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

import pytest

from edu_assets.sample import write_exports
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_sheets import Sheets
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
    network, landing = seeded.settings.network, seeded.settings.landing
    sheets = Sheets(Recomputed(network, landing, write_exports(landing, network)))
    applications = sheets.dated("admission_applications", "AppliedOn", "SchoolID")
    steps = sheets.via("admission_stage_events", applications, ("ApplicationID",), "ApplicationID")
    found: dict[tuple, Counter[str]] = defaultdict(Counter)
    for term, rows in applications.items():
        stages: dict[str, dict[str, date]] = defaultdict(dict)
        for row in steps[term]:
            reached = date.fromisoformat(row["ReachedOn"])
            own = stages[row["ApplicationID"]]
            own[row["Stage"]] = min(reached, own.get(row["Stage"], reached))
        for row in rows:
            found[term, row["SchoolID"], row["GradeLevel"]] += counted(stages[row["ApplicationID"]])
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
