"""Progress of students in gold against the same worked out from the exported files, to the row, for two networks."""

from __future__ import annotations

import pytest

from edu_assets.sample import write_exports
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_progress import Progress
from edu_assets_tests.gold.test_recomputed import SCHOOL, STUDENT, _compare
from edu_assets_tests.testbed import Platform

PLACE = "term_key, student_id, school_id, subject"


def recompute(platform: Platform) -> Progress:
    network, landing = platform.settings.network, platform.settings.landing
    return Progress(Recomputed(network, landing, write_exports(landing, network)))


@pytest.fixture(scope="module")
def recomputed(seeded: Platform) -> Progress:
    return recompute(seeded)


def test_progress_is_made_of_marks_ratings_tests_and_days(seeded: Platform, recomputed: Progress) -> None:
    _compare(seeded, PLACE, f"gold.mart_student_progress {STUDENT} {SCHOOL}", recomputed.rows())


def test_change_is_against_the_term_before_and_the_last_comparable_test(seeded: Platform, recomputed: Progress) -> None:
    _compare(seeded, PLACE, f"gold.mart_student_progress_change {STUDENT} {SCHOOL}", recomputed.change())


def test_the_sample_has_progress_worth_comparing(recomputed: Progress) -> None:
    rows, changes = recomputed.rows().values(), recomputed.change().values()
    assert any(row["marks"] and row["atl_ratings"] and row["tests_scored"] for row in rows)
    assert any(row["tests_scored"] > 1 for row in rows)
    assert any(row["failing_marks"] for row in rows)
    assert any(row["percent_change"] for row in changes)
    assert any(row["percent_change"] is None for row in changes)
    assert any(row["atl_level_change"] for row in changes)
    not_the_term_before = [
        row for row in changes if row["compared_term_key"] and row["compared_term_key"] != row["previous_term_key"]
    ]
    assert not_the_term_before
