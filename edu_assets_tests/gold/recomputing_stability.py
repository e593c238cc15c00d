"""Who stays at a school through a year, worked out again from the exported files, calendar day by calendar day.

Belongs here: each named variant from its definition in words. A student's days at a school are walked over: a stay goes
on over days without school, and over as many days in session without membership as the variant allows. Does not belong
here: memberships (recomputing.py), and what authorities mean by their words where they do not say (the seed
rule_stability tells how they are read).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cached_property

from edu_assets.school_calendar import Term
from edu_assets_tests.gold.recomputing import DAY, Membership, Recomputed

FOUR_PLACES = Decimal("0.0001")
COLORADO_GAP = 10
CALIFORNIA_DAYS = 245
TEXAS_SHARE = Fraction(83, 100)
NOT_IN_TEXAS = ("PK", "KG")


@dataclass(frozen=True)
class Stay:
    """Days at a school that belong together. is_to_the_end: whether the last day in session of the year is of it."""

    first_day: date
    last_day: date
    days_missed_before: int
    days_missed_after: int
    last_membership: Membership

    @property
    def is_to_the_end(self) -> bool:
        return self.days_missed_after == 0

    @property
    def calendar_days(self) -> int:
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True)
class Year:
    """A student's year at a school: days enrolled in order, of these in session, and those in session of the school."""

    days: list[date]
    by_day: dict[date, Membership]
    in_session: list[date]

    def stays(self, gap: int) -> list[Stay]:
        """Stays that have a day in session, no two of them with `gap` or fewer missed days in session between."""
        runs: list[list[date]] = []
        for day in self.days:
            if runs and self._missed(runs[-1][-1], day) <= gap:
                runs[-1].append(day)
            else:
                runs.append([day])
        return [self._stay(run) for run in runs if set(run) & set(self.in_session)]

    def _stay(self, run: list[date]) -> Stay:
        of_school = [day for day in run if day in self.in_session]
        return Stay(
            run[0],
            run[-1],
            sum(day < of_school[0] for day in self.in_session),
            sum(day > of_school[-1] for day in self.in_session),
            self.by_day[of_school[-1]],
        )

    def _missed(self, before: date, after: date) -> int:
        return sum(before < day < after for day in self.in_session)

    @property
    def days_in_membership(self) -> int:
        return sum(day in self.by_day for day in self.in_session)


class Stability:
    """Every variant that the sample network reports, from its landing zone."""

    def __init__(self, base: Recomputed) -> None:
        self.base = base
        self.variants: dict[str, Callable[[str, Year], tuple[int, int] | None]] = {
            "colorado_mobility": lambda label, year: self._colorado(label, year, lambda moves: moves > 0),
            "colorado_stability": lambda label, year: self._colorado(label, year, lambda moves: moves == 0),
            "colorado_mobility_incidence": lambda label, year: self._colorado(label, year, lambda moves: moves),
            "california_stability": self._california,
            "texas_peims_mobility": self._texas,
        }

    def rows(self) -> dict[tuple, dict]:
        """(academic year, school, grade, variant) → the figure."""
        sums: dict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        for (academic_year, school, _), year in self.years.items():
            grade = year.stays(0)[-1].last_membership.grade
            for variant, told_of in self.variants.items():
                told = told_of(academic_year, year)
                if told is not None:
                    total = sums[academic_year, school, grade, variant]
                    total[0] += told[0]
                    total[1] += told[1]
        return {
            key: {
                "as_of_term_key": self._terms(key[0])[-1].key,
                "is_year_complete": True,
                "authority": key[3].split("_")[0],
                "measure": key[3].split("_", 1)[1].removeprefix("peims_"),
                "numerator": numerator,
                "denominator": denominator,
                "rate": _rate(numerator, denominator),
                "rule_version": f"{key[3].replace('_', '-')}-1",
            }
            for key, (numerator, denominator) in sums.items()
        }

    # -- variants: what is counted of a student, and whether the student is; None: not of the variant's grades ------

    def _colorado(self, academic_year: str, year: Year, counted: Callable[[int], int]) -> tuple[int, int] | None:
        count_date = self._terms(academic_year)[0].count_date
        assert count_date is not None
        stays = [stay for stay in year.stays(COLORADO_GAP) if stay.last_day >= count_date]
        came = sum(stay.first_day > count_date and stay.days_missed_before > COLORADO_GAP for stay in stays)
        left = sum(stay.days_missed_after > COLORADO_GAP for stay in stays)
        return (int(counted(came + left)), 1) if stays else (0, 0)

    def _california(self, _: str, year: Year) -> tuple[int, int] | None:
        long_enough = [
            stay
            for stay in year.stays(0)
            if stay.calendar_days >= CALIFORNIA_DAYS
            and (stay.is_to_the_end or stay.last_membership.exit_reason != "left_network")
        ]
        return int(bool(long_enough)), 1

    def _texas(self, _: str, year: Year) -> tuple[int, int] | None:
        if year.stays(0)[-1].last_membership.grade in NOT_IN_TEXAS:
            return None
        return int(Fraction(year.days_in_membership, len(year.in_session)) < TEXAS_SHARE), 1

    # -- days ---------------------------------------------------------------------------------------

    @cached_property
    def years(self) -> dict[tuple[str, str, str], Year]:
        """(academic year, school, student) → a year in which there is a day in session of it."""
        found: dict[tuple[str, str, str], dict[date, Membership]] = defaultdict(dict)
        for term in self.base.terms:
            for each in self.base.memberships[term.key]:
                if each.counts:
                    found[term.academic_year, each.school, each.student] |= dict.fromkeys(self._days(term, each), each)
        return {
            key: Year(sorted(by_day), by_day, in_session)
            for key, by_day in found.items()
            if set(by_day) & set(in_session := self.in_session[key[0], key[1]])
        }

    def _days(self, term: Term, membership: Membership) -> Iterator[date]:
        first, last = self.base.first_and_last(term, membership.school)
        day = first
        while day <= last:
            if membership.holds_on(day):
                yield day
            day += DAY

    @cached_property
    def in_session(self) -> dict[tuple[str, str], list[date]]:
        """(academic year, school) → its days in session, in order."""
        found: dict[tuple[str, str], list[date]] = defaultdict(list)
        for term in self.base.terms:
            for school in self.base.schools:
                found[term.academic_year, school] += self.base.in_session[term.key, school]
        return {key: sorted(days) for key, days in found.items()}

    def _terms(self, academic_year: str) -> list[Term]:
        return [term for term in self.base.terms if term.academic_year == academic_year]


def _rate(numerator: int, denominator: int) -> Decimal | None:
    return (Decimal(numerator) / denominator).quantize(FOUR_PLACES, ROUND_HALF_UP) if denominator else None
