"""Personnel in gold against the same worked out from the exported sheets, to the row, for two networks."""

from __future__ import annotations

import hashlib

import pytest

from edu_assets.sample import write_exports
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_staff import Personnel
from edu_assets_tests.gold.test_recomputed import SCHOOL, _compare
from edu_assets_tests.testbed import Platform


def recompute(platform: Platform) -> Personnel:
    network, landing = platform.settings.network, platform.settings.landing
    return Personnel(Recomputed(network, landing, write_exports(landing, network)))


@pytest.fixture(scope="module")
def recomputed(seeded: Platform) -> Personnel:
    return recompute(seeded)


def _key(entity: str, number: str) -> str:
    return hashlib.md5(f"{entity}|hr:{number}".encode(), usedforsecurity=False).hexdigest()


def test_working_days_are_those_of_the_sheets(seeded: Platform, recomputed: Personnel) -> None:
    _compare(
        seeded,
        "term_key, staff_id, school_id, work_date",
        f"gold.fct_staff_attendance join gold.dim_staff using (staff_key) {SCHOOL}",
        recomputed.days,
    )


def test_cover_is_that_of_the_sheets(seeded: Platform, recomputed: Personnel) -> None:
    substitute = (
        "(select f.*, a.staff_id, s.staff_id as substitute_id from gold.fct_substitute_assignment as f"
        " join gold.dim_staff as a on f.staff_key = a.staff_key"
        " left join gold.dim_staff as s on f.substitute_key = s.staff_key) as cover"
    )
    expected = {(term, _key("cover", number), *who): row for (term, number, *who), row in recomputed.cover.items()}
    _compare(seeded, "term_key, cover_key, staff_id, school_id", f"{substitute} {SCHOOL}", expected)


def test_posts_are_those_of_the_sheets(seeded: Platform, recomputed: Personnel) -> None:
    expected = {(term, _key("position", number), at): row for (term, number, at), row in recomputed.posts.items()}
    _compare(seeded, "term_key, position_key, school_id", f"gold.fct_staff_position {SCHOOL}", expected)


def test_staff_attendance_is_made_of_days_cover_and_posts(seeded: Platform, recomputed: Personnel) -> None:
    _compare(seeded, "term_key, school_id, role", f"gold.mart_staff_attendance {SCHOOL}", recomputed.attendance())


def test_assignments_are_those_of_the_sheets(seeded: Platform, recomputed: Personnel) -> None:
    expected = {(term, _key("assignment", number), *who): row for (term, number, *who), row in recomputed.held.items()}
    source = f"gold.fct_staff_assignment join gold.dim_staff using (staff_key) {SCHOOL}"
    _compare(seeded, "term_key, assignment_key, staff_id, school_id", source, expected)


def test_learning_is_that_of_the_sheets(seeded: Platform, recomputed: Personnel) -> None:
    expected = {
        (term, _key("professional_learning", number), *who): row
        for (term, number, *who), row in recomputed.learning.items()
    }
    source = f"gold.fct_professional_learning join gold.dim_staff using (staff_key) {SCHOOL}"
    _compare(seeded, "term_key, record_key, staff_id, school_id", source, expected)


def test_professional_development_is_the_sum_of_what_was_learned(seeded: Platform, recomputed: Personnel) -> None:
    source = f"gold.mart_professional_development {SCHOOL}"
    _compare(seeded, "term_key, school_id, role, topic", source, recomputed.development())


def test_coverage_is_of_the_year_to_date(seeded: Platform, recomputed: Personnel) -> None:
    source = f"gold.mart_professional_development_coverage {SCHOOL}"
    _compare(seeded, "as_of_term_key, school_id, role, topic", source, recomputed.coverage())


def test_the_sample_has_learning_worth_comparing(recomputed: Personnel) -> None:
    mart = recomputed.development().values()
    assert any(row["hours_required"] is None for row in mart)
    assert any(row["records"] == 0 for row in mart)
    assert any(row["completions"] < row["records"] for row in mart)
    coverage = recomputed.coverage().values()
    assert sum(row["staff_required"] for row in coverage) > sum(row["staff_covered"] for row in coverage) > 0
    assert any(row["hours_completed"] > row["hours_counted"] for row in coverage)
    exactly = [
        row for row in coverage if row["staff_required"] == 1 and row["hours_completed"] == row["hours_required"]
    ]
    assert exactly
    assert {row["attendance_status"] for row in recomputed.learning.values()} == {
        *("completed", "no_show", "registered", "withdrawn")
    }


def test_the_sample_has_personnel_worth_comparing(seeded: Platform, recomputed: Personnel) -> None:
    mart = recomputed.attendance().values()
    assert sum(row["absence_in_part"] for row in mart) > 0
    assert sum(row["whole_days_absent"] for row in mart) > 0
    assert sum(row["covers_needed"] for row in mart) > sum(row["covers_filled"] for row in mart) > 0
    assert sum(row["fte_posts"] for row in mart) > sum(row["fte_vacant"] for row in mart) > 0
    assert any(row["days_working"] == 0 and row["fte_vacant"] > 0 for row in mart)
    assert any(
        post["vacant_since"] is not None and post["vacant_since"] < post["as_of_date"]
        for post in recomputed.posts.values()
    )
    assert len({post["as_of_date"] for post in recomputed.posts.values()}) > len(seeded.terms)
