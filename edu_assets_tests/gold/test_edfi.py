"""The same schools by Ed-Fi: what a small network knows of a term is written as items of an Ed-Fi API, and a network
that has nothing else comes to the same figures."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from edu_assets_tests.conftest import MakeNetwork
from edu_assets_tests.gold.building import broken, build_term
from edu_assets_tests.gold.edfi_items import Written
from edu_assets_tests.testbed import Platform, sample_declaration


@pytest.fixture(scope="module")
def term(small_two: Platform) -> str:
    return small_two.terms[1]


@pytest.fixture(scope="module")
def by_edfi(small_two: Platform, make_session_network: MakeNetwork, term: str) -> Platform:
    declared = sample_declaration(name="by_edfi")
    del declared["sample"]
    begins = small_two.value("select administrative_start from etl.term where term_key = %s", [term])
    declared["feeds"] = {"edfi": {"system": "edfi", "landing": "edfi", "effective_dates": {".": begins}}}
    platform = make_session_network(deployed=True, **declared)
    Written(small_two, term, platform.settings.landing_of("edfi")).write()
    reports = platform.load_waiting()
    assert {report.status for report in reports} == {"applied"}
    set_aside = "select raw_table, rule, count(*) from etl.quarantine group by 1, 2"
    assert platform.query(set_aside) == []
    build_term(platform, term)
    return platform


def counted(platform: Platform, query: str, term: str) -> Counter[Any]:
    """The rows; an object as its values by name, since 1.0 is 1."""
    rows = platform.query(query, [term])
    return Counter(tuple(tuple(sorted(v.items())) if isinstance(v, dict) else v for v in row) for row in rows)


SAME = {
    "members": "select student_id, school_id, entry_date, exit_date, is_primary, is_no_show, f.grade_level"
    " from gold.fct_enrollment f join gold.dim_student using (student_key) join gold.dim_school using (school_key)"
    " where term_key = %s",
    "headcount": "select school_key, grade_level, headcount_count_date, headcount_term_end, entries, exits, no_shows"
    " from gold.mart_enrollment where term_key = %s",
    "attendance of schools": "select school_key, grade_level, to_jsonb(m) - '{days_reported_by_periods,"
    "days_reported_by_taps,days_absent_other,days_absent_excused,days_suspended_out_of_school}'::text[]"
    " from gold.mart_attendance_insights m where term_key = %s",
    "attendance of students": "select student_key, school_key, days_enrolled, days_reported, days_present, days_absent,"
    " days_tardy, days_counted_absent from gold.mart_student_attendance where term_key = %s",
    "subgroups": "select school_key, grade_level, subgroup, students from gold.mart_student_demographics"
    " join gold.dim_subgroup using (subgroup_key)"
    # the standard's kinds of programme have none for these
    " where term_key = %s and subgroup not in ('economically_disadvantaged', 'foster_care', 'military_connected')",
    "incidents": "select school_key, incident_date, count(distinct incident_key),"
    " count(*) filter (where participation_role = 'aggressor') from gold.fct_behavior_incident where term_key = %s"
    " group by 1, 2",
    "measures": "select student_key, school_key, discipline_date, days_assigned, days_served"
    " from gold.fct_discipline_action where term_key = %s",
    "classes": "select f.student_key, f.school_key, c.class_title, coalesce(f.begin_date, t.administrative_start)"
    " from gold.fct_class_enrollment f join gold.dim_class c using (class_key) join etl.term t using (term_key)"
    " where f.term_key = %s",
    "staff": "select s.given_name, s.family_name, f.school_key, f.role, f.fte, f.begin_date, f.end_date, f.is_held"
    " from gold.fct_staff_assignment f join gold.dim_staff s using (staff_key) where f.term_key = %s",
    "days in session": "select school_id, calendar_date, is_instructional from staging.conformed_calendar_day"
    " where term_key = %s",
    "marks of sections": "select student_key, school_key, attendance_date, period, absent_portion"
    " from gold.fct_section_attendance where term_key = %s and is_marked and absent_portion is not null",
    "others' parts": "select student_key, school_key, incident_date, participation_role"
    " from gold.fct_behavior_incident where term_key = %s and participation_role in ('victim', 'witness', 'reporter')",
    "results": "select student_key, school_key, subject, grade_level, administration_date, score"
    " from gold.fct_assessment_result where term_key = %s and objective_id is null"
    " and split_part(assessment_id, ':', 1) in ('edfi', 'assessment')",
    "guardians": "select student_id, guardian_id, g.given_name, g.family_name, relationship, lives_with,"
    " contact_priority from gold.bridge_student_guardian join gold.dim_student using (student_key)"
    " join gold.dim_guardian g using (guardian_key) where term_key = %s",
    "marks": "select student_key, school_key, subject, grade, percent from gold.fct_course_grade where term_key = %s",
}


@pytest.mark.parametrize("what", SAME)
def test_figures_are_the_same_by_edfi(small_two: Platform, by_edfi: Platform, term: str, what: str) -> None:
    ours, theirs = counted(small_two, SAME[what], term), counted(by_edfi, SAME[what], term)
    assert ours
    assert [*(ours - theirs)][:3] == [*(theirs - ours)][:3] == []


def test_the_term_is_sound(by_edfi: Platform, term: str) -> None:
    assert not broken(build_term(by_edfi, term))
