"""What the personnel office writes: staff, posts, working days and cover, professional learning.

Belongs here: who else works at a school than those who teach classes, posts and who holds them, when staff are away
and who covers. Does not belong here: who teaches which class (timetable.py), from which teachers and principals come.

A teacher whose classes begin in a later year was hired for them, one whose classes end leaves with them: personnel
and roster tell the same story.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from random import Random

from edu_assets.sample.names import FAMILY, GIVEN
from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.timetable import HOMEROOM, StaffMember
from edu_assets.sample.world import Cell, TableFile, World

SYSTEM = "hr"
MAIL_DOMAIN = "staff.example.org"

ROLES = {"teacher": "teacher", "administrator": "principal"}  # of the roster → of the personnel system
OFFICE_ROLES = (("secretary", 1.0), ("secretary", 0.5), ("counselor", 1.0), ("nurse", 0.6))  # with FTE
PUPILS_AN_AIDE, AIDE_FTE = 110, 0.75
COVERED = ("teacher", "special_education_teacher")
TEACHERS_A_SUBSTITUTE = 7
CHANGES_HANDS = 0.3  # of posts beside the classes, between two years
PART_TIME = 0.12
FIXED_TERM = 0.15
LONGEST_SERVICE = 26  # years
LEFT_REASONS = ("retired", "moved_away", "other_employment", "end_of_contract")
DEGREES = {"principal": ("master", "master", "doctorate"), "teacher": ("bachelor", "master", "master")}
OTHER_DEGREES = ("none", "associate", "bachelor", "bachelor")

# Posts that are hard to fill, one a school in turn: role, subject, whether somebody left it in the first year, and
# whether it is filled for the second.
HARD_TO_FILL = (
    ("special_education_teacher", "Special Education", True, False),
    ("reading_specialist", "English Language Arts", False, True),
    ("counselor", None, True, False),
)

SPELL_BEGINS = 0.019  # on a day at work; times a person's own factor
SPELL_DAYS = (*(1,) * 14, *(2,) * 6, *(3,) * 3, 4, 5, 5)
LONG_SPELL, LONG_SPELL_DAYS = 0.012, (12, 30)
WINTER, IN_WINTER = (12, 1, 2), 1.35  # months, and how much likelier a spell is then
PARTIAL = 0.2  # of single days
REASONS = (*("sick",) * 11, *("family",) * 3, *("personal",) * 3, *("professional_learning",) * 2, "bereavement")
FILLED = 0.87

TOPICS = {
    "safeguarding": "Keeping children safe",
    "literacy": "Reading and writing in every subject",
    "data": "Reading data of one's own classes",
    "inclusion": "Teaching for all learners",
    "technology": "Digital tools in class",
}
REQUIRED_HOURS = {
    "teacher": {"safeguarding": 2.0, "literacy": 6.0, "data": 3.0, "inclusion": 4.0},
    "principal": {"safeguarding": 3.0, "data": 6.0, "inclusion": 3.0},
    "special_education_teacher": {"safeguarding": 2.0, "inclusion": 8.0},
    "reading_specialist": {"safeguarding": 2.0, "literacy": 8.0},
    "counselor": {"safeguarding": 4.0, "inclusion": 4.0},
    "nurse": {"safeguarding": 3.0},
    "aide": {"safeguarding": 2.0, "inclusion": 3.0},
    "secretary": {"safeguarding": 1.0},
}
SESSION_HOURS = (1.0, 1.5, 2.0, 3.0)
OTHER_TOPIC = 0.12  # chance of a topic that is not required
NOT_COMPLETED = (("no_show", 0.04), ("withdrawn", 0.04))
DILIGENCE = (0.6, 1.25)  # share of the required hours that a person aims at
REGISTERED_LATE = 0.5  # of the last sessions of the last year, what has not been closed yet

STAFF = (
    *("StaffNumber", "FirstName", "LastName", "Email", "EmploymentType", "HighestDegree", "HiredOn", "LeftOn"),
    "LeftReason",
)
STAFF_POSITIONS = ("PositionID", "SchoolID", "Role", "Subject", "FTE", "BeginDate", "EndDate", "VacantSince")
STAFF_ASSIGNMENTS = (*("AssignmentID", "PositionID", "SchoolID", "StaffNumber", "Role", "FTE", "BeginDate", "EndDate"),)
STAFF_ATTENDANCE = ("SchoolID", "StaffNumber", "WorkDate", "Status", "AbsentPortion", "Reason")
SUBSTITUTE_ASSIGNMENTS = (
    *("CoverID", "SchoolID", "AbsentStaffNumber", "SubstituteNumber", "WorkDate", "Portion", "Filled"),
)
PROFESSIONAL_LEARNING = ("RecordID", "SchoolID", "StaffNumber", "Topic", "Title", "HeldOn", "Hours", "Status")
PROFESSIONAL_LEARNING_REQUIREMENTS = ("Role", "Topic", "AcademicYear", "Hours")

Row = Sequence[Cell]
Event = tuple[date, str | None, Row]


def tables(world: World) -> Iterator[TableFile]:
    """Every table of the personnel system."""
    office = _Personnel(world)
    days = _Days(world, office)
    yield from world.standing(SYSTEM, "staff", STAFF, office.staff_rows)
    yield from world.standing(SYSTEM, "staff_positions", STAFF_POSITIONS, office.position_rows)
    yield from world.standing(SYSTEM, "staff_assignments", STAFF_ASSIGNMENTS, office.assignment_rows)
    yield from world.dated(SYSTEM, "staff_attendance", STAFF_ATTENDANCE, days.attendance())
    yield from world.dated(SYSTEM, "substitute_assignments", SUBSTITUTE_ASSIGNMENTS, days.cover())
    yield from world.dated(SYSTEM, "professional_learning", PROFESSIONAL_LEARNING, _learning(world, office))
    yield from world.standing(
        SYSTEM, "professional_learning_requirements", PROFESSIONAL_LEARNING_REQUIREMENTS, _requirements
    )


# -- staff and posts ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Employee:
    """Somebody employed from `hired` to `left`, both inclusive; substitutes have no school."""

    number: str
    given: str
    family: str
    role: str
    school_id: str | None
    hired: date
    left: date | None = None

    def employed_on(self, day: date) -> bool:
        return self.hired <= day and (self.left is None or day <= self.left)


@dataclass
class _Post:
    """A post; `holders` in order of time. Its dates are inclusive."""

    number: str
    school_id: str
    role: str
    subject: str | None
    fte: float
    begin: date
    end: date | None = None
    holders: list[_Employee] = field(default_factory=list)

    def vacant_since(self, day: date) -> date | None:
        if self.end is not None and self.end <= day:
            return None
        if any(holder.employed_on(day) for holder in self.holders):
            return None
        ends = [holder.left for holder in self.holders if holder.left is not None and holder.left < day]
        return max(ends) + timedelta(1) if ends else self.begin


class _Personnel:
    def __init__(self, world: World) -> None:
        self.world = world
        self.years = world.population.years
        self.employees: list[_Employee] = []
        self.posts: list[_Post] = []
        self.made_up = len(world.timetable.staff)
        self.posts_of: dict[str, int] = {}
        for member in world.timetable.staff:
            self._of_timetable(member)
        for place, school in enumerate(world.network.schools):
            for role, fte in (*OFFICE_ROLES, *[("aide", AIDE_FTE)] * self._aides(school.school_id)):
                self._office_post(school.school_id, role, fte)
            self._hard_to_fill(school.school_id, *HARD_TO_FILL[place % len(HARD_TO_FILL)])
        teachers = sum(employee.role == "teacher" for employee in self.employees)
        for _ in range(max(2, teachers // TEACHERS_A_SUBSTITUTE)):
            self._employ("substitute", None, self._long_ago())

    @cached_property
    def at_school(self) -> dict[str, list[_Employee]]:
        return {
            school.school_id: [each for each in self.employees if each.school_id == school.school_id]
            for school in self.world.network.schools
        }

    def staff_rows(self, _year: SchoolYear, day: date) -> Iterator[Row]:
        for each in self.employees:
            if each.hired > day:
                continue
            random = self._random("person", each.number)
            kind = "fixed_term" if random.random() < FIXED_TERM else "permanent"
            degree = random.choice(DEGREES.get(each.role, OTHER_DEGREES))
            reason = random.choice(LEFT_REASONS)
            gone = each.left is not None and each.left <= day
            yield (
                *(each.number, each.given, each.family, _mail(each)),
                *("substitute" if each.role == "substitute" else kind, degree, each.hired),
                *(each.left if gone else None, reason if gone else None),
            )

    def position_rows(self, _year: SchoolYear, day: date) -> Iterator[Row]:
        for post in self.posts:
            if post.begin <= day:
                ended = post.end if post.end is not None and post.end <= day else None
                about = (post.number, post.school_id, post.role, post.subject, post.fte, post.begin)
                yield (*about, ended, post.vacant_since(day))

    def assignment_rows(self, _year: SchoolYear, day: date) -> Iterator[Row]:
        for post in self.posts:
            for place, holder in enumerate(post.holders, start=1):
                if holder.hired <= day:
                    number = f"{post.number}-{place}"
                    ended = holder.left if holder.left is not None and holder.left <= day else None
                    about = (number, post.number, post.school_id, holder.number, post.role, post.fte)
                    yield (*about, holder.hired, ended)

    def _random(self, *about: object) -> Random:
        return self.world.random(SYSTEM, *about)

    def _of_timetable(self, member: StaffMember) -> None:
        classes = [each for each in self.world.timetable.classes if each.teacher is member]
        labels = {each.year for each in classes}
        taught = [year for year in self.years if year.label in labels] or list(self.years)
        number = self.world.staff_number(member)
        hired = self._long_ago(number) if taught[0] is self.years[0] else _august(taught[0])
        left = None if taught[-1] is self.years[-1] else _last_day(taught[-1])
        role = ROLES[member.role]
        employee = _Employee(number, member.given, member.family, role, member.school_id, hired, left)
        self.employees.append(employee)
        subjects = list(dict.fromkeys(each.course.subject.title for each in classes if each.course.subject != HOMEROOM))
        part_time = role == "teacher" and self._random("fte", number).random() < PART_TIME
        post = self._post(member.school_id, role, 0.8 if part_time else 1.0, hired)
        post.subject = subjects[0] if len(subjects) == 1 else None
        post.end = left
        post.holders.append(employee)

    def _aides(self, school_id: str) -> int:
        return max(1, len(self.world.members(self.years[0], school_id)) // PUPILS_AN_AIDE)

    def _office_post(self, school_id: str, role: str, fte: float) -> None:
        post = self._post(school_id, role, fte, self._long_ago())
        begin = post.begin
        for year, following in zip(self.years, self.years[1:], strict=False):
            if self._random("changes hands", post.number, year.label).random() < CHANGES_HANDS:
                post.holders.append(self._employ(role, school_id, begin, _last_day(year)))
                begin = _august(following)
        post.holders.append(self._employ(role, school_id, begin))

    def _hard_to_fill(self, school_id: str, role: str, subject: str | None, was_held: bool, filled: bool) -> None:
        first, last = self.years[0], self.years[-1]
        post = self._post(school_id, role, 1.0, self._long_ago() if was_held else _august(first))
        post.subject = subject
        if was_held:
            day = self._random("leaves", post.number).choice(first.all_moving_days)
            post.holders.append(self._employ(role, school_id, post.begin, day))
        if filled and last is not first:
            post.holders.append(self._employ(role, school_id, _august(last)))

    def _post(self, school_id: str, role: str, fte: float, begin: date) -> _Post:
        self.posts_of[school_id] = self.posts_of.get(school_id, 0) + 1
        post = _Post(f"P-{school_id}-{self.posts_of[school_id]:03d}", school_id, role, None, fte, begin)
        self.posts.append(post)
        return post

    def _employ(self, role: str, school_id: str | None, hired: date, left: date | None = None) -> _Employee:
        self.made_up += 1
        random = self._random("name", self.made_up)
        number = f"S{self.made_up:06d}"
        employee = _Employee(number, random.choice(GIVEN), random.choice(FAMILY), role, school_id, hired, left)
        self.employees.append(employee)
        return employee

    def _long_ago(self, *about: object) -> date:
        """A first day of employment before all that the sample tells of."""
        first = _august(self.years[0])
        ago = self._random("hired", *(about or (self.made_up, len(self.posts)))).randint(1, LONGEST_SERVICE)
        return date(first.year - ago, 8, 15)


def _august(year: SchoolYear) -> date:
    """The day on which new staff begin, before the pupils come."""
    first_days = [interval.start for interval in year.intervals.values()]
    return min(first_days) - timedelta(7)


def _last_day(year: SchoolYear) -> date:
    return year.terms[-1].administrative.end - timedelta(1)


def _mail(employee: _Employee) -> str:
    plain = unicodedata.normalize("NFKD", f"{employee.given}.{employee.family}").encode("ascii", "ignore").decode()
    return f"{plain.lower().replace(chr(39), '')}.{employee.number.lower()}@{MAIL_DOMAIN}"


# -- days ---------------------------------------------------------------------------------------


class _Days:
    """Who was away when. away: (staff number, day) → share of the day missed and why."""

    def __init__(self, world: World, office: _Personnel) -> None:
        self.world = world
        self.office = office
        self.away: dict[tuple[str, date], tuple[float, str]] = {}
        for year in world.population.years:
            for school_id, employees in office.at_school.items():
                for employee in employees:
                    days = [day for day in year.days[school_id] if employee.employed_on(day)]
                    self._spells(employee, year, days)
        self.sessions = sorted(
            (day, school_id) for year in world.population.years for school_id, days in year.days.items() for day in days
        )

    def attendance(self) -> Iterator[Event]:
        for day, school_id in self.sessions:
            for employee in self.office.at_school[school_id]:
                if not employee.employed_on(day):
                    continue
                missed, reason = self.away.get((employee.number, day), (0.0, None))
                status = "present" if not missed else "absent" if missed == 1 else "partial"
                yield day, school_id, (school_id, employee.number, day, status, missed, reason)

    def cover(self) -> Iterator[Event]:
        """Cover for absent teachers; nobody covers two of them on a day."""
        pool = [each for each in self.office.employees if each.role == "substitute"]
        taken: dict[date, list[str]] = {}
        place = 0
        for day, school_id in self.sessions:
            for employee in self.office.at_school[school_id]:
                found = self.away.get((employee.number, day))
                if found is None or employee.role not in COVERED:
                    continue
                random = self.world.random(SYSTEM, "cover", employee.number, day)
                busy = taken.setdefault(day, [])
                free = [each.number for each in pool if each.number not in busy]
                covers = random.choice(free) if free and random.random() < FILLED else None
                if covers is not None:
                    busy.append(covers)
                place += 1
                about = (f"CV-{place:06d}", school_id, employee.number, covers, day, found[0])
                yield day, school_id, (*about, covers is not None)

    def _spells(self, employee: _Employee, year: SchoolYear, days: list[date]) -> None:
        """A year's absence of one person, in spells of working days."""
        own = self.world.random(SYSTEM, "health", employee.number).lognormvariate(-0.125, 0.5)
        random = self.world.random(SYSTEM, "away", employee.number, year.label)
        place = 0
        while place < len(days):
            season = IN_WINTER if days[place].month in WINTER else 1.0
            if random.random() >= SPELL_BEGINS * own * season:
                place += 1
                continue
            length, reason, missed = _spell(random)
            for day in days[place : place + length]:
                self.away[employee.number, day] = (missed, reason)
            place += length + 1


