"""Marks, ratings and test results in gold against the same worked out from the exported sheets, to the row."""

from __future__ import annotations

import pytest

from edu_assets.sample import write_exports
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_learning import BANDS, LEVELS, MYP_BOUNDS, STATE_CUTS, Learning, hashed
from edu_assets_tests.gold.recomputing_sheets import number
from edu_assets_tests.gold.test_recomputed import SCHOOL, STUDENT, _compare
from edu_assets_tests.sample.reading import Row
from edu_assets_tests.testbed import Platform

DECLARED = "assessment:"
"""How the identifiers of tests begin that the assessment system's own sheet describes."""
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


def test_myp_grades_follow_from_their_criteria(seeded: Platform, learning: Learning) -> None:
    found = learning.myp_grades()
    assert len({mark for mark, _ in found}) > 3
    assert all(mark == worked_out for mark, worked_out in found)
    criteria = seeded.value("select count(*) from staging.conformed_course_grade_criterion")
    assert criteria == len(learning.of_grading_period("course_grade_criteria")) == 4 * len(found)
    ruled = seeded.query(
        "select total, grade from generate_series(1, 32) as total join gold.rule_myp_grades"
        " on total between lowest_total and highest_total"
    )
    assert sorted(ruled) == [(total, str(sum(total >= bound for bound in MYP_BOUNDS))) for total in range(1, 33)]


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


# -- tests --------------------------------------------------------------------------------------


def test_results_are_those_of_the_sheets(seeded: Platform, learning: Learning) -> None:
    _compare(
        seeded,
        "result.term_key, assessment_result_key",
        f"gold.fct_assessment_result as result {STUDENT} {SCHOOL}",
        {
            (term, hashed("assessment_result", result_id)): result
            for (term, result_id), result in learning.results.items()
        },
    )


def test_proficiency_is_distributed_as_the_results_of_record_say(seeded: Platform, learning: Learning) -> None:
    _compare(
        seeded,
        "term_key, school_id, grade_level, subject, assessment_id",
        f"gold.mart_proficiency_distribution {SCHOOL}",
        learning.proficiency_distribution(),
    )


def test_the_sample_has_results_worth_comparing(learning: Learning) -> None:
    held = [row for row in learning.proficiency_distribution().values() if row["students_expected"] is not None]
    assert len(held) < len(learning.proficiency_distribution()), "a test of which nobody in particular is expected"
    for column in ("students_expected_without_result", "students_not_tested_absent", "students_not_tested_refusal"):
        assert sum(row[column] for row in held) > 0, column
    assert all(sum(row[f"students_{band}"] for row in held) > 0 for band in BANDS)
    assert sum(row["students_expected_tested"] for row in held) < sum(row["students_expected"] for row in held)
    retakes = [result for result in learning.results.values() if (result["attempt"] or 1) > 1]
    assert {result["is_of_record"] for result in retakes} == {True, False}, "no retake reached the first score alone"
    assert any(not result["is_of_record"] for result in learning.results.values())
    assert any(result["objective_id"] for result in learning.results.values())
    scores = [result["score"] for result in learning.results.values() if result["score_scale"] == "state-level"]
    assert {*STATE_CUTS} & set(scores), "no score stands exactly on a cut"


# -- approaches to learning ---------------------------------------------------------------------


def test_ratings_are_those_of_the_gradebook(seeded: Platform, learning: Learning) -> None:
    _compare(
        seeded,
        "rating.term_key, student_id, school_id, class_id, grading_period, skill_category, skill",
        f"gold.fct_atl_rating as rating {STUDENT} {SCHOOL} {CLASS}",
        {
            key: {("rating." + name if name == "rating" else name): value for name, value in rating.items()}
            for key, rating in learning.ratings.items()
        },
    )


def test_approaches_to_learning_are_distributed_as_the_ratings_say(seeded: Platform, learning: Learning) -> None:
    _compare(
        seeded,
        "term_key, school_id, grade_level, skill_category",
        f"gold.mart_atl_skills {SCHOOL}",
        learning.atl_skills(),
    )


def test_shares_of_skills_reached_are_compared_with_those_of_earlier_terms(
    seeded: Platform, learning: Learning
) -> None:
    key = "term_key, school_id, grade_level, skill_category"
    _compare(seeded, key, f"gold.mart_atl_skills_change {SCHOOL}", learning.atl_skills_change())


def test_the_sample_has_ratings_worth_comparing(learning: Learning) -> None:
    changes = [row for row in learning.atl_skills_change().values() if row["change_previous_term"] is not None]
    assert {row["change_previous_term"] > 0 for row in changes} == {True, False}
    assert any(row["change_previous_term"] != row["change_previous_year"] is not None for row in changes)
    held = learning.atl_skills()
    assert len({key[3] for key in held}) == 5
    assert all(sum(row[f"ratings_{level}"] for row in held.values()) > 0 for level in LEVELS)


# -- curriculum ---------------------------------------------------------------------------------


def test_mastery_is_what_the_scores_of_objectives_say(seeded: Platform, learning: Learning) -> None:
    _compare(
        seeded,
        "term_key, program_id, unit_id, objective_id",
        "gold.mart_curriculum_performance",
        learning.curriculum_performance(),
    )


