"""Marks, ratings and test results in gold against the same worked out from the exported sheets, to the row."""

from __future__ import annotations

import pytest

from edu_assets.sample import write_exports
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_learning import Learning
from edu_assets_tests.gold.test_recomputed import SCHOOL, STUDENT, _compare
from edu_assets_tests.testbed import Platform

CLASS = "join gold.dim_class as class using (class_key)"


@pytest.fixture(scope="module")
def learning(seeded: Platform) -> Learning:
    network, landing = seeded.settings.network, seeded.settings.landing
    return Learning(Recomputed(network, landing, write_exports(landing, network)))


# -- marks --------------------------------------------------------------------------------------


def test_marks_are_those_of_the_gradebook(seeded: Platform, learning: Learning) -> None:
    _compare(
        seeded,
        "mark.term_key, student_id, school_id, class_id, grading_period",
        f"gold.fct_course_grade as mark {STUDENT} {SCHOOL} {CLASS}",
        {
            key: {("mark." + name if name == "grade_level" else name): value for name, value in mark.items()}
            for key, mark in learning.marks.items()
        },
    )


def test_subject_performance_is_made_of_the_marks(seeded: Platform, learning: Learning) -> None:
    _compare(
        seeded,
        "term_key, school_id, subject, grade_level, grade_scale_id",
        f"gold.mart_subject_performance {SCHOOL}",
        learning.subject_performance(),
    )


def test_the_sample_has_marks_worth_comparing(learning: Learning) -> None:
    held = learning.subject_performance().values()
    assert sum(row["passed"] for row in held) > sum(row["not_passed"] for row in held) > 0
    assert sum(row["gpa_credits"] for row in held) > 0
    assert any(row["gpa_credits"] == 0 for row in held)
    assert any(row["credits_earned"] < row["credits_attempted"] for row in held)
    assert {row["percent_count"] > 0 for row in held} == {True, False}
    assert any(row["percent_mean"] != row["percent_median"] for row in held if row["percent_count"])
    assert any(key[4] == "assessment:myp" for key in learning.subject_performance())
    assert max(row["students"] for row in held) > 1
