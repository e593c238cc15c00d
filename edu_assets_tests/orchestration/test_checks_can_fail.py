"""Every check fails when what it asks about is broken: a check that cannot fail is worse than none.

Each check has a way to break its data here; a new one without is found by the first two tests. What is broken is rolled
back, so the network stays as it was.
"""
# ruff: noqa: S608 - statements are put together of constants

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from psycopg import Connection

from edu_assets.contracts import registry
from edu_assets.gold import manifest_content
from edu_assets.gold.project import ANY_DATABASE
from edu_assets.orchestration.raw_checks import check_slice
from edu_assets.orchestration.raw_rules import RULES, Slice
from edu_assets.warehouse import Role
from edu_assets_tests.orchestration.conftest import BUILT_TERM
from edu_assets_tests.testbed import Platform

TERM = "2024-25|T2"
USERS = "raw_zone.oneroster__users"
QUARANTINED = (
    "insert into etl.quarantine (raw_table, feed, delivery_id, source_file, source_row, term_key, original, rule,"
    " column_name, message, as_of_load, content_hash, occurrence) select l.raw_table, l.feed, l.delivery_id,"
    " 'users.csv', 7, l.term_key, '{}', 'allowed', 'role', '', l.load_id, gen_random_uuid()::text, n"
    f" from etl.load_log l, generate_series(1, 3) n where raw_table = 'oneroster__users' and term_key = '{TERM}'"
)

RAW: dict[str, str] = {
    "schema_conforms": f"alter table {USERS} rename column family_name to surname",
    "rows_are_conserved": f"delete from {USERS} where term_key = '{TERM}' and sourced_id = (select min(sourced_id)"
    f" from {USERS} where term_key = '{TERM}')",
    "quarantine_is_small": QUARANTINED,
    # as the loader sets a row aside whose line breaks a rule: of a term it knows nothing yet
    "values_are_allowed": QUARANTINED.replace("7, l.term_key", "7, null"),
    "keys_are_unique": f"alter table {USERS} drop constraint oneroster__users_pkey",
    "row_count_is_plausible": f"delete from {USERS} where term_key = '{TERM}' and sourced_id > (select"
    f" percentile_disc(0.2) within group (order by sourced_id) from {USERS} where term_key = '{TERM}')",
    "columns_are_filled": f"update {USERS} set grades = '' where term_key = '{TERM}'",
    "conforms_to_standard": "update etl.delivery set details = jsonb_set(details, '{conformance}', '[{\"file\":"
    ' "users.csv", "column": "role", "rule": "value", "severity": "error", "count": 2}]\')',
    "nothing_is_held": "insert into etl.held_slice (delivery_id, feed, term_key, raw_tables, reason, figures, load_id)"
    f" select delivery_id, feed, term_key, array[raw_table], 'fewer rows', '{{}}', load_id from etl.load_log where"
    f" raw_table = 'oneroster__users' and term_key = '{TERM}' limit 1",
    "is_fresh": "update etl.load_log set finished_at = '2024-12-02'",
}

FACT = "(select ctid from gold.{0} where term_key = '" + BUILT_TERM + "' and {1} limit 1)"


def one(table: str, condition: str = "true") -> str:
    return f"ctid = {FACT.format(table, condition)} and term_key = '{BUILT_TERM}'"


EXAM = (
    "insert into gold.fct_exam_attempt (term_key, exam_attempt_key, learner_key, course_key, certification_id,"
    " attempt_number, attempted_on, is_passed) select term_key, 'added', learner_key, course_key, 'added', 1,"
    f" activity_date, {{}} from gold.fact_learning_activity_daily where {one('fact_learning_activity_daily')}"
)

