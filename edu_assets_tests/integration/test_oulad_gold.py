"""The Open University's enrolments out of gold: the figures that its publisher and ../shared/data give."""

from __future__ import annotations

import csv
from functools import cache

import pytest
import yaml

from edu_assets.settings import PROJECT
from edu_assets_tests.conftest import MakeNetwork
from edu_assets_tests.gold.building import broken, build_term, run_dbt
from edu_assets_tests.testbed import Platform, shared_data


@pytest.fixture(scope="module")
def oulad(make_session_network: MakeNetwork) -> Platform:
    shared_data("oulad")
    declared = yaml.safe_load((PROJECT / "networks" / "oulad.yaml").read_text(encoding="utf-8"))
    platform = make_session_network(deployed=True, **declared | {"name": "oulad_gold"})
    platform.load_waiting()
    for term_key in platform.terms:
        assert not broken(build_term(platform, term_key))
    return platform


def test_there_are_32593_enrolments(oulad: Platform) -> None:
    assert oulad.value("select count(*) from gold.fct_class_enrollment") == 32_593


def test_they_are_of_28785_students(oulad: Platform) -> None:
    assert oulad.value("select count(distinct student_key) from gold.fct_class_enrollment") == 28_785
    described = "select count(*) from gold.dim_student where student_id <> '' and not is_inferred"
    assert oulad.value(described) == 28_785


@pytest.mark.parametrize(
    ("result", "enrolments"), [("Pass", 12_361), ("Withdrawn", 10_156), ("Fail", 7_052), ("Distinction", 3_024)]
)
def test_results_are_those_published(oulad: Platform, result: str, enrolments: int) -> None:
    query = "select count(*) from gold.fct_class_enrollment where final_result = %s"
    assert oulad.value(query, [result]) == enrolments


def test_there_are_22_presentations(oulad: Platform) -> None:
    assert oulad.value("select count(distinct class_key) from gold.fct_class_enrollment") == 22
    assert oulad.value("select count(*) from gold.dim_class where class_id <> '' and not is_inferred") == 22


def test_there_are_10072_withdrawals_and_45_enrolments_without_a_date(oulad: Platform) -> None:
    dates = "select count(end_date), count(*) - count(begin_date) from gold.fct_class_enrollment"
    assert oulad.query(dates) == [(10_072, 45)]


def test_every_enrolment_stands_in_the_term_of_its_presentation(oulad: Platform) -> None:
    by_term = "select term_key, count(*) from gold.fct_class_enrollment group by 1 order by 1"
    raw = "select term_key, count(*) from raw_zone.oulad__student_info group by 1 order by 1"
    assert oulad.query(by_term) == oulad.query(raw)
    assert [term for term, _ in oulad.query(by_term)] == ["2013|B", "2013|J", "2014|B", "2014|J"]


def test_a_network_without_attendance_has_none_and_no_unreported_days(oulad: Platform) -> None:
    assert oulad.value("select count(*) from gold.fct_attendance") == 0
    assert oulad.value("select count(*) from gold.mart_attendance_insights") == 0


def test_memberships_headcount_and_exits_add_up(oulad: Platform) -> None:
    members = "select sum(memberships), sum(no_shows), sum(headcount_term_end + exits) from gold.mart_enrollment"
    memberships, no_shows, accounted = oulad.query(members)[0]
    assert memberships + no_shows == oulad.value("select count(*) from gold.fct_enrollment")
    assert memberships == accounted


def test_every_submission_is_a_result(oulad: Platform) -> None:
    figures = "select count(*), count(*) filter (where not is_scored), count(score) from gold.fct_assessment_result"
    assert oulad.query(figures) == [(173_912, 173, 173_912 - 173)]
    unknown = "select count(*) from gold.dim_student where is_inferred"
    assert oulad.value(unknown) == 0


def test_banked_results_are_among_them(oulad: Platform) -> None:
    banked = (
        "select count(*), count(*) filter (where r.score is not distinct from f.score)"
        " from raw_zone.oulad__student_assessment as r join gold.fct_assessment_result as f on r.term_key = f.term_key"
        " and f.assessment_result_key = md5('assessment_result|oulad:' || r.id_assessment || '-' || r.id_student)"
        " where r.is_banked"
    )
    assert oulad.query(banked) == [(1_909, 1_909)]


@pytest.mark.parametrize(("kind", "assessments"), [("tma", 106), ("cma", 76), ("exam", 24)])
def test_assessments_keep_the_publishers_types(oulad: Platform, kind: str, assessments: int) -> None:
    query = "select count(*) from staging.conformed_assessment where assessment_category = %s"
    assert oulad.value(query, [kind]) == assessments


def test_exams_are_attempts_and_pass_from_40_on(oulad: Platform) -> None:
    exams, passed, at_the_mark = _exams()
    figures = "select count(*), count(*) filter (where is_passed), count(*) filter (where score = 40 and is_passed)"
    assert oulad.query(f"{figures} from gold.fct_exam_attempt") == [(exams, passed, at_the_mark)]
    assert at_the_mark > 0
    by_number = "select sum(attempts), sum(passes) from gold.mart_certification_kpis where attempt_number = %s"
    first = [score for number, score in _scores_of_exams() if number == 1]
    assert oulad.query(by_number, [1]) == [(len(first), sum(score >= 40 for score in first))]


def _exams() -> tuple[int, int, int]:
    """Exams sat, passed, and passed with exactly the mark, from the publisher's files."""
    scores = [score for _, score in _scores_of_exams()]
    return len(scores), sum(score >= 40 for score in scores), scores.count(40.0)


@cache
def _scores_of_exams() -> list[tuple[int, float]]:
    """Number of the attempt at the module, and score, of each exam."""
    exams = {
        row["id_assessment"]: (row["code_module"], row["code_presentation"])
        for row in _rows("assessments")
        if row["assessment_type"] == "Exam"
    }
    earlier = {
        (row["code_module"], row["code_presentation"], row["id_student"]): int(row["num_of_prev_attempts"])
        for row in _rows("studentInfo")
    }
    return [
        (1 + earlier[*exams[row["id_assessment"]], row["id_student"]], float(row["score"]))
        for row in _rows("studentAssessment")
        if row["id_assessment"] in exams and row["is_banked"] == "0"
    ]


def _rows(table: str) -> list[dict[str, str]]:
    with (shared_data("oulad") / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_unit_tests_of_gold_pass_in_a_network_that_has_none_of_their_terms(oulad: Platform) -> None:
    nodes = run_dbt(oulad, ["test", "--select", "test_type:unit"], {"EDU_DEPLOY": "1"})
    assert sum(node.resource_type == "unit_test" for node in nodes) > 70
    assert not broken(nodes)
