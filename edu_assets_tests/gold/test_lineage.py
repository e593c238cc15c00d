"""Column lineage: every model is understood, and what is said of a column is what its SQL does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edu_assets.contracts import registry
from edu_assets.gold import manifest_content
from edu_assets.gold.column_sources import column_sources
from edu_assets.gold.lineage import ColumnStep, UnknownColumn, origins, trace

ROSTER = [contract.name for contract in registry().of_system("oneroster")]

# Columns of marts whose values come from no column: counts of rows, the term of the run, constants of a union's
# branches.
OF_NO_COLUMN = {
    ("mart_attendance_insights", "term_key"),
    ("mart_student_attendance", "term_key"),
    ("mart_attendance_insights", "days_enrolled"),
    ("mart_attendance_insights", "reports_outside_enrollment"),
    ("mart_chronic_absence", "attendance_window"),
    ("mart_chronic_absence", "organization_level"),
    ("mart_chronic_absence", "days_enrolled"),
    ("mart_chronic_absence", "is_eligible"),
    ("mart_student_attendance", "days_enrolled"),
    ("mart_student_attendance", "longest_absence_streak"),
    ("mart_behavior_trends", "term_key"),
    ("mart_behavior_trends", "actions"),
    ("mart_behavior_trends", "school_days_membership"),
    ("mart_behavior_rates", "term_key"),
    ("mart_behavior_rates", "actions"),
    ("mart_staff_attendance", "term_key"),
    ("mart_staff_attendance", "days_working"),
    ("mart_staff_attendance", "covers_needed"),
    ("mart_professional_development", "term_key"),
    ("mart_professional_development", "records"),
    ("mart_professional_development_coverage", "as_of_term_key"),
    ("mart_survey_feedback", "term_key"),
    ("mart_survey_feedback", "invited"),
    ("mart_student_demographics", "term_key"),
    ("mart_student_demographics", "students"),
    ("mart_student_demographics_change", "students"),
    ("mart_student_demographics_change", "students_previous_term"),
    ("mart_student_demographics_change", "students_previous_year"),
    ("mart_student_demographics_change", "change_previous_term"),
    ("mart_student_demographics_change", "change_previous_year"),
    ("mart_student_demographics_change", "term_key"),
    ("mart_admissions_funnel", "term_key"),
    ("mart_admissions_funnel", "applied"),
    ("mart_subject_performance", "term_key"),
    ("mart_subject_performance", "graded"),
    ("mart_proficiency_distribution", "term_key"),
    ("mart_atl_skills", "term_key"),
    ("mart_atl_skills", "ratings"),
    ("mart_curriculum_performance", "term_key"),
    ("mart_curriculum_performance", "students_assessed"),
    ("mart_assessment_trends", "term_key"),
    ("mart_assessment_trends", "scores"),
    ("mart_assessment_trends_change", "comparison"),
    ("mart_assessment_trends_change", "students_matched"),
    ("mart_survey_feedback", "answered"),
    ("mart_revenue_expenditure", "term_key"),
    ("mart_revenue_expenditure", "school_days_membership"),
    ("mart_revenue_expenditure_per_pupil", "term_key"),
    ("mart_early_warning", "term_key"),
    ("mart_early_warning", "suspensions"),
    ("mart_early_warning", "open_interventions"),
    ("mart_early_warning", "days_enrolled"),
    ("mart_early_warning", "attendance_reason"),
    ("mart_early_warning", "behavior_reason"),
    ("mart_early_warning", "course_reason"),
    ("mart_student_progress", "term_key"),
    ("mart_student_progress", "marks"),
    ("mart_student_progress", "tests_scored"),
    ("mart_student_progress", "school_days_enrolled"),
    ("mart_student_progress_change", "term_key"),
    ("mart_student_progress_change", "compared_term_key"),
    ("mart_learning_usage", "term_key"),
    ("mart_learning_usage", "active_days"),
    ("mart_certification_kpis", "term_key"),
    ("mart_certification_kpis", "attempts"),
    ("mart_certification_kpis", "certificates"),
    ("mart_student_lifecycle_daily", "as_of_date"),
    ("mart_enrollment_stability", "is_year_complete"),
    ("mart_atl_skills_change", "term_key"),
}


@pytest.fixture(scope="module")
def manifest() -> Mapping[str, Any]:
    return manifest_content()


def sources_of(sql: str, *columns: str) -> dict[str, set[str]]:
    """Of a model over the tables `a (x, y, z)` and `b (x, w)`."""

    def node(kind: str, name: str, *names: str) -> dict[str, Any]:
        return {
            "resource_type": kind,
            "schema": "s",
            "name": name,
            "columns": {column: {"data_type": "bigint"} for column in names},
        }

    content = {
        "nodes": {"model.p.m": {**node("model", "m", *columns), "compiled_code": sql}},
        "sources": {"source.p.s.a": node("source", "a", "x", "y", "z"), "source.p.s.b": node("source", "b", "x", "w")},
    }
    found = column_sources(content, Path())["model.p.m"]
    return {column: {f"{above.rsplit('.', 1)[-1]}.{name}" for above, name in made} for column, made in found.items()}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('select a.x as k from "db"."s"."a" as a', {"k": {"a.x"}}),
        ("select a.x + b.w as k from s.a as a inner join s.b as b on a.y = b.x where a.z > 0", {"k": {"a.x", "b.w"}}),
        (
            "with c as (select a.*, a.y - a.z as d from s.a as a) select c.d as k, c.x as l from c",
            {"k": {"a.y", "a.z"}, "l": {"a.x"}},
        ),
        ("select a.x as k from s.a as a union all select b.w from s.b as b", {"k": {"a.x", "b.w"}}),
        ("select count(*) as k, max(a.y) filter (where a.z > 1) as l from s.a as a", {"k": set(), "l": {"a.y", "a.z"}}),
        (
            "select lag(a.x) over w as k from s.a as a window w as (partition by a.y order by a.z)",
            {"k": {"a.x"}},
        ),
        ("select (select max(b.w) from s.b as b where b.x = a.x) as k from s.a as a", {"k": {"b.w"}}),
        ("select 'one' as k, added.x as l from (select a.x from s.a as a) as added", {"k": set(), "l": {"a.x"}}),
    ],
)
def test_sources_are_the_columns_whose_values_arrive(sql: str, expected: dict[str, set[str]]) -> None:
    assert sources_of(sql, *expected) == expected


def test_a_column_that_the_materialisation_adds_has_none() -> None:
    assert sources_of("select a.x as k from s.a as a", "k", "added") == {"k": {"a.x"}, "added": set()}


def test_every_model_is_understood_and_names_columns_that_exist(manifest: Mapping[str, Any]) -> None:
    relations = {**manifest["nodes"], **manifest["sources"]}
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert len(models) > 30
    for node in models:
        assert "column_sources" in node, node["name"]
        for column, made_of in node["column_sources"].items():
            for above, name in made_of:
                assert above in manifest["parent_map"][node["unique_id"]], (node["name"], column)
                declared = relations[above]["columns"]
                assert name in declared or above.startswith("seed.") or ".etl." in above, (node["name"], column, name)


def test_every_column_of_a_mart_is_traced_to_a_source_or_a_rule(manifest: Mapping[str, Any]) -> None:
    without = {
        (node["name"], column)
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["name"].startswith("mart_")
        for column in node["columns"]
        if not origins(manifest, (node["unique_id"], column))
    }
    assert without <= OF_NO_COLUMN


def test_a_figure_is_followed_to_the_column_of_its_file(manifest: Mapping[str, Any]) -> None:
    [step] = trace(manifest, registry(), "mart_enrollment.exits", ROSTER)
    files = {(above.header, *above.files) for above in walk(step) if above.files}
    assert ("endDate", "enrollments.csv") in files
    assert ("beginDate", "enrollments.csv") in files
    relations = [above.relation for above in walk(step)]
    assert relations[0] == "gold.mart_enrollment"
    assert not any("oulad" in name for name in relations)


def test_tables_that_the_network_has_not_are_left_out(manifest: Mapping[str, Any]) -> None:
    def systems(*on: str) -> set[str]:
        raw_tables = [contract.name for system in on for contract in registry().of_system(system)]
        steps = trace(manifest, registry(), "gold.dim_student", raw_tables)
        return {above.relation for step in steps for above in walk(step) if above.relation.startswith("staging.stg_")}

    assert all("oneroster" in name for name in systems("oneroster"))
    assert all("oulad" in name for name in systems("oulad"))
    assert systems("oneroster", "oulad") == systems("oneroster") | systems("oulad")


@pytest.mark.parametrize("named", ["mart_enrolment", "mart_enrollment.nothing", ""])
def test_what_is_no_table_or_column_is_refused_with_those_that_are(manifest: Mapping[str, Any], named: str) -> None:
    with pytest.raises(UnknownColumn, match="mart_enrollment"):
        trace(manifest, registry(), named, ROSTER)


def walk(step: ColumnStep) -> list[ColumnStep]:
    return [step, *(found for above in step.made_of for found in walk(above))]
