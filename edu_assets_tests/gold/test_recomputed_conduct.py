"""Conduct in gold against the same worked out from the exported sheets, to the row, for two networks."""

from __future__ import annotations

import hashlib
from decimal import ROUND_HALF_UP, Decimal

import pytest

from edu_assets.sample import write_exports
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_conduct import Conduct
from edu_assets_tests.gold.test_recomputed import SCHOOL, STUDENT, _compare
from edu_assets_tests.testbed import Platform


def recompute(platform: Platform) -> Conduct:
    network, landing = platform.settings.network, platform.settings.landing
    return Conduct(Recomputed(network, landing, write_exports(landing, network)))


@pytest.fixture(scope="module")
def recomputed(seeded: Platform) -> Conduct:
    return recompute(seeded)


def _incident(natural: str) -> str:
    return hashlib.md5(f"incident|{natural}".encode(), usedforsecurity=False).hexdigest()


def test_parts_in_incidents_are_those_of_the_sheets(seeded: Platform, recomputed: Conduct) -> None:
    _compare(
        seeded,
        "term_key, incident_key, student_id, participation_role",
        f"gold.fct_behavior_incident {STUDENT} {SCHOOL}",
        {(term, _incident(key), *who): row for (term, key, *who), row in recomputed.parts().items()},
    )


def test_measures_are_those_of_the_sheets(seeded: Platform, recomputed: Conduct) -> None:
    _compare(
        seeded,
        "term_key, student_id, incident_key, discipline_date",
        f"gold.fct_discipline_action {STUDENT} {SCHOOL}",
        {
            (term, student, _incident(key), day): row
            for (term, student, key, day), row in recomputed.discipline_actions().items()
        },
    )


def test_trends_are_made_of_incidents_measures_and_membership(seeded: Platform, recomputed: Conduct) -> None:
    _compare(seeded, "term_key, school_id, behavior", f"gold.mart_behavior_trends {SCHOOL}", recomputed.trends())


def test_rates_are_per_hundred_of_average_daily_membership(seeded: Platform, recomputed: Conduct) -> None:
    expected = {
        key: {
            "average_daily_membership": _rounded(Decimal(row["school_days_membership"]), row["school_days_in_session"]),
            "incidents_per_adm": _per_hundred(row, "incidents"),
            "students_per_adm": _per_hundred(row, "students_aggressor"),
            "actions_per_adm": _per_hundred(row, "actions"),
            "suspensions_per_adm": _per_hundred(row, "suspensions"),
            "days_suspended_per_adm": _per_hundred(row, "days_suspended"),
        }
        for key, row in recomputed.trends().items()
    }
    _compare(seeded, "term_key, school_id, behavior", f"gold.mart_behavior_rates {SCHOOL}", expected)


def _per_hundred(row: dict, count: str) -> Decimal:
    return _rounded(row[count] * 100 * Decimal(row["school_days_in_session"]), row["school_days_membership"])


def _rounded(value: Decimal, by: int) -> Decimal:
    return (value / by).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)


def test_the_sample_has_conduct_worth_comparing(seeded: Platform, recomputed: Conduct) -> None:
    parts, trends = recomputed.parts(), recomputed.trends().values()
    assert {role for *_, role in parts} == {"aggressor", "victim", "witness"}
    assert len({key for _, key, *_ in parts}) < len(parts)
    assert any(row["students_aggressor"] > row["incidents"] > 0 for row in trends)
    assert sum(row["actions"] for row in trends) > sum(row["suspensions"] for row in trends) > 0
    assert sum(row["days_suspended"] for row in trends) > 0
    assert any(row["behavior_code"] != row["behavior"] for row in parts.values())
    places = {(term, school) for term, school, _ in recomputed.trends()}
    assert len(places) < len(seeded.terms) * len(seeded.settings.network.schools)  # some had no incident