def _spell(random: Random) -> tuple[int, str, float]:
    """Days, reason and share of each day missed."""
    if random.random() < LONG_SPELL:
        return random.randint(*LONG_SPELL_DAYS), random.choice(("sick", "family_leave")), 1.0
    length, reason = random.choice(SPELL_DAYS), random.choice(REASONS)
    return length, reason, 0.5 if length == 1 and random.random() < PARTIAL else 1.0


# -- professional learning ----------------------------------------------------------------------


def _requirements(year: SchoolYear, _day: date) -> Iterator[Row]:
    for role, topics in REQUIRED_HOURS.items():
        for topic, hours in topics.items():
            yield role, topic, year.label, hours


def _learning(world: World, office: _Personnel) -> Iterator[Event]:
    """Sessions in which staff took part, until about the hours are reached that a person aims at."""
    place = 0
    for year in world.population.years:
        for school_id, employees in office.at_school.items():
            for employee in employees:
                days = [day for day in year.days[school_id] if employee.employed_on(day)]
                if not days:
                    continue
                for topic in TOPICS:
                    for day, hours, status in _sessions(world, employee, year, topic, days):
                        place += 1
                        about = (f"PL-{place:06d}", school_id, employee.number, topic, TOPICS[topic])
                        yield day, school_id, (*about, day, hours, status)


def _sessions(
    world: World, employee: _Employee, year: SchoolYear, topic: str, days: list[date]
) -> Iterator[tuple[date, float, str]]:
    diligence = world.random(SYSTEM, "diligence", employee.number).uniform(*DILIGENCE)
    random = world.random(SYSTEM, "learning", employee.number, year.label, topic)
    required = REQUIRED_HOURS[employee.role].get(topic, 0.0)
    aim = required * diligence if required else random.choice(SESSION_HOURS) * (random.random() < OTHER_TOPIC)
    while aim > 0.5:
        day, hours = random.choice(days), random.choice(SESSION_HOURS)
        status = _status(random)
        recent = year is world.population.years[-1] and day in year.days[employee.school_id or ""][-10:]
        if recent and random.random() < REGISTERED_LATE:
            status = "registered"
        yield day, hours, status
        aim -= hours


def _status(random: Random) -> str:
    chance = random.random()
    for status, share in NOT_COMPLETED:
        if chance < share:
            return status
        chance -= share
    return "completed"
