"""Composition of the student body against a second computation from the exported sheets and rosters.

The definitions are in words: groups of sex and race as the federal guidance of 2007 has them, programmes that hold on
the term's last day of instruction, students each once at the school of the term's end.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from functools import cached_property

import pytest

from edu_assets.sample import write_exports
from edu_assets.school_calendar import Term
from edu_assets_tests.gold.recomputing import Membership, Recomputed
from edu_assets_tests.gold.recomputing_sheets import Sheets, day_of
from edu_assets_tests.gold.recomputing_support import PROGRAM
from edu_assets_tests.sample.reading import Row
from edu_assets_tests.testbed import Platform

SEX = {"F": "female", "M": "male", "X": "nonbinary"}
RACE = {"W": "white", "B": "black", "A": "asian", "I": "american_indian", "P": "pacific_islander", "M": "white"}
Place = tuple[str, str, str, str]


class Composition:
    """Students by term, school, grade and group, from the files."""

    def __init__(self, platform: Platform) -> None:
        network, landing = platform.settings.network, platform.settings.landing
        self.base = Recomputed(network, landing, write_exports(landing, network))
        sheets = Sheets(self.base)
        self.sheets = {
            table: sheets.standing(table)
            for table in ("students", "student_programs", "student_health", "student_transportation")
        }

    def groups(self, term: Term, student: str) -> set[str]:
        last = term.instructional.end - timedelta(1)
        register = next((row for row in self.sheets["students"][term.key] if row["StudentNumber"] == student), None)
        found = {"all_students", SEX[register["Sex"]] if register else "sex_not_given", self._race(register)}
        for row in self.sheets["student_programs"][term.key]:
            if row["StudentNumber"] == student and row["Status"] in ("active", "exited") and _holds(row, last):
                found.add(PROGRAM[row["Program"]])
        return found

    @staticmethod
    def _race(register: Row | None) -> str:
        if register is None:
            return "race_not_given"
        races = {code for code in register["Races"].split(",") if code}
        if register["HispanicLatinoEthnicity"] == "true":
            return "hispanic_latino"
        if len(races) > 1:
            return "two_or_more_races"
        return RACE[races.pop()] if races else "race_not_given"

    @cached_property
    def bridge(self) -> set[tuple[str, str, str]]:
        return {
            (term.key, student, group)
            for term in self.base.terms
            for student in {each.student for each in self.base.memberships[term.key]}
            for group in self.groups(term, student)
        }

    def _at_the_end(self, term: Term) -> list[Membership]:
        """Each student's membership on the last day of its school: of two at once the one entered last."""
        latest: dict[str, Membership] = {}
        for each in sorted(self.base.memberships[term.key], key=lambda member: member.entry):
            if each.counts and each.holds_on(self.base.first_and_last(term, each.school)[1]):
                latest[each.student] = each
        return list(latest.values())

    @cached_property
    def marts(self) -> dict[Place, tuple[int, ...]]:
        groups: dict[tuple[str, str], list[str]] = defaultdict(list)
        for key, student, group in self.bridge:
            groups[key, student].append(group)
        found: dict[Place, Counter[str]] = defaultdict(Counter)
        for term in self.base.terms:
            for member in self._at_the_end(term):
                facts = self._facts(term, member)
                for group in groups[term.key, member.student]:
                    found[term.key, member.school, member.grade, group].update(facts)
        names = ("students", "condition", "plan", "eligible", "bus")
        return {place: tuple(counted[name] for name in names) for place, counted in found.items()}

    def _facts(self, term: Term, member: Membership) -> set[str]:
        last = self.base.first_and_last(term, member.school)[1]
        facts = {"students"}
        for row in self.sheets["student_health"][term.key]:
            if row["StudentNumber"] == member.student and _holds(row, last):
                facts |= {"condition"} if row["RecordType"] in ("condition", "allergy") else set()
                facts |= {"plan"} if row["ActionPlan"] == "true" else set()
        for row in self.sheets["student_transportation"][term.key]:
            if row["StudentNumber"] == member.student and _holds(row, last):
                facts |= {"eligible"} if row["Eligible"] == "true" else set()
                facts |= {"bus"} if row["Mode"] == "bus" else set()
        return facts


def _holds(row: Row, on: date) -> bool:
    begin, end = day_of(row["BeginDate"]), day_of(row["EndDate"])
    assert begin is not None
    return begin <= on and (end is None or on <= end)


@pytest.fixture(scope="module")
def composition(seeded: Platform) -> Composition:
    return Composition(seeded)


def test_every_student_is_in_the_groups_that_the_register_and_programmes_say(
    seeded: Platform, composition: Composition
) -> None:
    built = seeded.query(
        "select term_key, student_id, subgroup from gold.bridge_student_subgroup"
        " join gold.dim_student using (student_key) join gold.dim_subgroup using (subgroup_key)"
    )
    assert len(built) == len(set(built))
    assert set(built) == composition.bridge


def test_composition_is_counted_from_the_students_of_the_terms_end(seeded: Platform, composition: Composition) -> None:
    built = seeded.query(
        "select term_key, school_id, grade_level, subgroup, students, students_with_health_condition,"
        " students_with_health_plan, students_eligible_for_transport, students_on_school_bus"
        " from gold.mart_student_demographics join gold.dim_school using (school_key)"
        " join gold.dim_subgroup using (subgroup_key)"
    )
    assert len(built) == len(composition.marts)
    assert {row[:4]: row[4:] for row in built} == composition.marts


def test_the_sample_has_every_kind_of_group(composition: Composition) -> None:
    groups = {group for _, _, group in composition.bridge}
    assert groups >= {"hispanic_latino", "two_or_more_races", "white", "economically_disadvantaged", "english_learner"}
    figures = [sum(column) for column in zip(*composition.marts.values(), strict=True)]
    assert all(figures)
    assert len(set(figures)) == len(figures)
