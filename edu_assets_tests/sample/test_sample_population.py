"""The simulated population is possible for every seed and believable at its declared size."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from edu_assets.network import Network, load_network
from edu_assets.sample.absence import HALVES_MISSED, day_codes
from edu_assets.sample.population import Membership, Population, simulate
from edu_assets.settings import PROJECT

NETWORK = load_network(PROJECT / "networks" / "sample.yaml")
SEED = 20240826
seeds = st.integers(0, 2**32)


def stays_by_student(population: Population) -> dict[str, list[Membership]]:
    stays: dict[str, list[Membership]] = defaultdict(list)
    for member in population.memberships:
        stays[member.student.number].append(member)
    for each in stays.values():
        each.sort(key=lambda member: member.entry)
    return stays


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_nobody_is_at_two_schools_at_once(seed: int) -> None:
    for stays in stays_by_student(simulate(NETWORK, 60, seed)).values():
        for earlier, later in itertools.pairwise(stays):
            assert earlier.exit <= later.entry


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_every_stay_lies_in_the_schools_year_and_in_a_grade_that_it_offers(seed: int) -> None:
    population = simulate(NETWORK, 60, seed)
    capacity = {school.school_id: school.capacity for school in NETWORK.schools}
    years = {year.label: year for year in population.years}
    for member in population.memberships:
        year = years[member.year]
        assert year.first_day(member.school_id) <= member.entry < member.exit <= member.planned_exit
        assert member.planned_exit == year.end(member.school_id)
        assert member.grade in capacity[member.school_id]


def test_student_numbers_are_unique_and_have_leading_zeros() -> None:
    numbers = [student.number for student in simulate(NETWORK, 1200, SEED).students]
    assert len(set(numbers)) == len(numbers)
    assert all(len(number) == 10 and number.startswith("0") for number in numbers)


def test_about_as_many_students_as_declared() -> None:
    assert abs(len(simulate(NETWORK, 1200, SEED).students) - 1200) <= 24


def test_every_kind_of_move_happens(network: Network) -> None:
    population = simulate(network, 1200, SEED)
    lea = {school.school_id: school.lea_id for school in network.schools}
    first_day = {year.label: {s: year.first_day(s) for s in lea} for year in population.years}
    kinds: Counter[str] = Counter()
    for stays in stays_by_student(population).values():
        for member in stays:
            late = member.entry > first_day[member.year][member.school_id]
            kinds["late entry"] += late and member is stays[0]
            kinds["left"] += member.came and member is stays[-1] and member.exit < member.planned_exit
            kinds["never came"] += not member.came
        for earlier, later in itertools.pairwise(stays):
            if earlier.year == later.year:
                if earlier.school_id == later.school_id:
                    kinds["returned"] += 1
                elif lea[earlier.school_id] == lea[later.school_id]:
                    kinds["moved within LEA"] += 1
                else:
                    kinds["moved between LEAs"] += 1
            elif earlier.school_id != later.school_id:
                kinds["went on to another school"] += 1
    assert min(kinds.values()) >= 5
    assert len(kinds) == 7, kinds


def test_chronic_absence_lies_where_real_networks_have_it() -> None:
    """Federal rule per school and year: enrolled at least 10 days, absent for 10 % of them or more."""
    halves: Counter[tuple[str, str, str]] = Counter()
    enrolled: Counter[tuple[str, str, str]] = Counter()
    for member, days, codes in day_codes(simulate(NETWORK, 1200, SEED), SEED):
        key = (member.year, member.school_id, member.student.number)
        enrolled[key] += len(days)
        halves[key] += sum(HALVES_MISSED[code] for code in codes)
    counted = [key for key, days in enrolled.items() if days >= 10]
    for year in ("2024-25", "2025-26"):
        here = [key for key in counted if key[0] == year]
        chronic = sum(halves[key] * 5 >= enrolled[key] for key in here)
        assert 0.14 <= chronic / len(here) <= 0.21
    rate = 1 - sum(halves.values()) / 2 / sum(enrolled.values())
    assert 0.92 <= rate <= 0.96


def test_absence_is_higher_in_winter_and_on_fridays() -> None:
    missed: dict[str, list[int]] = defaultdict(lambda: [0, 0])

    def count(bucket: str, code: str) -> None:
        missed[bucket][0] += HALVES_MISSED[code]
        missed[bucket][1] += 2

    def share(bucket: str) -> float:
        return missed[bucket][0] / missed[bucket][1]

    for _, days, codes in day_codes(simulate(NETWORK, 1200, SEED), SEED):
        for day, code in zip(days, codes, strict=True):
            count("winter" if day.month in (1, 2) else "autumn" if day.month in (9, 10) else "else", code)
            count(("mon", "tue", "wed", "thu", "fri")[date.weekday(day)], code)
    assert share("winter") > 1.3 * share("autumn")
    assert share("fri") > 1.1 * share("wed")
