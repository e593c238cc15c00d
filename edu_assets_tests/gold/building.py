"""How the tests of gold build: thin words over edu_assets.gold, and ways to look at what was built."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import sql

from edu_assets import gold
from edu_assets.gold import NodeResult
from edu_assets.warehouse import Role
from edu_assets_tests.testbed import Platform

MAINTENANCE = "postgres"
MADE_BY_A_TERM = (
    "fct_enrollment",
    "fct_class_enrollment",
    "fct_section_attendance",
    "fct_attendance_report",
    "fct_attendance",
    "attendance_outside_enrollment",
    "mart_enrollment",
    "mart_student_attendance",
    "mart_attendance_insights",
    "bridge_student_subgroup",
    "mart_student_demographics",
    "fct_admission_stage",
    "mart_admissions_funnel",
    "fct_course_grade",
    "mart_subject_performance",
    "fct_assessment_result",
    "mart_proficiency_distribution",
    "fct_atl_rating",
    "mart_atl_skills",
    "mart_curriculum_performance",
    "mart_assessment_trends",
    "fct_behavior_incident",
    "fct_discipline_action",
    "mart_behavior_trends",
    "fct_staff_attendance",
    "fct_substitute_assignment",
    "fct_staff_position",
    "mart_staff_attendance",
    "fct_staff_assignment",
    "fct_professional_learning",
    "mart_professional_development",
    "fct_survey_response",
    "mart_survey_feedback",
    "fct_fee_invoice",
    "fct_fee_payment",
    "fct_financial_aid",
    "fct_ledger_entry",
    "fct_budget",
    "mart_revenue_expenditure",
    "fct_intervention",
    "mart_early_warning",
    "mart_student_progress",
    "fct_student_health",
    "fct_student_transport",
    "bridge_student_guardian",
    "fct_student_program",
    "fact_learning_activity_daily",
    "fct_learning_usage",
    "mart_learning_usage",
    "fct_exam_attempt",
    "fct_learner_event",
    "fct_learner_payment",
    "bridge_student_identifier",
)


def keep_copy(platform: Platform) -> None:
    """Keep the network's database as it is now, to be brought back by `bring_back`."""
    _copy(platform, source=platform.warehouse.database, target=_kept(platform))


def bring_back(platform: Platform) -> None:
    _copy(platform, source=_kept(platform), target=platform.warehouse.database)


def _kept(platform: Platform) -> str:
    return f"{platform.warehouse.database}_kept"


def _copy(platform: Platform, source: str, target: str) -> None:
    with platform.warehouse.connect(Role.ADMIN, database=MAINTENANCE, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(target)))
        copied = sql.SQL("create database {} template {}")
        admin.execute(copied.format(sql.Identifier(target), sql.Identifier(source)))


# -- dbt ----------------------------------------------------------------------------------------


def deploy_again(platform: Platform) -> list[NodeResult]:
    """Deploy although this version stands already."""
    return run_dbt(
        platform,
        ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"],
        {"EDU_DEPLOY": "1"},
    )


def build_term(platform: Platform, term_key: str, select: str | None = None) -> list[NodeResult]:
    """Build a term and run its tests; a node that fails is in the result."""
    selected = None if select is None else [select]
    return gold.build_term(platform.warehouse, platform.settings, term_key, select=selected).results


def run_dbt(platform: Platform, arguments: list[str], variables: Mapping[str, str]) -> list[NodeResult]:
    """Run any dbt command. Raises GoldFailed where it did not get as far as a node."""
    return gold.run_dbt(platform.warehouse, platform.settings, arguments, variables)


def broken(nodes: list[NodeResult]) -> list[NodeResult]:
    """What was not built or found something; a warning is no breakage."""
    return [node for node in nodes if node.status not in ("success", "pass", "warn")]


# -- looking at gold ----------------------------------------------------------------------------


def digests(platform: Platform) -> dict[tuple[str, str], str]:
    """(table, term) → a hash of every row of it, in order."""
    found = {}
    with platform.warehouse.connect(Role.DBT) as connection:
        for table in MADE_BY_A_TERM:
            query = sql.SQL(
                "select term_key, md5(string_agg(row_text, '|' order by row_text)) from"
                " (select term_key, t::text as row_text from {} as t) as rows group by term_key"
            ).format(sql.Identifier("gold", table))
            found |= {(table, term): digest for term, digest in connection.execute(query)}
    return found


def left_behind(platform: Platform) -> list[str]:
    """Tables in gold that builds made for themselves and did not remove."""
    return [
        name
        for (name,) in platform.query(
            "select relname from pg_class where relname like '%\\_\\_aside\\_%' and relkind = 'r'"
        )
    ]
