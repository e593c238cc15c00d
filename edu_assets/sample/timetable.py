"""Which classes each school runs in a year, who teaches them and which students sit in them.

Belongs here: courses, classes, staff, and placements of people in classes. Does not belong here: who
is at the school (population.py), how a system exports it (oneroster.py).

Every section of a grade has a homeroom class and the core subjects for the whole year, and one
elective a term. A year is timetabled whole when it begins, as schools do, so that the number of
classes and enrolments of a school hardly changes from term to term.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from random import Random

from edu_assets.network import Network, School
from edu_assets.sample.names import FAMILY, GIVEN, TEAMS
from edu_assets.sample.population import Membership, Population
from edu_assets.sample.school_years import SchoolYear

SECTION_SIZE = 26
CHANGE_SECTION = 0.02
ROOM_MOVES_A_TERM = 2


@dataclass(frozen=True)
class Subject:
    """A subject; `names` and `codes` are OneRoster's parallel lists (codes: SCED subject areas)."""

    code: str
    title: str
    names: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


HOMEROOM = Subject("HR", "Homeroom")
CORE = (
    Subject("ELA", "English Language Arts", ("English",), ("01",)),
    Subject("MATH", "Mathematics", ("Mathematics",), ("02",)),
    Subject("SCI", "Science and Technology", ("Science", "Technology"), ("03", "10")),
)
ELECTIVES = (
    Subject("ART", "Visual Arts", ("Arts",), ("05",)),
    Subject("MUS", "Music", ("Arts",), ("05",)),
    Subject("PE", "Physical Education", ("Physical Education",), ("08",)),
)


@dataclass(frozen=True)
class StaffMember:
    """A teacher or principal; `role` is OneRoster's."""

    index: int
    school_id: str
    role: str
    given: str
    family: str


@dataclass(frozen=True)
class Course:
    """What is taught to one grade; `school_id` offers it."""

    school_id: str
    subject: Subject
    grade: str

    @property
    def code(self) -> str:
        return f"{self.subject.code}-{self.grade}"


@dataclass(frozen=True)
class SchoolClass:
    """A course taught to a section in `[begin, end)`.

    rooms: the room from each day on; the first entry has date.min.
    """

    course: Course
    year: str
    section: str
    begin: date
    end: date
    terms: tuple[str, ...]
    periods: tuple[str, ...]
    teacher: StaffMember
    rooms: tuple[tuple[date, str], ...]

    @property
    def school_id(self) -> str:
        return self.course.school_id

    @property
    def code(self) -> str:
        return f"{self.year}/{self.school_id}/{self.course.code}-{self.section}"

    @property
    def title(self) -> str:
        grade = "K" if self.course.grade == "KG" else str(int(self.course.grade))
        if self.course.subject is HOMEROOM:
            team = TEAMS[(sum(map(ord, grade)) + ord(self.section)) % len(TEAMS)]
            return f'Homeroom {grade}{self.section} "{team}"'
        return f"{self.course.subject.title} {grade}, section {self.section}"

    def room_on(self, day: date) -> str:
        return [room for since, room in self.rooms if since <= day][-1]


@dataclass(frozen=True)
class Placement:
    """A student in a class in `[begin, end)`, as the school's system comes to know it.

    known_from: the day from which the system holds it (date.min: since the year was timetabled).
    planned_end: what the system says until `end` has come.
    struck: the day from which the system no longer holds it, for what never took place.
    """

    membership: Membership
    school_class: SchoolClass
    known_from: date
    begin: date
    end: date
    planned_end: date
    struck: date | None


@dataclass(frozen=True)
class Timetable:
    """All years' classes, courses, staff and placements."""

    staff: tuple[StaffMember, ...]
    classes: tuple[SchoolClass, ...]
    placements: tuple[Placement, ...]


def timetable(network: Network, population: Population, seed: int) -> Timetable:
    """The timetable of every school and year, the same for a seed."""
    return _Timetabling(network, population, seed).run()


@dataclass(frozen=True)
class _Seat:
    """A membership's time in one section, `[begin, end)`."""

    membership: Membership
    section: str
    known_from: date
    begin: date
    end: date
    struck: date | None


