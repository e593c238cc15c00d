"""Surveys in gold against the same worked out from the exported sheets, to the row, for two networks; and what must
never be in gold: words, keys, people."""

from __future__ import annotations

import hashlib

import pytest

from edu_assets.sample import write_exports
from edu_assets_tests.gold.building import build_term
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_survey import Surveys
from edu_assets_tests.gold.test_recomputed import SCHOOL, _compare
from edu_assets_tests.testbed import Platform

QUESTION = "join gold.dim_survey_question using (survey_question_key)"
ANONYMOUS_TERM = "2024-25|T2"


def recompute(platform: Platform) -> Surveys:
    network, landing = platform.settings.network, platform.settings.landing
    return Surveys(Recomputed(network, landing, write_exports(landing, network)))


@pytest.fixture(scope="module")
def recomputed(seeded: Platform) -> Surveys:
    return recompute(seeded)


def _key(number: str) -> str:
    return hashlib.md5(f"survey_response|survey:{number}".encode(), usedforsecurity=False).hexdigest()


def test_answers_are_those_of_the_sheets(seeded: Platform, recomputed: Surveys) -> None:
    expected = {(term, _key(number), *where): row for (term, number, *where), row in recomputed.responses.items()}
    source = f"gold.fct_survey_response {QUESTION} {SCHOOL}"
    _compare(seeded, "term_key, response_key, survey_question_id, school_id", source, expected)


def test_questions_are_those_of_the_sheets(seeded: Platform, recomputed: Surveys) -> None:
    source = "gold.dim_survey_question where survey_question_id <> ''"
    _compare(seeded, "survey_question_id", source, recomputed.asked())


def test_feedback_is_made_of_invitations_and_answers(seeded: Platform, recomputed: Surveys) -> None:
    source = f"gold.mart_survey_feedback {QUESTION} {SCHOOL}"
    _compare(seeded, "term_key, survey_question_id, respondent_group, school_id", source, recomputed.feedback())


def test_the_sample_has_surveys_worth_comparing(recomputed: Surveys) -> None:
    feedback = recomputed.feedback().values()
    assert sum(row["invited"] for row in feedback) > sum(row["opened"] for row in feedback)
    assert sum(row["opened"] for row in feedback) > sum(row["invitations_answered"] for row in feedback)
    assert sum(row["invitations_answered"] for row in feedback) > sum(row["answered"] for row in feedback)
    assert sum(row["ratings_judged"] for row in feedback) > sum(row["favourable"] for row in feedback) > 0
    assert any(row["answered"] > row["ratings"] == 0 for row in feedback)
    assert any(row["answered"] == 0 for row in feedback)
    assert {group for _, _, group, _ in recomputed.feedback()} == {"student", "staff", "family"}
    questions = recomputed.asked().values()
    assert {row["question_kind"] for row in questions} == {"rating", "choice", "text"}
    assert {row["privacy"] for row in questions} >= {"anonymous", "confidential"}
    bounds = {row["favourable_from"] for row in questions if row["question_kind"] == "rating"}
    assert {row["rating"] for row in recomputed.responses.values()} >= bounds | {bound - 1 for bound in bounds}


def test_no_words_no_choices_and_no_keys_of_respondents_are_in_gold(small_one: Platform) -> None:
    kept = {
        value
        for table in ("fct_survey_response", "mart_survey_feedback")
        for (row,) in small_one.query(f"select to_jsonb(t) from gold.{table} as t")  # noqa: S608
        for value in row.values()
        if isinstance(value, str)
    }
    secret = small_one.query(
        "select answer from raw_zone.survey__survey_responses where answer !~ '^\\d+$'"
        " union select respondent_key from raw_zone.survey__survey_responses"
        " union select person_number from raw_zone.survey__survey_invitations"
    )
    assert len(secret) > 20
    assert not kept & {value for (value,) in secret}


def test_a_respondent_key_in_an_anonymous_survey_fails_a_test_and_blocks_nothing(own: Platform) -> None:
    changed = own.change(
        "update raw_zone.survey__survey_invitations set respondent_key = 'k1' where ctid in (select i.ctid"
        " from raw_zone.survey__survey_invitations as i join raw_zone.survey__surveys as s using (term_key, survey_id)"
        " where s.privacy = 'anonymous' and term_key = %s limit 1) and term_key = %s",
        [ANONYMOUS_TERM, ANONYMOUS_TERM],
    )
    assert changed == 1
    status = {node.name: node.status for node in build_term(own, ANONYMOUS_TERM)}
    assert status.pop("anonymous_surveys_have_no_respondent_keys") == "fail"
    assert set(status.values()) <= {"success", "pass", "warn"}
    assert {"mart_survey_feedback", "fct_survey_response"} <= set(status)


def test_keys_in_a_confidential_survey_are_no_breach(small_one: Platform) -> None:
    keys = "select count(*) from raw_zone.survey__survey_invitations where respondent_key <> '' and term_key = %s"
    assert small_one.value(keys, [ANONYMOUS_TERM]) > 0
