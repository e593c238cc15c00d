"""Who is enrolled where and when: the one truth from which every export is written.

Belongs here: students, their guardians, and their memberships of schools over the years, simulated
from a seed. Does not belong here: classes (timetable.py), absence (absence.py), any file format.

A year begins with a roster by school and grade, people come and go on its moving days, and what is
left is promoted into the next year. Numbers of movers are shares of a school rounded to a count, not
chances, so that a small network has each kind of move too and no year loses more than it should.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from edu_assets.network import Network, School
from edu_assets.sample.names import FAMILY, GIVEN
from edu_assets.sample.school_years import SchoolYear, school_years

# Shares of a school's students, a year. Together they keep well under the 20 % at which a school's
# slice would be held, the leaving grade included.
LEAVE = 0.035
LEAVE_AND_RETURN = 0.005
ENTER_LATE = 0.03
MOVE_WITHIN_LEA = 0.015
MOVE_BETWEEN_LEAS = 0.012
NEVER_COME = 0.01
LEAVE_IN_SUMMER = 0.035
ENTER_IN_SUMMER = 0.02
REPEAT_GRADE = 0.01
GO_ON_INSIDE_NETWORK = 0.4

INTAKE = 0.115  # share of the network that enters its schools' lowest grades in summer
PERSISTENTLY_ABSENT = 0.15
HAS_GUARDIAN = 0.5
IS_SIBLING = 0.12
HAS_MIDDLE_NAME = 0.3
CHANGES_NAME = 0.007


@dataclass(frozen=True, eq=False)
class Guardian:
    index: int
    given: str
    family: str


@dataclass(frozen=True, eq=False)
class Student:
    """A student of the network.

    number: the authority's, the same at every school and LEA.
    renamed: day and new family name of a legal change of name.
    tendency: expected share of days missed.
    """

    index: int
    number: str
    given: str
    middle: str
    family: str
    renamed: tuple[date, str] | None
    tendency: float
    persistently_absent: bool
    guardian: Guardian | None

    def family_on(self, day: date) -> str:
        if self.renamed and self.renamed[0] <= day:
            return self.renamed[1]
        return self.family


@dataclass(frozen=True, eq=False)
class Membership:
    """One unbroken stay of a student at a school in one academic year, `[entry, exit)`.

    planned_exit: the year's end, which is what the school's system says until the student leaves.
    struck: the day on which a student who never came is taken off the roster; None for all others.
    """

    student: Student
    school_id: str
    year: str
    grade: str
    entry: date
    exit: date
    planned_exit: date
    struck: date | None = None

    @property
    def came(self) -> bool:
        return self.struck is None


@dataclass(frozen=True)
class Population:
    years: tuple[SchoolYear, ...]
    students: tuple[Student, ...]
    memberships: tuple[Membership, ...]


def simulate(network: Network, students: int, seed: int) -> Population:
    """A population of about `students` different students over all years, the same for a seed.

    The schools' `capacity` gives their grades (in order) and their relative sizes.
    """
    return _Simulation(network, students, seed).run()


class _Simulation:
    def __init__(self, network: Network, students: int, seed: int) -> None:
        self.years = school_years(network)
        self.schools = {school.school_id: school for school in network.schools}
        self.random = Random(f"{seed}:population")
        later = len(self.years) - 1
        newcomers = 1 + ENTER_LATE * len(self.years) + (INTAKE + ENTER_IN_SUMMER) * later
        seats = sum(sum(school.capacity.values()) for school in network.schools)
        self.fill = students / newcomers / seats
        self.renaming_days = [day for year in self.years for day in year.all_moving_days]
        self.students: list[Student] = []
        self.guardians = 0
        self.numbers: set[str] = set()
        self.memberships: list[Membership] = []

    def run(self) -> Population:
        rosters = {
            school.school_id: [entry for grade in school.capacity for entry in self._cohort(school, grade)]
            for school in self.schools.values()
        }
        for year in self.years[:-1]:
            rosters = self._summer(self._play(year, rosters))
        self._play(self.years[-1], rosters)
        return Population(self.years, tuple(self.students), tuple(self.memberships))

    # -- people ---------------------------------------------------------------------------------

    def _cohort(self, school: School, grade: str) -> list[tuple[Student, str]]:
        size = max(1, round(school.capacity[grade] * self.fill * self.random.uniform(0.94, 1.06)))
        return [(self._new_student(), grade) for _ in range(size)]

    def _new_student(self) -> Student:
        random = self.random
        persistent = random.random() < PERSISTENTLY_ABSENT
        sibling = random.choice(self.students) if self.students and random.random() < IS_SIBLING else None
        family = sibling.family if sibling else random.choice(FAMILY)
        guardian = sibling.guardian if sibling else None
        if guardian is None and random.random() < HAS_GUARDIAN:
            self.guardians += 1
            guardian = Guardian(self.guardians, random.choice(GIVEN), family)
        changes_name = random.random() < CHANGES_NAME
        student = Student(
            index=len(self.students) + 1,
            number=self._new_number(),
            given=random.choice(GIVEN),
            middle=random.choice(GIVEN) if random.random() < HAS_MIDDLE_NAME else "",
            family=family,
            renamed=(random.choice(self.renaming_days), random.choice(FAMILY)) if changes_name else None,
            tendency=random.uniform(0.12, 0.24) if persistent else min(random.expovariate(1 / 0.036), 0.075),
            persistently_absent=persistent,
            guardian=guardian,
        )
        self.students.append(student)
        return student

    def _new_number(self) -> str:
        """Ten digits with leading zeros, which a spreadsheet would lose."""
        while True:
            number = f"{self.random.randrange(10**6, 10**9):010d}"
            if number not in self.numbers:
                self.numbers.add(number)
                return number

    # -- a year ---------------------------------------------------------------------------------

    def _play(self, year: SchoolYear, rosters: dict[str, list[tuple[Student, str]]]) -> dict[str, list]:
        """One year's memberships; returns the roster by school on its last day."""
        stayed: dict[str, list[tuple[Student, str]]] = {school_id: [] for school_id in rosters}
        for school_id, roster in rosters.items():
            school = self.schools[school_id]
            waiting = roster.copy()
            self.random.shuffle(waiting)
            first = year.first_day(school_id)
            for student, grade in _take(waiting, NEVER_COME, roster):
                self._stay(year, school_id, student, grade, first, struck=self._strike_day(year))
            for student, grade in _take(waiting, LEAVE, roster):
                self._stay(year, school_id, student, grade, first, last=self._moving_day(year))
            for student, grade in _take(waiting, LEAVE_AND_RETURN, roster):
                last, back = self._leave_of_absence(year)
                self._stay(year, school_id, student, grade, first, last=last)
                self._stay(year, school_id, student, grade, back)
                stayed[school_id].append((student, grade))
            for share, same_lea in ((MOVE_WITHIN_LEA, True), (MOVE_BETWEEN_LEAS, False)):
                movable = [entry for entry in waiting if self._elsewhere(school, entry[1], same_lea)]
                for student, grade in _take(movable, share, roster):
                    waiting.remove((student, grade))
                    target = self.random.choice(self._elsewhere(school, grade, same_lea))
                    last = self._moving_day(year)
                    self._stay(year, school_id, student, grade, first, last=last)
                    self._stay(year, target, student, grade, self._next_entry(year, target, last))
                    stayed[target].append((student, grade))
            for student, grade in waiting:
                self._stay(year, school_id, student, grade, first)
            stayed[school_id] += waiting
            for _ in range(_count(ENTER_LATE, roster)):
                student, grade = self._new_student(), self.random.choice(list(school.capacity))
                self._stay(year, school_id, student, grade, self._moving_day(year))
                stayed[school_id].append((student, grade))
        return stayed

    def _stay(
        self,
        year: SchoolYear,
        school_id: str,
        student: Student,
        grade: str,
        entry: date,
        *,
        last: date | None = None,
        struck: date | None = None,
    ) -> None:
        """Record a membership; `last` is the last day attended, None: until the year's end."""
        end = year.end(school_id)
        leaves = last + timedelta(1) if last else end
        self.memberships.append(Membership(student, school_id, year.label, grade, entry, leaves, end, struck))

    def _moving_day(self, year: SchoolYear) -> date:
        return self.random.choice(year.all_moving_days)

    def _strike_day(self, year: SchoolYear) -> date:
        return self.random.choice(year.moving_days[year.terms[0].term][:4])

    def _leave_of_absence(self, year: SchoolYear) -> tuple[date, date]:
        days = year.all_moving_days
        away = self.random.randint(15, 30)
        left = self.random.randrange(len(days) - away)
        return days[left], days[left + away]

    def _next_entry(self, year: SchoolYear, school_id: str, last: date) -> date:
        """The first school day at the new school, or up to three later."""
        following = [day for day in year.days[school_id] if day > last]
        return following[self.random.choice((0, 0, 0, 1, 3))]

    def _elsewhere(self, school: School, grade: str, same_lea: bool) -> list[str]:
        return [
            other.school_id
            for other in self.schools.values()
            if other.school_id != school.school_id
            and (other.lea_id == school.lea_id) == same_lea
            and grade in other.capacity
        ]

    # -- between two years ----------------------------------------------------------------------

    def _summer(self, stayed: dict[str, list]) -> dict[str, list[tuple[Student, str]]]:
        rosters: dict[str, list[tuple[Student, str]]] = {school_id: [] for school_id in stayed}
        for school_id, roster in stayed.items():
            school = self.schools[school_id]
            grades = list(school.capacity)
            waiting = roster.copy()
            self.random.shuffle(waiting)
            _take(waiting, LEAVE_IN_SUMMER, roster)
            for student, grade in waiting:
                if self.random.random() < REPEAT_GRADE:
                    rosters[school_id].append((student, grade))
                elif grade != grades[-1]:
                    rosters[school_id].append((student, grades[grades.index(grade) + 1]))
                else:
                    self._go_on(student, grade, rosters)
            rosters[school_id] += self._cohort(school, grades[0])
            for _ in range(_count(ENTER_IN_SUMMER, roster)):
                rosters[school_id].append((self._new_student(), self.random.choice(grades[1:] or grades)))
        return rosters

    def _go_on(self, student: Student, grade: str, rosters: dict[str, list[tuple[Student, str]]]) -> None:
        """A student of a school's last grade goes on to another school of the network, or leaves it."""
        for school_id, school in self.schools.items():
            grades = list(school.capacity)
            if grade in grades[:-1] and self.random.random() < GO_ON_INSIDE_NETWORK:
                rosters[school_id].append((student, grades[grades.index(grade) + 1]))
                return


def _count(share: float, of: list) -> int:
    return max(1, round(share * len(of)))


def _take(waiting: list, share: float, of: Iterable) -> list:
    """Take the share's count of `of` from the front of `waiting`."""
    count = _count(share, list(of))
    taken, waiting[:] = waiting[:count], waiting[count:]
    return taken