GOLD: dict[str, str] = {
    "attendance_is_conserved": "delete from gold.fct_attendance where "
    + one("fct_attendance", "attendance_code is not null"),
    "attendance_is_covered": "update gold.fct_attendance set is_reported = false, absent_portion = null,"
    " is_absent_day = null where attendance_date < '2024-10-01'",
    "authorities_read_a_day_alike": "update gold.rule_chronic_absence set absent_at_boundary = true"
    " where authority = 'new_york'",
    "attendance_codes_agree_with_the_sis": "update raw_zone.sis__attendance_codes set absence_value = 0.5 where"
    f" term_key = '{BUILT_TERM}' and attendance_code = 'A'",
    "calendar_days_agree_with_the_network": "update raw_zone.sis__calendar_days set instructional = false where"
    f" term_key = '{BUILT_TERM}' and (school_id, calendar_date) = (select school_id, min(calendar_date)"
    f" from raw_zone.sis__calendar_days where term_key = '{BUILT_TERM}' group by 1 limit 1)",
    "schools_are_in_the_network_file": "update raw_zone.sis__student_enrollments set school_id = 'elsewhere' where"
    f" term_key = '{BUILT_TERM}' and student_number = (select min(student_number) from"
    f" raw_zone.sis__student_enrollments where term_key = '{BUILT_TERM}')",
    "end_dates_are_what_the_feed_says": "insert into gold.attendance_outside_enrollment (term_key, student_key,"
    " school_key, attendance_date, grade_level, reason) select term_key, student_key, school_key, exit_date,"
    f" grade_level, 'not_enrolled' from gold.fct_enrollment where {one('fct_enrollment', 'exit_date is not null')}",
    "exit_codes_are_known": f"update gold.fct_enrollment set exit_reason = 'unmapped' where {one('fct_enrollment')}",
    "sources_of_memberships_agree": "delete from raw_zone.sis__student_enrollments where student_number > (select"
    " percentile_disc(0.5) within group (order by student_number) from raw_zone.sis__student_enrollments"
    f" where term_key = '{BUILT_TERM}') and term_key = '{BUILT_TERM}'",
    "memberships_are_conserved": f"delete from gold.fct_enrollment where {one('fct_enrollment')}",
    "grade_levels_are_known": f"update gold.fct_enrollment set grade_level = '99' where {one('fct_enrollment')}",
    "section_marks_are_conserved": "delete from gold.fct_section_attendance where "
    + one("fct_section_attendance", "is_marked"),
    "section_attendance_codes_are_known": "update gold.fct_section_attendance set attendance_category = 'unmapped'"
    f" where {one('fct_section_attendance')}",
    "section_attendance_is_of_a_known_class": "update gold.fct_section_attendance set class_key = md5('class|') where "
    + one("fct_section_attendance"),
    "daily_reports_are_conserved": f"delete from gold.fct_attendance_report where {one('fct_attendance_report')}",
    "attendance_codes_are_known": "update gold.fct_attendance set attendance_category = 'unmapped' where "
    + one("fct_attendance"),
    "class_enrolments_are_conserved": f"delete from gold.fct_class_enrollment where {one('fct_class_enrollment')}",
    "enrollment_memberships_are_the_facts": "delete from gold.mart_enrollment where "
    + one("mart_enrollment", "memberships > 0"),
    "grades_with_seats_are_known": "update gold.mart_enrollment set grade_level = '99' where "
    + one("mart_enrollment", "capacity > 0"),
    "transfers_balance": "update gold.mart_enrollment set transfers_in = transfers_in + 1, entries = entries + 1 where "
    + one("mart_enrollment"),
    "student_attendance_days_are_the_facts": "delete from gold.mart_student_attendance where "
    + one("mart_student_attendance"),
    "attendance_insights_days_are_the_facts": "delete from gold.mart_attendance_insights where "
    + one("mart_attendance_insights", "days_enrolled > 0"),
    "reports_outside_enrollment_are_counted": "update gold.mart_attendance_insights set reports_outside_enrollment ="
    f" reports_outside_enrollment + 1 where {one('mart_attendance_insights')}",
    "no_attendance_outside_enrollment": "update gold.mart_attendance_insights set reports_outside_enrollment = 100000"
    f" where {one('mart_attendance_insights')}",
    "programs_are_known_to_the_rule": "update raw_zone.sis__student_programs set program = 'chess' where"
    f" term_key = '{BUILT_TERM}' and status = 'active'",
    "every_student_is_in_one_group_of_sex_and_of_race": "delete from gold.bridge_student_subgroup where "
    + one(
        "bridge_student_subgroup", "subgroup_key in (select subgroup_key from gold.dim_subgroup where category = 'sex')"
    ),
    "demographics_are_the_headcount": "delete from gold.mart_student_demographics where "
    + one("mart_student_demographics", "subgroup_key = md5('subgroup|all_students')"),
    "admission_stages_are_conserved": f"delete from gold.fct_admission_stage where {one('fct_admission_stage')}",
    "admission_stages_are_known": "update gold.fct_admission_stage set stage = 'unheard of' where "
    + one("fct_admission_stage"),
    "applications_are_the_facts": f"delete from gold.mart_admissions_funnel where {one('mart_admissions_funnel')}",
    "marks_are_conserved": f"delete from gold.fct_course_grade where {one('fct_course_grade')}",
    "marks_are_on_their_scale": f"update gold.fct_course_grade set is_passing = null where {one('fct_course_grade')}",
    "marks_are_of_a_known_class": "update gold.fct_course_grade set class_key = md5('class|') where "
    + one("fct_course_grade"),
    "myp_grades_agree_with_criteria": "update gold.fct_course_grade set grade = '0' where "
    + one("fct_course_grade", "grade_scale_id = 'assessment:myp'"),
    "subject_performance_marks_are_the_facts": "delete from gold.mart_subject_performance where "
    + one("mart_subject_performance"),
    "credits_earned_are_the_facts": "update gold.mart_subject_performance set credits_earned = credits_earned + 1"
    f" where {one('mart_subject_performance')}",
    "assessment_results_are_conserved": f"delete from gold.fct_assessment_result where {one('fct_assessment_result')}",
    "scores_have_a_band": "update gold.fct_assessment_result set proficiency_band = null, band_rule_version = null"
    f" where {one('fct_assessment_result', 'proficiency_band is not null')}",
    "bands_are_known": "update gold.fct_assessment_result set proficiency_band = 'middling' where "
    + one("fct_assessment_result", "proficiency_band is not null"),
    "students_tested_are_the_facts": "delete from gold.mart_proficiency_distribution where "
    + one("mart_proficiency_distribution", "students_tested > 0"),
    "atl_ratings_are_conserved": f"delete from gold.fct_atl_rating where {one('fct_atl_rating')}",
    "atl_codes_are_known": "update gold.fct_atl_rating set level = 'unmapped' where " + one("fct_atl_rating"),
    "atl_ratings_are_the_facts": f"delete from gold.mart_atl_skills where {one('mart_atl_skills')}",
    "assessment_trend_scores_are_the_facts": "delete from gold.mart_assessment_trends where "
    + one("mart_assessment_trends"),
    "students_assessed_are_the_facts": "delete from gold.mart_curriculum_performance where "
    + one("mart_curriculum_performance", "students_assessed > 0"),
    "objectives_are_in_the_curriculum": "update gold.mart_curriculum_performance set program_id = 'unknown' where "
    + one("mart_curriculum_performance"),
    "incidents_are_conserved": "delete from gold.fct_behavior_incident where incident_key = (select min(incident_key)"
    f" from gold.fct_behavior_incident where term_key = '{BUILT_TERM}') and term_key = '{BUILT_TERM}'",
    "incident_parts_are_conserved": "delete from gold.fct_behavior_incident where "
    + one("fct_behavior_incident", "is_student_known"),
    "behavior_codes_are_known": "update gold.fct_behavior_incident set behavior = 'unmapped' where "
    + one("fct_behavior_incident"),
    "discipline_actions_are_conserved": f"delete from gold.fct_discipline_action where {one('fct_discipline_action')}",
    "discipline_action_codes_are_known": "update gold.fct_discipline_action set discipline_action = 'unmapped' where "
    + one("fct_discipline_action"),
    "behavior_trends_incidents_are_the_facts": "delete from gold.mart_behavior_trends where "
    + one("mart_behavior_trends", "incidents > 0"),
    "behavior_trends_actions_are_the_facts": "delete from gold.mart_behavior_trends where "
    + one("mart_behavior_trends", "actions > 0"),
    "staff_days_are_conserved": f"delete from gold.fct_staff_attendance where {one('fct_staff_attendance')}",
    "staff_days_have_a_role": "update gold.fct_staff_attendance set role = 'unknown' where "
    + one("fct_staff_attendance"),
    "covers_are_conserved": f"delete from gold.fct_substitute_assignment where {one('fct_substitute_assignment')}",
    "posts_are_conserved": f"delete from gold.fct_staff_position where {one('fct_staff_position')}",
    "staff_attendance_days_are_the_facts": "delete from gold.mart_staff_attendance where "
    + one("mart_staff_attendance", "days_working > 0"),
    "staff_attendance_cover_is_the_facts": "delete from gold.mart_staff_attendance where "
    + one("mart_staff_attendance", "covers_needed > 0"),
    "staff_attendance_posts_are_the_facts": "delete from gold.mart_staff_attendance where "
    + one("mart_staff_attendance", "fte_posts > 0"),
    "assignments_are_conserved": f"delete from gold.fct_staff_assignment where {one('fct_staff_assignment')}",
    "learning_records_are_conserved": "delete from gold.fct_professional_learning where "
    + one("fct_professional_learning"),
    "professional_development_records_are_the_facts": "delete from gold.mart_professional_development where "
    + one("mart_professional_development", "records > 0"),
    "professional_development_hours_are_the_facts": "delete from gold.mart_professional_development where "
    + one("mart_professional_development", "hours_completed > 0"),
    "answers_are_conserved": f"delete from gold.fct_survey_response where {one('fct_survey_response')}",
    "ratings_are_readable": "update gold.fct_survey_response set rating = null, is_favourable = null where "
    + one("fct_survey_response", "is_of_rating_question"),
    "survey_feedback_answers_are_the_facts": "delete from gold.mart_survey_feedback where "
    + one("mart_survey_feedback", "answered > 0"),
    "survey_feedback_ratings_are_the_facts": "delete from gold.mart_survey_feedback where "
    + one("mart_survey_feedback", "ratings > 0"),
    "invoices_are_conserved": "delete from gold.fct_fee_invoice where " + one("fct_fee_invoice"),
    "fee_categories_are_known": "update gold.fct_fee_invoice set category = 'unmapped' where " + one("fct_fee_invoice"),
    "invoices_are_of_a_known_plan": "update gold.fct_fee_invoice set category = 'unknown' where "
    + one("fct_fee_invoice"),
    "payments_are_conserved": "delete from gold.fct_fee_payment where " + one("fct_fee_payment"),
    "aid_is_conserved": "delete from gold.fct_financial_aid where " + one("fct_financial_aid"),
    "ledger_entries_are_conserved": "delete from gold.fct_ledger_entry where " + one("fct_ledger_entry"),
    "ledger_categories_are_known": "update gold.fct_ledger_entry set category = 'unmapped' where "
    + one("fct_ledger_entry"),
    "budget_lines_are_conserved": "delete from gold.fct_budget where " + one("fct_budget"),
    "budget_categories_are_known": f"update gold.fct_budget set category = 'unmapped' where {one('fct_budget')}",
    "budget_versions_are_known": f"update gold.fct_budget set budget_version = 'draft' where {one('fct_budget')}",
    "revenue_expenditure_billed_is_the_facts": "delete from gold.mart_revenue_expenditure where "
    + one("mart_revenue_expenditure", "billed > 0"),
    "revenue_expenditure_collected_is_the_facts": "delete from gold.mart_revenue_expenditure where "
    + one("mart_revenue_expenditure", "collected > 0"),
    "revenue_expenditure_aid_is_the_facts": "delete from gold.mart_revenue_expenditure where "
    + one("mart_revenue_expenditure", "aid > 0"),
    "revenue_expenditure_expenditure_is_the_facts": "delete from gold.mart_revenue_expenditure where "
    + one("mart_revenue_expenditure", "expenditure > 0"),
    "revenue_expenditure_revenue_is_the_facts": "delete from gold.mart_revenue_expenditure where "
    + one("mart_revenue_expenditure", "revenue > 0"),
    "interventions_are_conserved": f"delete from gold.fct_intervention where {one('fct_intervention')}",
    "progress_codes_are_known": "update gold.fct_intervention set progress = 'unmapped' where "
    + one("fct_intervention"),
    "early_warning_days_are_the_facts": "delete from gold.mart_early_warning where "
    + one("mart_early_warning", "days_counted_absent > 0"),
    "early_warning_suspensions_are_the_facts": "delete from gold.mart_early_warning where "
    + one("mart_early_warning", "suspensions > 0"),
    "early_warning_failing_marks_are_the_facts": "delete from gold.mart_early_warning where "
    + one("mart_early_warning", "failing_marks > 0"),
    "early_warning_interventions_are_the_facts": "delete from gold.mart_early_warning where "
    + one("mart_early_warning", "open_interventions > 0"),
    "student_progress_marks_are_the_facts": "delete from gold.mart_student_progress where "
    + one("mart_student_progress", "marks > 0"),
    "student_progress_ratings_are_the_facts": "delete from gold.mart_student_progress where "
    + one("mart_student_progress", "atl_ratings > 0"),
    "student_progress_tests_are_the_facts": "delete from gold.mart_student_progress where "
    + one("mart_student_progress", "tests_scored > 0"),
    "health_records_are_conserved": f"delete from gold.fct_student_health where {one('fct_student_health')}",
    "ways_to_school_are_conserved": f"delete from gold.fct_student_transport where {one('fct_student_transport')}",
    "guardians_are_conserved": f"delete from gold.bridge_student_guardian where {one('bridge_student_guardian')}",
    "participations_are_conserved": f"delete from gold.fct_student_program where {one('fct_student_program')}",
    "transportation_modes_are_known": "update gold.fct_student_transport set mode = 'unmapped' where "
    + one("fct_student_transport"),
    # the term's survey is confidential, so its invitations have keys
    "anonymous_surveys_have_no_respondent_keys": "update raw_zone.survey__surveys set privacy = 'anonymous' where"
    f" term_key = '{BUILT_TERM}'",
    "learning_days_are_conserved": "delete from gold.fact_learning_activity_daily where "
    + one("fact_learning_activity_daily"),
    "usage_days_are_conserved": f"delete from gold.fct_learning_usage where {one('fct_learning_usage')}",
    "usage_is_of_a_known_class": "update gold.fct_learning_usage set class_key = md5('class|') where "
    + one("fct_learning_usage"),
    "learning_usage_interactions_are_the_facts": "delete from gold.mart_learning_usage where "
    + one("mart_learning_usage", "interactions > 0"),
    "learning_usage_minutes_are_the_facts": "delete from gold.mart_learning_usage where "
    + one("mart_learning_usage", "usage_source <> 'platform' and minutes > 0"),
    # nobody sits an exam in the term, so one is put in, which no source has sent
    "exam_attempts_are_conserved": EXAM.format("true"),
    "exam_attempts_have_a_result": EXAM.format("null"),
    "learner_enrollments_are_conserved": "delete from gold.fct_learner_event where "
    + one("fct_learner_event", "event = 'enrollment'"),
    "certificates_are_conserved": "update gold.fct_learner_event set event = 'certificate' where "
    + one("fct_learner_event", "event = 'activity'"),
    "learner_payments_are_conserved": f"delete from gold.fct_learner_payment where {one('fct_learner_payment')}",
    "student_identifiers_are_conserved": "delete from gold.bridge_student_identifier where "
    + one("bridge_student_identifier"),
    "most_identifiers_of_a_feed_are_matched": "update gold.bridge_student_identifier set matched_by = 'unmatched',"
    f" confidence = 0 where term_key = '{BUILT_TERM}' and feed = 'finance'",
}