class _Timetabling:
    def __init__(self, network: Network, population: Population, seed: int) -> None:
        self.network = network
        self.population = population
        self.random = Random(f"{seed}:timetable")
        self.staff: dict[tuple[str, str], StaffMember] = {}
        self.classes: list[SchoolClass] = []
        self.placements: list[Placement] = []

    def run(self) -> Timetable:
        for year in self.population.years:
            for school in self.network.schools:
                self._staff_member(school, "principal", "administrator")
                for grade in school.capacity:
                    members = [
                        member
                        for member in self.population.memberships
                        if (member.year, member.school_id, member.grade) == (year.label, school.school_id, grade)
                    ]
                    if members:
                        self._timetable_grade(year, school, grade, members)
        return Timetable(tuple(self.staff.values()), tuple(self.classes), tuple(self.placements))

    def _timetable_grade(self, year: SchoolYear, school: School, grade: str, members: list[Membership]) -> None:
        at_start = sum(member.entry == year.first_day(school.school_id) for member in members)
        letters = "ABCDEFGH"[: max(1, math.ceil(at_start / SECTION_SIZE))]
        classes = {letter: self._classes(year, school, grade, letter) for letter in letters}
        for position, member in enumerate(members):
            for seat in self._seats(year, member, letters, position):
                for school_class in classes[seat.section]:
                    self._place(seat, school_class)
        for section in classes.values():
            self.classes += section

    def _classes(self, year: SchoolYear, school: School, grade: str, letter: str) -> list[SchoolClass]:
        own = self._staff_member(school, f"{grade}{letter}", "teacher")
        whole_year = (year.first_day(school.school_id), year.end(school.school_id))
        labels = tuple(term.term for term in year.terms)
        classes = [
            self._class(year, school, grade, letter, subject, whole_year, labels, own, number)
            for number, subject in enumerate((HOMEROOM, *CORE))
        ]
        for number, label in enumerate(labels):
            subject = ELECTIVES[(number + ord(letter)) % len(ELECTIVES)]
            specialist = self._staff_member(school, subject.code, "teacher")
            term = year.intervals[school.school_id, label]
            classes.append(
                self._class(year, school, grade, letter, subject, (term.start, term.end), (label,), specialist, 4)
            )
        return classes

    def _class(
        self,
        year: SchoolYear,
        school: School,
        grade: str,
        letter: str,
        subject: Subject,
        dates: tuple[date, date],
        terms: tuple[str, ...],
        teacher: StaffMember,
        period: int,
    ) -> SchoolClass:
        rooms = [(date.min, f"Room {self.random.randrange(100, 240)}")]
        moves = 7 * len(school.capacity) * 2 // (ROOM_MOVES_A_TERM * len(year.terms))
        if self.random.randrange(moves) == 0:
            rooms.append((self.random.choice(year.all_moving_days), f"Room {self.random.randrange(240, 260)}"))
        periods = () if subject is HOMEROOM else ("3", "5") if subject.code == "SCI" else (str(period),)
        course = Course(school.school_id, subject, grade)
        return SchoolClass(course, year.label, letter, *dates, terms, periods, teacher, tuple(rooms))

    def _staff_member(self, school: School, post: str, role: str) -> StaffMember:
        """Who holds a post; the same person in every year."""
        if (school.school_id, post) not in self.staff:
            self.staff[school.school_id, post] = StaffMember(
                len(self.staff) + 1,
                school.school_id,
                role,
                self.random.choice(GIVEN),
                self.random.choice(FAMILY),
            )
        return self.staff[school.school_id, post]

    def _seats(self, year: SchoolYear, member: Membership, letters: str, position: int) -> list[_Seat]:
        """The member's sections: one, or two where the student changes section in the year."""
        letter = letters[position % len(letters)]
        since_start = member.entry == year.first_day(member.school_id)
        known = date.min if since_start else member.entry
        days = [day for day in year.all_moving_days if member.entry < day < member.exit]
        if len(letters) > 1 and days and member.came and self.random.random() < CHANGE_SECTION:
            change = self.random.choice(days)
            other = self.random.choice([each for each in letters if each != letter])
            return [
                _Seat(member, letter, known, member.entry, change, None),
                _Seat(member, other, change, change, member.exit, None),
            ]
        return [_Seat(member, letter, known, member.entry, member.exit, member.struck)]

    def _place(self, seat: _Seat, school_class: SchoolClass) -> None:
        begin = max(seat.begin, school_class.begin)
        planned_end = school_class.end
        if begin >= planned_end:
            return
        end = min(seat.end, planned_end)
        struck = seat.struck if begin < end else seat.end
        self.placements.append(
            Placement(seat.membership, school_class, seat.known_from, begin, end, planned_end, struck)
        )
