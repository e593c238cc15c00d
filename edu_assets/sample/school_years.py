"""The calendar of the sample as its simulation needs it: one object a school year.

Belongs here: which days a school is in session, when people move. Does not belong here: the
calendar's rules themselves (edu_assets/school_calendar.py), who moves (population.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from edu_assets.network import Network
from edu_assets.school_calendar import Interval, SchoolCalendar, Term

# Nobody moves in the first days of a term or shortly before its end: the term's last package then
# holds every move of the term, whichever school's own dates end later.
SETTLED_AT_YEAR_START = 10
SETTLED_AT_TERM_START = 2
SETTLED_AT_TERM_END = 8


@dataclass(frozen=True)
class SchoolYear:
    """One academic year.

    intervals: (school_id, term label) → the school's instructional interval.
    days: school_id → its days in session, in order.
    moving_days: term label → days in session everywhere on which a student may come or go.
    """

    label: str
    terms: tuple[Term, ...]
    intervals: dict[tuple[str, str], Interval]
    days: dict[str, tuple[date, ...]]
    moving_days: dict[str, tuple[date, ...]]

    def first_day(self, school_id: str) -> date:
        return self.intervals[school_id, self.terms[0].term].start

    def end(self, school_id: str) -> date:
        """The first day after the year's instruction at the school."""
        return self.intervals[school_id, self.terms[-1].term].end

    @property
    def all_moving_days(self) -> list[date]:
        return [day for days in self.moving_days.values() for day in days]


def school_years(network: Network) -> tuple[SchoolYear, ...]:
    """Every academic year of the network's calendar, in order."""
    terms = network.calendar.ordered_terms()
    labels = list(dict.fromkeys(term.academic_year for term in terms))
    return tuple(
        _school_year(network, label, tuple(term for term in terms if term.academic_year == label)) for label in labels
    )


def _school_year(network: Network, label: str, terms: tuple[Term, ...]) -> SchoolYear:
    calendar: SchoolCalendar = network.calendar
    in_session = {
        (school.school_id, term.term): calendar.school_days(term, school.calendar)
        for school in network.schools
        for term in terms
    }
    moving_days: dict[str, tuple[date, ...]] = {}
    for position, term in enumerate(terms):
        everywhere = set(calendar.school_days(term))
        for school in network.schools:
            everywhere &= set(in_session[school.school_id, term.term])
        settled = SETTLED_AT_TERM_START if position else SETTLED_AT_YEAR_START
        moving_days[term.term] = tuple(sorted(everywhere)[settled:-SETTLED_AT_TERM_END])
    return SchoolYear(
        label=label,
        terms=terms,
        intervals={
            (school.school_id, term.term): calendar.instructional(term, school.calendar)
            for school in network.schools
            for term in terms
        },
        days={
            school.school_id: tuple(day for term in terms for day in in_session[school.school_id, term.term])
            for school in network.schools
        },
        moving_days=moving_days,
    )