@pytest.fixture
def broken(sample_platform: Platform) -> Iterator[Connection]:
    """A connection whose changes are rolled back."""
    with sample_platform.warehouse.connect(Role.ADMIN) as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="module")
def gold_tests() -> Mapping[str, Mapping[str, Any]]:
    nodes = manifest_content()["nodes"].values()
    return {node["name"]: node for node in nodes if node["resource_type"] == "test"}


def test_every_rule_of_raw_tables_has_a_way_to_break_it_here() -> None:
    assert set(RAW) == {rule.name for rule in RULES}


def test_every_check_of_gold_has_a_way_to_break_it_here(gold_tests: Mapping[str, Mapping[str, Any]]) -> None:
    assert set(GOLD) == set(gold_tests)


@pytest.mark.parametrize("rule", list(RAW))
def test_a_rule_of_raw_tables_fails_on_broken_data_and_says_what_to_do(
    broken: Connection, sample_platform: Platform, rule: str
) -> None:
    network = sample_platform.settings.network
    now = datetime(2025, 2, 26, 12, tzinfo=ZoneInfo(network.timezone))
    about = Slice(broken, network, registry().contract("oneroster__users"), network.calendar.term(TERM), now)
    [before] = check_slice(about, {rule})
    assert before.passed, before.description
    broken.execute(RAW[rule].encode())
    [after] = check_slice(about, {rule})
    assert not after.passed
    assert after.description != before.description
    assert {"why", "how_to_mend"} < set(after.metadata)


@pytest.mark.parametrize("table", ["oneroster__orgs", "oneroster__courses"])
def test_a_column_that_held_empty_texts_before_is_not_reported_as_emptied(
    broken: Connection, sample_platform: Platform, table: str
) -> None:
    network = sample_platform.settings.network
    now = datetime(2025, 2, 26, 12, tzinfo=ZoneInfo(network.timezone))
    about = Slice(broken, network, registry().contract(table), network.calendar.term(TERM), now)
    [found] = check_slice(about, {"columns_are_filled"})
    assert found.passed, found.metadata


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("name", list(GOLD))
def test_a_check_of_gold_fails_on_broken_data(
    broken: Connection, gold_tests: Mapping[str, Mapping[str, Any]], name: str
) -> None:
    # The project is compiled without a term and database (lineage wants that); their places are the same in every test.
    statement = gold_tests[name]["compiled_code"].replace("term_key = ''", f"term_key = '{BUILT_TERM}'")
    statement = statement.replace(f'"{ANY_DATABASE}".', "")
    assert BUILT_TERM in statement
    if name != "no_attendance_outside_enrollment":  # the sample has some
        assert not broken.execute(statement).fetchall()
    broken.execute(GOLD[name].encode())
    assert broken.execute(statement).fetchall()