def test_the_sample_has_objectives_worth_comparing(learning: Learning) -> None:
    held = learning.curriculum_performance()
    assert len({key[1] for key in held}) == 3
    assert any(row["students_assessed"] == 0 for row in held.values())
    assert sum(row["students_mastered"] for row in held.values()) > 0
    assert sum(row["students_not_mastered"] for row in held.values()) > 0
    on_the_bound = [
        result
        for result in learning.results.values()
        if result["objective_id"] and result["score"] == next(iter(held.values()))["mastery_score"]
    ]
    assert on_the_bound, "no score stands exactly on the mastery score"


# -- trends -------------------------------------------------------------------------------------


def test_trends_are_those_of_the_scores_of_record(seeded: Platform, learning: Learning) -> None:
    _compare(
        seeded,
        "term_key, comparable_group, subject, grade_level",
        "gold.mart_assessment_trends",
        learning.assessment_trends(),
    )


def test_changes_are_those_of_the_same_students(seeded: Platform, learning: Learning) -> None:
    _compare(
        seeded,
        "term_key, comparison, comparable_group, subject, grade_level",
        "gold.mart_assessment_trends_change",
        learning.assessment_trends_change(),
    )


def test_the_sample_has_changes_worth_comparing(learning: Learning) -> None:
    held = learning.assessment_trends_change()
    assert {key[1] for key in held} == {"previous_term", "previous_year"}
    columns = ("higher", "lower", "became_proficient", "no_longer_proficient")
    assert all(sum(row[f"students_{column}"] for row in held.values()) > 0 for column in columns)
    trends = learning.assessment_trends().values()
    assert sum(row["students_matched"] for row in held.values()) < 2 * sum(row["students"] for row in trends)


# -- what results are of ------------------------------------------------------------------------


def test_every_result_refers_to_the_test_and_objective_that_its_sheet_names(
    seeded: Platform, learning: Learning
) -> None:
    expected = {
        (term, result["student_id"], result["assessment_id"], result["objective_id"] or "")
        for (term, _), result in learning.results.items()
        if result["assessment_id"].startswith(DECLARED)
    }
    found = seeded.query(
        "select distinct result.term_key, student_id, test.assessment_id, learning_objective_id"  # noqa: S608
        f" from gold.fct_assessment_result as result {STUDENT}"
        " join gold.dim_assessment as test using (assessment_key)"
        " join gold.dim_learning_objective as objective using (learning_objective_key)"
        " where not test.is_inferred and not objective.is_inferred"
    )
    assert set(found) == expected
    assert len(found) == len(expected)
    assert {objective for *_, objective in expected} > {""}


def test_tests_are_those_of_the_sheets(seeded: Platform, learning: Learning) -> None:
    expected = {
        (f"assessment:{row['AssessmentID']}",): {
            "assessment_title": row["Title"],
            "assessment_category": row["Category"],
            "subject": row["Subject"] or None,
            "grade_level": row["GradeLevel"] or None,
            "score_scale": row["Scale"],
            "min_score": number(row["MinScore"]),
            "max_score": number(row["MaxScore"]),
            "cut_score_version": row["CutScoreVersion"] or None,
            "comparable_group": row["ComparableGroup"] or None,
            "is_inferred": False,
        }
        for rows in _in_order_of_terms(learning, "assessments")
        for row in rows
    }
    _compare(seeded, "assessment_id", f"gold.dim_assessment where starts_with(assessment_id, '{DECLARED}')", expected)


def test_a_vendors_test_of_which_no_sheet_tells_is_inferred(seeded: Platform, learning: Learning) -> None:
    others = {result["assessment_id"] for result in learning.results.values()}
    others = {name for name in others if not name.startswith(DECLARED)}
    found = seeded.query("select assessment_id from gold.dim_assessment where is_inferred")
    assert {name for (name,) in found} == others != set()


def test_objectives_stand_in_their_unit_and_programme(seeded: Platform, learning: Learning) -> None:
    expected: dict[tuple, dict] = {}
    tables = ("learning_objectives", "units", "programs")
    for objectives, units, programs in zip(*(_in_order_of_terms(learning, table) for table in tables), strict=True):
        unit_of = {row["UnitID"]: row for row in units}
        program_of = {row["ProgramID"]: row for row in programs}
        for row in objectives:
            unit = unit_of[row["UnitID"]]
            program = program_of[unit["ProgramID"]]
            expected[row["ObjectiveID"],] = {
                "objective_code": row["Code"] or None,
                "objective_statement": row["Statement"],
                "mastery_score": number(row["MasteryScore"]),
                "unit_id": row["UnitID"],
                "unit_title": unit["Title"],
                "unit_sequence": int(unit["Sequence"]),
                "subject": unit["Subject"],
                "grade_level": unit["GradeLevel"],
                "program_id": unit["ProgramID"],
                "program_title": program["Title"],
                "framework": program["Framework"],
                "is_inferred": False,
            }
    source = "gold.dim_learning_objective where learning_objective_id <> ''"
    _compare(seeded, "learning_objective_id", source, expected)


def _in_order_of_terms(learning: Learning, table: str) -> list[list[Row]]:
    """A sheet as it stood in each term, the first term first: what a later one says wins."""
    sheets = learning.standing(table)
    return [sheets[term.key] for term in learning.base.terms]
