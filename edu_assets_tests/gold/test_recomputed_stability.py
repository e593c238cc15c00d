"""Who stays at a school through a year, by each named variant, against the exported files, for two networks."""

from __future__ import annotations

import pytest

from edu_assets.gold.plans import plan_of
from edu_assets.sample import write_exports
from edu_assets.warehouse import Role
from edu_assets_tests.gold.building import build_term
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_stability import Stability
from edu_assets_tests.gold.test_recomputed import SCHOOL, _compare
from edu_assets_tests.testbed import Platform

YEAR, TERM_BEFORE, LAST_TERM = "2025-26", "2025-26|T2", "2025-26|T3"


@pytest.fixture(scope="module")
def stability(seeded: Platform) -> Stability:
    network, landing = seeded.settings.network, seeded.settings.landing
    return Stability(Recomputed(network, landing, write_exports(landing, network)))


def test_each_variant_is_counted_from_the_days_of_each_student(seeded: Platform, stability: Stability) -> None:
    _compare(
        seeded,
        "academic_year, school_id, grade_level, variant",
        f"gold.mart_enrollment_stability {SCHOOL}",
        stability.rows(),
    )


def test_the_sample_has_years_worth_comparing(stability: Stability) -> None:
    rows = stability.rows()
    assert {variant for *_, variant in rows} == set(stability.variants)
    for variant in stability.variants:
        told = [row for key, row in rows.items() if key[-1] == variant]
        assert 0 < sum(row["numerator"] for row in told) < sum(row["denominator"] for row in told), variant
    years = list(stability.years.values())
    assert any(len(year.stays(10)) > 1 for year in years), "somebody who came back"


def test_the_first_sample_has_long_stays_that_end_early_in_either_way(small_one: Platform) -> None:
    network, landing = small_one.settings.network, small_one.settings.landing
    years = Stability(Recomputed(network, landing, write_exports(landing, network))).years.values()
    left = [stay for year in years for stay in year.stays(0) if not stay.is_to_the_end and stay.calendar_days >= 245]
    assert {stay.last_membership.exit_reason for stay in left} >= {"left_network", "transferred_within_network"}


def test_colorado_alone_has_a_stability_that_is_one_minus_a_mobility(seeded: Platform) -> None:
    summed = "select variant, sum(numerator), sum(denominator) from gold.mart_enrollment_stability group by 1"
    told = {variant: (numerator, denominator) for variant, numerator, denominator in seeded.query(summed)}
    (mobile, of), (stable, _) = told["colorado_mobility"], told["colorado_stability"]
    assert mobile + stable == of == told["colorado_stability"][1]
    assert told["colorado_mobility_incidence"][0] > mobile


def test_a_year_is_read_from_the_partitions_of_its_terms_alone(seeded: Platform) -> None:
    view = f"select * from gold.mart_enrollment_stability where academic_year = '{YEAR}'"  # noqa: S608
    with seeded.warehouse.connect(Role.DBT) as connection:
        plan = plan_of(connection, "view", view)
    assert plan.rows > 0
    assert plan.terms == [term for term in seeded.terms if term.startswith(YEAR)]


def test_a_year_is_told_as_of_the_last_term_that_was_built(own: Platform) -> None:
    told = (
        "select distinct as_of_term_key, is_year_complete from gold.mart_enrollment_stability where academic_year = %s"
    )
    assert own.query(told, [YEAR]) == [(LAST_TERM, True)]
    for table in ("oneroster__enrollments", "sis__student_enrollments", "edfi__student_school_associations"):
        assert own.change(f"delete from raw_zone.{table} where term_key = %s", [LAST_TERM])  # noqa: S608
    build_term(own, LAST_TERM)
    assert own.query(told, [YEAR]) == [(TERM_BEFORE, False)]
    longest = "select sum(numerator) from gold.mart_enrollment_stability where academic_year = %s and variant = %s"
    assert own.value(longest, [YEAR, "california_stability"]) == 0
