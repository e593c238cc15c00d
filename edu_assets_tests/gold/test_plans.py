"""A term's run looks into the partitions of its term alone, however many terms there are."""

from __future__ import annotations

import pytest

from edu_assets.gold.plans import ModelPlan, plan_of, profile
from edu_assets.school_calendar import DeclarationError
from edu_assets.warehouse import Role
from edu_assets_tests.gold.building import MADE_BY_A_TERM
from edu_assets_tests.testbed import Platform

TERM = "2025-26|T1"


@pytest.fixture(scope="module")
def plans(small_two: Platform) -> dict[str, ModelPlan]:
    return {plan.model: plan for plan in profile(small_two.warehouse, small_two.settings, TERM)}


def test_every_table_of_a_term_has_a_plan_whose_rows_are_those_that_stand(
    small_two: Platform, plans: dict[str, ModelPlan]
) -> None:
    assert set(MADE_BY_A_TERM) <= set(plans)
    standing = {
        table: small_two.value(f"select count(*) from gold.{table} where term_key = %s", [TERM])  # noqa: S608
        for table in MADE_BY_A_TERM
    }
    assert {table: plans[table].rows for table in MADE_BY_A_TERM} == standing
    assert all(plan.seconds > 0 for plan in plans.values())
    assert sum(plan.buffers_found + plan.buffers_read for plan in plans.values()) > 1000


@pytest.mark.parametrize("table", MADE_BY_A_TERM)
def test_a_table_is_made_of_the_partitions_of_its_term_alone(plans: dict[str, ModelPlan], table: str) -> None:
    assert set(plans[table].terms) <= {TERM}


def test_a_dimension_is_made_of_the_partitions_of_its_term_alone(plans: dict[str, ModelPlan]) -> None:
    """But for numbers: a merge of any term tells which number holds."""
    dimensions = {model: plan.terms for model, plan in plans.items() if model.startswith("dim_")}
    assert len(dimensions) > 12
    assert {model for model, terms in dimensions.items() if set(terms) - {TERM}} <= {"dim_student_number"}
    assert dimensions["dim_student"] == [TERM]


def test_what_reads_all_terms_is_seen(small_two: Platform) -> None:
    """The measure itself: a view over all terms, explained alike, names them."""
    with small_two.warehouse.connect(Role.DBT) as connection:
        plan = plan_of(connection, "view", "select * from gold.mart_chronic_absence")
    assert set(plan.terms) == set(small_two.terms)


def test_chronic_absence_of_a_year_is_read_from_the_partitions_of_its_terms_alone(small_two: Platform) -> None:
    year = TERM.split("|")[0]
    with small_two.warehouse.connect(Role.DBT) as connection:
        plan = plan_of(
            connection,
            "view",
            f"select * from gold.mart_chronic_absence where academic_year = '{year}'",  # noqa: S608
        )
    assert plan.rows > 0
    assert plan.terms == [term for term in small_two.terms if term.startswith(year)]


def test_a_term_that_is_none_is_refused(small_two: Platform) -> None:
    with pytest.raises(DeclarationError, match="2031"):
        profile(small_two.warehouse, small_two.settings, "2031-32|T1")
