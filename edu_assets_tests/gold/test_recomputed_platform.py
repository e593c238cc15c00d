"""Learning online in gold against the same worked out from the exported sheets, to the row, for two networks."""

from __future__ import annotations

import pytest

from edu_assets.sample import write_exports
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_platform import PLATFORM, LearningOnline
from edu_assets_tests.gold.test_recomputed import SCHOOL, STUDENT, _compare
from edu_assets_tests.testbed import Platform

LEARNER = "join gold.dim_learner as learner using (learner_key)"
COURSE = "join gold.dim_course as course using (course_key)"


def recompute(platform: Platform) -> LearningOnline:
    network, landing = platform.settings.network, platform.settings.landing
    return LearningOnline(Recomputed(network, landing, write_exports(landing, network)))


@pytest.fixture(scope="module")
def online(seeded: Platform) -> LearningOnline:
    return recompute(seeded)


def test_days_of_learning_are_those_of_the_sheets(seeded: Platform, online: LearningOnline) -> None:
    student = "join gold.dim_student as student on activity.student_key = student.student_key"
    source = f"gold.fact_learning_activity_daily as activity {LEARNER} {COURSE} {student}"
    _compare(seeded, "activity.term_key, learner_id, course_id, activity_date", source, online.days)


def test_days_of_use_are_those_of_the_sheets(seeded: Platform, online: LearningOnline) -> None:
    source = (
        f"gold.fct_learning_usage as usage {STUDENT} {SCHOOL}"
        " join gold.dim_class as class on usage.class_key = class.class_key"
        " join gold.dim_course as course on usage.course_key = course.course_key"
    )
    key = "usage.term_key, student_id, school_id, product_id, usage.source_class_id, usage_date"
    _compare(seeded, key, source, online.product_days)


def test_learning_usage_is_made_of_the_days(seeded: Platform, online: LearningOnline) -> None:
    source = f"gold.mart_learning_usage as mart {SCHOOL} {COURSE}"
    _compare(seeded, "mart.term_key, school_id, course_id, usage_source", source, online.learning_usage())


def test_the_sample_has_learning_online_worth_comparing(online: LearningOnline) -> None:
    assert any(row["minutes"] is None for row in online.days.values())
    assert any(row["minutes"] and row["interactions_timed"] < row["interactions"] for row in online.days.values())
    mart = online.learning_usage()
    assert {source for *_, source in mart} > {PLATFORM}
    schools = {school for _, school, _, source in mart if source == PLATFORM}
    assert "" in schools
    assert len(schools) > 1
    assert any(row["active_students"] < row["active_days"] for row in mart.values())
