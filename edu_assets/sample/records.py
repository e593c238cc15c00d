"""Records of students beyond the roster: register, enrolments, programmes, families, health, the way to school.

Belongs here: what the student information system holds of a student. Does not belong here: admissions
(admissions.py), conduct and support (conduct.py), calendars and codes (reference.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from edu_assets.sample.names import FAMILY, GIVEN
from edu_assets.sample.population import Membership, Student
from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.world import Cell, TableFile, World

MAIL_DOMAIN = "families.example.org"  # reserved by RFC 2606: no mail can reach anybody
RACES = ("W", "W", "W", "W", "B", "B", "A", "I", "P", "M")
HOME_LANGUAGES = ("en",) * 12 + ("es", "es", "es", "pt", "zh", "ar", "vi")
ECONOMIC_BELOW = -0.4
"""Means under which a household is entitled to help; about a third of the network."""
PROGRAM_SHARES = {"504": 0.04, "homeless": 0.01, "foster": 0.005, "migrant": 0.005, "military": 0.02}
HAS_SECONDARY_SCHOOL = 0.04
CONDITIONS = ("ASTHMA", "DIABETES", "EPILEPSY", "ADHD")
ALLERGIES = ("PEANUT", "LATEX", "BEE", "MILK")

STUDENTS = (
    *("SchoolID", "StudentNumber", "StateStudentID", "LegalFirstName", "LegalMiddleName", "LegalLastName"),
    *("GenerationSuffix", "PreferredFirstName", "PreferredLastName", "BirthDate", "Sex", "Pronouns"),
    *("HispanicLatinoEthnicity", "Races", "CountryOfBirth", "HomeLanguage", "GradeLevel", "FirstEntryDate"),
)
ENROLLMENTS = (
    *("SchoolID", "StudentNumber", "EntryDate", "EntryCode", "ExitDate", "ExitCode", "EnrollmentType", "GradeLevel"),
    *("FTE", "HomeSchoolID", "ServingSchoolID", "ResidencyStatus", "NoShow"),
)
PROGRAMS = (
    *("SchoolID", "StudentNumber", "Program", "BeginDate", "EndDate", "Status", "Detail", "ExitReason"),
    "CaseManagerNumber",
)
HEALTH = (
    *("HealthRecordID", "SchoolID", "StudentNumber", "RecordType", "Code", "Description", "BeginDate", "EndDate"),
    *("Severity", "ActionPlan"),
)
GUARDIANS = (
    *("SchoolID", "StudentNumber", "GuardianNumber", "FirstName", "LastName", "Relationship", "Custody"),
    *("ContactAllowed", "CourtOrder", "LivesWith", "Language", "HouseholdID", "ContactPriority", "Email", "Phone"),
)
TRANSPORTATION = (
    *("SchoolID", "StudentNumber", "Direction", "BeginDate", "EndDate", "Mode", "Eligible", "RouteID", "StopID"),
    "Miles",
)
MERGES = ("OldStudentNumber", "NewStudentNumber", "MergedOn", "Reason")


def tables(world: World) -> Iterator[TableFile]:
    """Sheets of system sis that tell of students."""
    records = Records(world)
    yield from world.standing("sis", "students", STUDENTS, records.students)
    yield from world.standing("sis", "student_enrollments", ENROLLMENTS, records.enrollments)
    yield from world.standing("sis", "student_programs", PROGRAMS, records.programs)
    yield from world.standing("sis", "student_health", HEALTH, records.health)
    yield from world.standing("sis", "student_guardians", GUARDIANS, records.guardians)
    yield from world.standing("sis", "student_transportation", TRANSPORTATION, records.transportation)
    yield from world.dated("sis", "student_id_merges", MERGES, records.merges())


class Records:
    """What the register has of students, a method a sheet; rows are in the order of the sheet's header."""

    def __init__(self, world: World) -> None:
        self.world = world
        first: dict[int, Membership] = {}
        for member in world.population.memberships:
            first.setdefault(member.student.index, member)
        self.first = first

    def latest(self, year: SchoolYear, day: date) -> list[Membership]:
        """The last membership of each student who has come in the year, in the order of their numbers."""
        found: dict[str, Membership] = {}
        for member in self.world.population.memberships:
            if member.year == year.label and member.came and member.entry <= day:
                number = member.student.number
                if number not in found or member.entry > found[number].entry:
                    found[number] = member
        return [found[number] for number in sorted(found)]

    # -- who they are ---------------------------------------------------------------------------

    def students(self, year: SchoolYear, day: date) -> Iterator[tuple[Cell, ...]]:
        for member in self.latest(year, day):
            student = member.student
            random = self.world.random("register", student.index)
            hispanic = random.random() < 0.22
            races = sorted({random.choice(RACES) for _ in range(2 if random.random() < 0.07 else 1)})
            nickname = student.given[:3] if random.random() < 0.06 else ""
            first = self.first[student.index]
            yield (
                *(member.school_id, student.number, self.world.state_number(student), student.given, student.middle),
                *(student.family_on(day), "Jr." if random.random() < 0.01 else "", nickname, ""),
                *(self.birth_date(student), random.choice("FM") if random.random() > 0.01 else "X", ""),
                *(hispanic, ",".join(races), "" if random.random() < 0.85 else "US", self.home_language(student)),
                *(member.grade, first.entry),
            )

    def birth_date(self, student: Student) -> date:
        """A day on which the student had the usual age at the first grade that is known."""
        first = self.first[student.index]
        grade = 0 if first.grade == "KG" else int(first.grade)
        year = int(first.year[:4]) - 5 - grade
        return date(year - 1, 9, 1) + timedelta(self.world.random("birth", student.index).randrange(365))

    def home_language(self, student: Student) -> str:
        return self.world.random("language", student.index).choice(HOME_LANGUAGES)

    # -- where they are -------------------------------------------------------------------------

    def enrollments(self, year: SchoolYear, day: date) -> Iterator[tuple[Cell, ...]]:
        """This year's memberships as known on a day; a planned end is not sent, only one that has come."""
        known: dict[int, int] = {}
        for member in self.world.population.memberships:
            if member.year != year.label or member.entry > day:
                continue
            student = member.student
            earlier = known.get(student.index, 0)
            known[student.index] = earlier + 1
            ended = member.struck or (member.exit if member.exit < member.planned_exit else None)
            left = ended if ended and ended <= day else None
            yield (
                *(member.school_id, student.number, member.entry, self._entry_code(member, earlier), left),
                *(self._exit_code(member) if left else "", "primary", member.grade, 1.0, member.school_id, ""),
                *("resident" if self.world.random("residency", student.index).random() < 0.97 else "transfer",),
                member.struck is not None,
            )
            second = self._second_school(member)
            if second and left is None:
                yield (
                    *(second, student.number, member.entry, "D1", None, "", "secondary", member.grade, 0.2),
                    *(member.school_id, second, "resident", False),
                )

    def _entry_code(self, member: Membership, earlier: int) -> str:
        if earlier:
            return "T1"
        return "E1" if self.first[member.student.index] is member else "R1"

    def _exit_code(self, member: Membership) -> str:
        if member.struck:
            return "W9"
        return "W1" if self._goes_on(member) else "W2"

    def _goes_on(self, member: Membership) -> bool:
        """Whether the student is at another school of the network afterwards."""
        return any(
            other.student is member.student and other.year == member.year and other.entry >= member.exit
            for other in self.world.memberships_of(member.student)
        )

    def _second_school(self, member: Membership) -> str | None:
        random = self.world.random("second school", member.year, member.student.index)
        schools = [
            school.school_id
            for school in self.world.network.schools
            if school.school_id != member.school_id and member.grade in school.capacity
        ]
        return random.choice(schools) if schools and member.came and random.random() < HAS_SECONDARY_SCHOOL else None

    def merges(self) -> Iterator[tuple[date, str | None, tuple[Cell, ...]]]:
        for student, given_up in self.world.merged.items():
            numbers = [number for number, _ in given_up] + [student.number]
            for (old, day), new in zip(given_up, numbers[1:], strict=True):
                yield day, None, (old, new, day, "registered twice")

    # -- what they get --------------------------------------------------------------------------

    def programs(self, year: SchoolYear, day: date) -> Iterator[tuple[Cell, ...]]:
        for member in self.latest(year, day):
            student = member.student
            for program, detail in self._programs_of(student):
                random = self.world.random("program", student.index, program)
                begin = self.first[student.index].entry + timedelta(random.randrange(0, 40))
                if begin > day:
                    continue
                ended = begin + timedelta(random.randrange(90, 400)) if random.random() < 0.08 else None
                over = ended is not None and ended <= day
                yield (
                    *(member.school_id, student.number, program, begin, ended if over else None),
                    *("exited" if over else "active", detail, "goals met" if over else ""),
                    f"S{1 + random.randrange(20):06d}" if program in ("IEP", "504", "EL") else "",
                )

    def _programs_of(self, student: Student) -> list[tuple[str, str]]:
        random, own = self.world.random("programs", student.index), self.world.traits_of(student)
        found: list[tuple[str, str]] = []
        if random.random() < (0.24 if own.ability < -0.8 else 0.08):
            found.append(("IEP", random.choice(("SLD", "SLI", "OHI", "AUT"))))
        if self.home_language(student) != "en" and random.random() < (0.75 if own.ability < 0 else 0.35):
            found.append(("EL", str(random.randrange(1, 5))))
        if own.means < ECONOMIC_BELOW:
            found.append(("economic", "free" if own.means < -0.8 else "reduced"))
        if own.ability > 1.5:
            found.append(("gifted", ""))
        for program, share in PROGRAM_SHARES.items():
            if random.random() < share:
                found.append((program, ""))
        return found

    def health(self, year: SchoolYear, day: date) -> Iterator[tuple[Cell, ...]]:
        for member in self.latest(year, day):
            student, random = member.student, self.world.random("health", member.student.index)
            since = self.first[student.index].entry
            found: list[tuple[str, str, str, bool]] = [("immunization", "MMR", "", False)]
            if random.random() < 0.12:
                found.append(("condition", random.choice(CONDITIONS), random.choice(("mild", "severe")), True))
            if random.random() < 0.06:
                found.append(("allergy", random.choice(ALLERGIES), random.choice(("mild", "severe")), True))
            if random.random() < 0.04:
                found.append(("medication", "DAILY", "", True))
            for number, (kind, code, severity, plan) in enumerate(found, start=1):
                record = f"H{student.index:05d}-{number}"
                yield record, member.school_id, student.number, kind, code, "", since, None, severity, plan

    def guardians(self, year: SchoolYear, day: date) -> Iterator[tuple[Cell, ...]]:
        for member in self.latest(year, day):
            student, random = member.student, self.world.random("guardians", member.student.index)
            household = student.guardian.index if student.guardian else 50_000 + student.index
            language = self.home_language(student)
            first = self.world.guardian_number(student) or f"G{household:06d}"
            given = student.guardian.given if student.guardian else random.choice(GIVEN)
            people = [(first, given, student.family, "mother" if random.random() < 0.6 else "father", "")]
            if random.random() < 0.55:
                apart = random.random() < 0.3
                family = random.choice(FAMILY) if apart else student.family
                people.append((f"P{household:06d}", random.choice(GIVEN), family, "parent", "apart" if apart else ""))
            for priority, (number, name, family, relation, apart_from) in enumerate(people, start=1):
                ordered = bool(apart_from) and random.random() < 0.1
                yield (
                    *(member.school_id, student.number, number, name, family, relation),
                    *("none" if ordered else "joint" if len(people) > 1 else "full", not ordered, ordered),
                    *(not apart_from, language, f"HH{household:06d}", priority, f"{number.lower()}@{MAIL_DOMAIN}"),
                    f"555-01{household % 100:02d}",  # 555-0100 to 555-0199 are kept for fiction
                )

    def transportation(self, year: SchoolYear, day: date) -> Iterator[tuple[Cell, ...]]:
        for member in self.latest(year, day):
            random = self.world.random("transport", member.year, member.student.index)
            miles = round(random.expovariate(1 / 1.8), 1)
            mode = "bus" if miles > 1.5 and random.random() < 0.85 else "walk" if miles < 1.0 else "car"
            for direction in ("to_school", "from_school"):
                route = f"R{int(member.school_id) % 100:02d}{int(miles) % 9}" if mode == "bus" else ""
                number = self.world.number_on(member.student, day)
                yield (
                    *(member.school_id, number, direction, member.entry, None, mode, miles > 1.5),
                    *(route, f"{route}-{random.randrange(12):02d}" if route else "", miles),
                )
