"""What every system of the network is told of: the simulated network as a whole, and the sheets they write of it.

Belongs here: questions that several exports ask (who is at a school on a day, in which term a day lies), and the
shape of a sheet. Does not belong here: what a table says (a module a system beside this one), when rosters and
attendance are sent (exports.py).

Two kinds of sheet: `standing` is a state, sent on a term's last day; `dated` holds what happened, sent when the last
of a term's events is over. Both are one file a table and term for the whole network.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from random import Random

from edu_assets.network import Network
from edu_assets.sample.attendance import DayRecords
from edu_assets.sample.districts import districts
from edu_assets.sample.population import Membership, Population, Student
from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.timetable import Placement, SchoolClass, StaffMember, Timetable
from edu_assets.sample.traits import Traits, traits
from edu_assets.school_calendar import Term

MERGED_SHARE = 0.004
DAYS_OF_MERGES = 14
"""Over how many days they are spread."""
VENDOR_GRADES = ("09", "10", "11")
"""Grades that are tested by a vendor who knows students by the state's number alone (vendor.py)."""

Cell = str | int | float | bool | date | None
Header = tuple[str, ...]


@dataclass(frozen=True)
class TableFile:
    """One sheet: `<table>_<sent>.csv` in the folder of a feed."""

    feed: str
    table: str
    sent: date
    header: Header
    rows: Sequence[Sequence[Cell]]

    @property
    def name(self) -> str:
        return f"{self.table}_{self.sent}.csv"

    def text(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows([_spelled(cell) for cell in row] for row in self.rows)
        return text.getvalue()


def _spelled(cell: Cell) -> Cell:
    """What the csv module would spell otherwise: it knows dates, numbers and what is not there."""
    return "true" if cell is True else "false" if cell is False else cell


class World:
    """The network as simulated from one seed. `recorded`: attendance by school and day."""

    def __init__(
        self,
        network: Network,
        population: Population,
        timetable: Timetable,
        recorded: dict[str, DayRecords],
        seed: int,
    ) -> None:
        self.network = network
        self.population = population
        self.timetable = timetable
        self.recorded = recorded
        self.seed = seed
        self.traits: dict[int, Traits] = traits(population.students, seed)
        self._calendars = {school.school_id: school.calendar for school in network.schools}
        self._terms_of_days: dict[tuple[date, str | None], Term | None] = {}
        self._guid_of = {
            school.school_id: district.guid
            for district in districts(network)
            for school in network.schools
            if school.lea_id == district.lea_id
        }

    def random(self, *about: object) -> Random:
        """Chance of one matter: what another matter draws does not change it."""
        return Random(":".join(str(part) for part in (self.seed, *about)))

    def feed(self, system: str) -> str | None:
        """The feed of a system; None where the network has none, and then nothing of it is written."""
        return next((name for name, feed in self.network.feeds.items() if feed.system == system), None)

    # -- time -----------------------------------------------------------------------------------

    @cached_property
    def terms(self) -> list[tuple[SchoolYear, Term]]:
        """Every term in order, with its year."""
        return [(year, term) for year in self.population.years for term in year.terms]

    def term_of(self, day: date, school_id: str | None = None) -> Term | None:
        """The term of a day, at a school by its own dates."""
        place = (day, school_id)
        if place not in self._terms_of_days:
            calendar = self._calendars[school_id] if school_id else None
            self._terms_of_days[place] = self.network.calendar.term_of_date(day, calendar)
        return self._terms_of_days[place]

    def days(self, year: SchoolYear, term: Term, school_id: str) -> list[date]:
        """The days in session of a school in a term."""
        interval = year.intervals[school_id, term.term]
        return [day for day in year.days[school_id] if interval.contains(day)]

    # -- people ---------------------------------------------------------------------------------

    @cached_property
    def memberships(self) -> dict[tuple[str, str], list[Membership]]:
        """(year label, school) → the memberships of who came, in a fixed order."""
        found: dict[tuple[str, str], list[Membership]] = {}
        for member in self.population.memberships:
            if member.came:
                found.setdefault((member.year, member.school_id), []).append(member)
        return found

    def members(self, year: SchoolYear, school_id: str, day: date | None = None) -> list[Membership]:
        """Who is a member of a school in a year, or on one day of it."""
        everyone = self.memberships.get((year.label, school_id), [])
        return [member for member in everyone if day is None or member.entry <= day < member.exit]

    def memberships_of(self, student: Student) -> list[Membership]:
        return self._by_student.get(student.index, [])

    @cached_property
    def _by_student(self) -> dict[int, list[Membership]]:
        found: dict[int, list[Membership]] = {}
        for member in self.population.memberships:
            found.setdefault(member.student.index, []).append(member)
        return found

    @cached_property
    def merged(self) -> dict[Student, list[tuple[str, date]]]:
        """Numbers that students had until the day on which each was merged into the next; the first has had two."""
        count = max(1, round(MERGED_SHARE * len(self.population.students)))
        first_year = self.population.years[0]
        days = first_year.all_moving_days
        early, day = days[len(days) // 4], days[len(days) // 2]
        present = [
            member.student
            for member in self.population.memberships
            if member.year == first_year.label
            and member.came
            and member.entry < early
            and member.exit == member.planned_exit
        ]
        chosen = self.random("merged").sample(present, min(count, len(present)))
        found = {
            student: [(f"99{student.number[2:]}", day + timedelta(place % DAYS_OF_MERGES))]
            for place, student in enumerate(chosen)
        }
        found[chosen[0]].insert(0, (f"98{chosen[0].number[2:]}", early))
        return found

    def number_on(self, student: Student, day: date) -> str:
        """The number under which systems that are told of merges know a student on a day."""
        held = (number for number, until in self.merged.get(student, ()) if day < until)
        return next(held, student.number)

    def state_number(self, student: Student) -> str:
        """The number that the state gave a student, as the register has it."""
        return f"9{self._copied.get(student, student).number[1:]}"

    @cached_property
    def _copied(self) -> dict[Student, Student]:
        """A student into whose entry a clerk copied the state's number of another; both sit the vendor's test."""
        several = [
            member.student
            for school in self.network.schools
            for member in self.memberships.get((self.population.years[0].label, school.school_id), [])
            if member.grade in VENDOR_GRADES and member.exit == member.planned_exit
        ]
        chosen = self.random("copied").randrange(len(several) - 1) if len(several) > 1 else None
        return {} if chosen is None else {several[chosen]: several[chosen + 1]}

    def traits_of(self, student: Student) -> Traits:
        return self.traits[student.index]

    @cached_property
    def placements(self) -> dict[tuple[str, str], list[Placement]]:
        """(year label, school) → placements that took place, in a fixed order."""
        found: dict[tuple[str, str], list[Placement]] = {}
        for placement in self.timetable.placements:
            if placement.begin < placement.end and placement.membership.came:
                school_class = placement.school_class
                found.setdefault((school_class.year, school_class.school_id), []).append(placement)
        return found

    def placed(self, year: SchoolYear, term: Term, school_id: str) -> list[Placement]:
        """Placements in a school's classes of a term that last until the term's last day."""
        last = year.intervals[school_id, term.term].end - timedelta(1)
        return [
            placement
            for placement in self.placements.get((year.label, school_id), [])
            if term.term in placement.school_class.terms and placement.begin <= last < placement.end
        ]

    def class_id(self, school_class: SchoolClass) -> str:
        """What the roster of the school calls a class."""
        return self._guid_of[school_class.school_id]("cls", school_class.code)

    @staticmethod
    def staff_number(member: StaffMember) -> str:
        return f"S{member.index:06d}"

    @staticmethod
    def guardian_number(student: Student) -> str | None:
        return f"G{student.guardian.index:06d}" if student.guardian else None

    # -- sheets ---------------------------------------------------------------------------------

    def standing(
        self, system: str, table: str, header: Header, rows_of: Callable[[SchoolYear, date], Iterable[Sequence[Cell]]]
    ) -> Iterator[TableFile]:
        """The state of a table on each term's last day; `rows_of` gives it for a year and a day."""
        feed = self.feed(system)
        if feed is None:
            return
        for year, term in self.terms:
            day = term.instructional.end - timedelta(1)
            rows = list(rows_of(year, day))
            if rows:
                yield TableFile(feed, table, day, header, rows)

    def unchanging(
        self, system: str, table: str, header: Header, rows: Iterable[Sequence[Cell]]
    ) -> Iterator[TableFile]:
        """The same state on each term's last day."""
        always = list(rows)
        yield from self.standing(system, table, header, lambda _year, _day: always)

    def dated(
        self,
        system: str,
        table: str,
        header: Header,
        events: Iterable[tuple[date, str | None, Sequence[Cell]]],
    ) -> Iterator[TableFile]:
        """Rows (day, school, cells) in one file a term, sent the day after the last; a day outside all terms is an
        error of the sample."""
        feed = self.feed(system)
        if feed is None:
            return
        by_term: dict[str, list[tuple[date, Sequence[Cell]]]] = {}
        for day, school_id, cells in events:
            term = self.term_of(day, school_id)
            assert term is not None, f"{table}: {day} is outside the calendar"
            by_term.setdefault(term.key, []).append((day, cells))
        for found in by_term.values():
            yield TableFile(
                feed, table, max(day for day, _ in found) + timedelta(1), header, [cells for _, cells in found]
            )
