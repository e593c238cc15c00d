"""Support of students in gold against the same worked out from the exported files, to the row, for two networks."""

from __future__ import annotations

import pytest

from edu_assets.sample import write_exports
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_learning import hashed
from edu_assets_tests.gold.recomputing_support import Support
from edu_assets_tests.gold.test_recomputed import SCHOOL, STUDENT, _compare
from edu_assets_tests.testbed import Platform


def recompute(platform: Platform) -> Support:
    network, landing = platform.settings.network, platform.settings.landing
    return Support(Recomputed(network, landing, write_exports(landing, network)))


@pytest.fixture(scope="module")
def recomputed(seeded: Platform) -> Support:
    return recompute(seeded)


def test_interventions_are_those_of_the_sheets(seeded: Platform, recomputed: Support) -> None:
    _compare(
        seeded,
        "term_key, intervention_key, student_id, school_id",
        f"gold.fct_intervention {STUDENT} {SCHOOL}",
        {
            (term, hashed("intervention", f"records:{number}"), *who): row
            for (term, number, *who), row in recomputed.interventions.items()
        },
    )


def test_health_records_are_those_of_the_sheets(seeded: Platform, recomputed: Support) -> None:
    _compare(
        seeded,
        "term_key, health_record_key, student_id, school_id",
        f"gold.fct_student_health {STUDENT} {SCHOOL}",
        {
            (term, hashed("health_record", f"records:{number}"), *who): row
            for (term, number, *who), row in recomputed.health().items()
        },
    )


def test_ways_to_school_are_those_of_the_sheets(seeded: Platform, recomputed: Support) -> None:
    key = "term_key, student_id, school_id, direction, begin_date"
    _compare(seeded, key, f"gold.fct_student_transport {STUDENT} {SCHOOL}", recomputed.transport())


def test_participations_are_those_of_the_sheets(seeded: Platform, recomputed: Support) -> None:
    key = "term_key, student_id, school_id, program, begin_date"
    source = f"gold.fct_student_program {STUDENT} {SCHOOL} join gold.dim_subgroup using (subgroup_key)"
    _compare(seeded, key, source, recomputed.participations())


def test_a_student_was_in_a_programme_on_the_days_that_its_records_tell(seeded: Platform, recomputed: Support) -> None:
    source = f"gold.dim_student_program_history {STUDENT} join gold.dim_subgroup using (subgroup_key)"
    _compare(seeded, "student_id, subgroup, valid_from", source, recomputed.programme_history())


def test_on_the_last_terms_last_day_the_history_of_programmes_is_what_the_terms_figures_rest_on(
    seeded: Platform,
) -> None:
    built = seeded.query(
        "with bridge as (select student_key, subgroup_key, as_of_date from gold.bridge_student_subgroup"
        " join gold.dim_subgroup using (subgroup_key) where category = 'program' and term_key = %s),"
        " history as (select student_key, subgroup_key, valid_from, valid_to from gold.dim_student_program_history"
        " where student_key in (select student_key from gold.fct_enrollment where term_key = %s))"
        " select 'history', student_key, subgroup_key from history, (select min(as_of_date) as day from bridge) as last"
        " where valid_from <= last.day and coalesce(valid_to, 'infinity') > last.day"
        " union all select 'bridge', student_key, subgroup_key from bridge",
        [seeded.terms[-1]] * 2,
    )
    told = {name: {tuple(key) for source, *key in built if source == name} for name in ("history", "bridge")}
    assert told["history"] == told["bridge"]
    assert len(told["bridge"]) > 10


def test_the_sample_has_programmes_worth_comparing(recomputed: Support) -> None:
    history = recomputed.programme_history()
    ends = {row["valid_to"] for row in history.values()}
    assert {group for _, group, _ in history} >= {"english_learner", "students_with_disabilities", "section_504"}
    assert None in ends
    assert len(ends) > 2
    assert ends & {term.administrative.start for term in recomputed.base.terms}, "nobody left without an end"


def test_guardians_are_those_of_the_sheets(seeded: Platform, recomputed: Support) -> None:
    of_students = recomputed.guardians()
    source = f"gold.bridge_student_guardian {STUDENT} {SCHOOL} join gold.dim_guardian using (guardian_key)"
    _compare(seeded, "term_key, student_id, guardian_id", source, of_students)
    described = "gold.dim_guardian where guardian_id <> '' and not is_inferred and not _is_dropped"
    _compare(seeded, "guardian_id", described, recomputed.guardians_named())
    assert {row["custody"] for row in of_students.values()} >= {"full", "joint"}
    assert {row["lives_with"] for row in of_students.values()} == {True, False}


def test_warnings_are_made_of_attendance_conduct_and_marks(seeded: Platform, recomputed: Support) -> None:
    source = f"gold.mart_early_warning as mart {STUDENT} {SCHOOL}"
    _compare(seeded, "term_key, student_id, school_id", source, recomputed.early_warning())


def test_the_sample_has_warnings_worth_comparing(recomputed: Support) -> None:
    warnings = recomputed.early_warning().values()
    assert {row["flags"] for row in warnings} >= {0, 1, 2}
    assert {"suspensions", None} <= {row["behavior_reason"] for row in warnings}
    assert {"failing_marks", "failing_marks, grade_point_average", None} <= {row["course_reason"] for row in warnings}
    assert {row["is_course_flagged"] for row in warnings} == {True, False, None}
    assert any(row["open_interventions"] for row in warnings)
    interventions = recomputed.interventions.values()
    assert {row["is_open"] for row in interventions} == {True, False}
    assert {row["is_goal_met"] for row in interventions} == {True, False}
