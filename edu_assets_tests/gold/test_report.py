"""The report says what the sheets say, tells of no small group, and needs nothing beside its one file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from edu_assets.gold import manifest_content
from edu_assets.gold.figures import Headline, Plot, by_term, headlines_of, meta, plot_of, points
from edu_assets.gold.report import NothingToReport, Report, html, report
from edu_assets.sample import write_exports
from edu_assets.school_calendar import DeclarationError
from edu_assets.warehouse import Role
from edu_assets_tests.conftest import MakeNetwork
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.testbed import Platform, sample_declaration

TERM, BEFORE, YEAR_BEFORE = "2025-26|T2", "2025-26|T1", "2024-25|T2"


@pytest.fixture(scope="module")
def manifest() -> Mapping[str, Any]:
    return manifest_content()


@pytest.fixture(scope="module")
def told(seeded: Platform, manifest: Mapping[str, Any]) -> Report:
    return report(seeded.warehouse, seeded.settings, manifest, TERM)


def marts(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model" and "marts" in node["fqn"]]


def test_its_figures_are_those_of_the_sheets(seeded: Platform, told: Report) -> None:
    network = seeded.settings.network
    recomputed = Recomputed(network, seeded.settings.landing, write_exports(seeded.settings.landing, network))
    insights = recomputed.attendance_insights()

    def rate(term: str) -> float:
        rows = [row for (of, *_), row in insights.items() if of == term]
        return float(sum(row["days_present"] for row in rows) / sum(row["days_reported"] for row in rows))

    [attendance] = [page for page in told.pages if page.domain == "attendance"]
    [figure] = [figure for figure in attendance.figures if figure.title == "attendance rate, of days reported"]
    assert (told.term_key, told.before, told.year_before) == (TERM, BEFORE, YEAR_BEFORE)
    assert figure.now == pytest.approx(rate(TERM))
    assert figure.before == pytest.approx(rate(BEFORE))
    assert figure.year_before == pytest.approx(rate(YEAR_BEFORE))


def test_grades_stand_in_their_order(seeded: Platform, manifest: Mapping[str, Any]) -> None:
    [mart] = [node for node in marts(manifest) if node["name"] == "mart_attendance_insights"]
    plot = plot_of(mart)
    assert plot is not None
    with seeded.warehouse.connect(Role.DBT) as connection:
        drawn = points(connection, mart, plot.model_copy(update={"n": "10"}), TERM)
    grades = [grade for grade in ("PK", "KG", *(f"{n:02}" for n in range(1, 13))) if grade in dict(drawn)]
    assert [label for label, _ in drawn] == grades
    assert grades[0] == "KG"


def test_every_mart_has_a_domain_and_every_domain_with_students_a_figure(
    manifest: Mapping[str, Any], told: Report
) -> None:
    assert [node["name"] for node in marts(manifest) if not meta(node).get("domain")] == []
    declared = {meta(node)["domain"] for node in marts(manifest) if headlines_of(node)}
    assert len(declared) >= 8
    assert {page.domain for page in told.pages if page.figures} == declared


def test_a_group_of_fewer_than_ten_is_not_told(seeded: Platform, manifest: Mapping[str, Any]) -> None:
    [mart] = [node for node in marts(manifest) if node["name"] == "mart_attendance_insights"]
    with seeded.warehouse.connect(Role.DBT) as connection:
        for n, is_told in ((9, False), (10, True)):
            assert bool(by_term(connection, mart, Headline(title="t", value="sum(students)", n=str(n)))) is is_told
            plot = Plot(title="t", x="school_key", y="sum(students)", n=str(n))
            assert bool(points(connection, mart, plot, TERM)) is is_told


def test_the_page_is_one_file_that_names_nobody(seeded: Platform, told: Report) -> None:
    page = html(told.model_copy(update={"network": "<b>Bold</b> network"}))
    assert "<b>" not in page
    assert not re.search(r"<script|<link|src=|@import|url\(", page)
    assert all(figure.title in page for each in told.pages for figure in each.figures)
    assert page.count("<svg") == sum(len(each.pictures) for each in told.pages) > 1
    people = seeded.query(
        "select given_name, family_name, student_id from gold.dim_student where given_name is not null"
    )
    assert len(people) > 30
    words = set(re.findall(r"\w+", page))
    assert not [person for person in people if {person[0], person[1]} <= words or person[2] in words]


def test_a_term_that_is_not_built_is_answered_with_what_to_do(
    make_network: MakeNetwork, seeded: Platform, manifest: Mapping[str, Any]
) -> None:
    empty = make_network(**sample_declaration(name="unbuilt"))
    with pytest.raises(NothingToReport, match="edu pipeline"):
        report(empty.warehouse, empty.settings, manifest, None)
    with pytest.raises(DeclarationError, match="2031"):
        report(seeded.warehouse, seeded.settings, manifest, "2031-32|T1")
