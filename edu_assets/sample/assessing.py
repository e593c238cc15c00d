"""Tests and marks: benchmarks, the state test, tests of objectives, course grades, criteria, ATL, use of products.

Belongs here: how a student's ability, absence and conduct show in scores, and the reasons why some are missing. Does
not belong here: what is taught (curriculum.py), bands of scores (rules, in gold).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from edu_assets.sample.curriculum import GRADES, SUBJECTS, units
from edu_assets.sample.population import Membership, Student
from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.timetable import Placement
from edu_assets.sample.world import Cell, TableFile, World
from edu_assets.school_calendar import Term

BENCHMARK_GRADES = GRADES[2:11]
STATE_GRADES = GRADES[3:9]
OBJECTIVE_SUBJECTS = ("ELA", "MATH")
MYP_GRADES = GRADES[6:11]
NOT_TESTED = {"absent": 0.02, "refusal": 0.006, "medical": 0.003, "exempt": 0.004}
MISSED_WITHOUT_WORD = 0.008
RETAKES = 0.01
GROWTH_A_YEAR = 5.0
LETTERS = (("F", 0.0, 0), ("D", 1.0, 60), ("C", 2.0, 70), ("B", 3.0, 80), ("A", 4.0, 90))
MYP_BOUNDS = (0, 6, 10, 15, 19, 24, 28)
"""Least sum of four criteria for each of the grades 1 to 7, as IB schools publish them."""
CATEGORIES = ("communication", "social", "self-management", "research", "thinking")
RATINGS = ("beginning", "developing", "meeting", "exceeding")
PRODUCT, USERS_FROM = "MATHPATH", GRADES[3:]

Row = tuple[Cell, ...]
Event = tuple[date, str | None, Row]

ASSESSMENTS = (
    *("AssessmentID", "Title", "Category", "Subject", "GradeLevel", "Scale", "MinScore", "MaxScore"),
    *("CutScoreVersion", "ComparableGroup"),
)
WINDOWS = ("SchoolID", "AssessmentID", "GradeLevel", "FirstDay", "LastDay", "ExpectedOn")
RESULTS = (
    *("ResultID", "AssessmentID", "SchoolID", "StudentNumber", "AdministeredOn", "GradeLevel", "ScaleScore"),
    *("PerformanceLevel", "ObjectiveID", "Attempt", "ReasonNotTested", "Accommodated"),
)
GRADES_HEADER = (
    *("SchoolID", "StudentNumber", "ClassID", "GradingPeriod", "Grade", "ScaleID", "Percent", "CreditsAttempted"),
    *("CreditsEarned", "GradedOn"),
)
CRITERIA = ("SchoolID", "StudentNumber", "ClassID", "GradingPeriod", "Criterion", "Level")
SCALES = ("ScaleID", "Grade", "Points", "LowestPercent", "Passing", "Rank")
ATL = ("SchoolID", "StudentNumber", "ClassID", "GradingPeriod", "Category", "Skill", "Rating")
USAGE = ("SchoolID", "StudentNumber", "ProductID", "ClassID", "UsedOn", "Minutes", "Sessions", "ItemsCompleted")


def tables(world: World) -> Iterator[TableFile]:
    """Sheets of system assessment."""
    assessing = _Assessing(world)
    yield from world.unchanging("assessment", "assessments", ASSESSMENTS, assessing.assessments())
    yield from world.unchanging("assessment", "grade_scales", SCALES, _scales())
    yield from world.dated("assessment", "assessment_windows", WINDOWS, assessing.windows())
    yield from world.dated("assessment", "assessment_results", RESULTS, assessing.results())
    yield from world.dated("assessment", "course_grades", GRADES_HEADER, assessing.course_grades())
    yield from world.dated("assessment", "course_grade_criteria", CRITERIA, assessing.criteria())
    yield from world.dated("assessment", "atl_skill_ratings", ATL, assessing.atl())
    yield from world.dated("assessment", "usage_records", USAGE, assessing.usage())


def _scales() -> Iterator[Row]:
    for rank, (letter, points, percent) in enumerate(LETTERS, start=1):
        yield "letter", letter, points, float(percent), letter != "F", rank
    for grade in range(1, 8):
        yield "myp", str(grade), float(grade), None, grade >= 3, grade


class _Assessing:
    def __init__(self, world: World) -> None:
        self.world = world
        self.schools = [school.school_id for school in world.network.schools]
        self.myp_school = self.schools[-1]
        self.objectives = {(unit.subject, unit.grade, unit.sequence): unit.objectives for unit in units(world)}

    # -- tests ----------------------------------------------------------------------------------

    def assessments(self) -> Iterator[Row]:
        for subject in OBJECTIVE_SUBJECTS:
            named, group = SUBJECTS[subject], f"benchmark-{subject.lower()}"
            yield (
                *(f"BM-{subject}", f"{named} benchmark", "benchmark", named, "", "benchmark-growth", 100.0, 320.0),
                *("benchmark-2024", group),
            )
            for grade in STATE_GRADES:
                yield (
                    *(f"ST-{subject}-{grade}", f"State test, {named} {grade}", "state", named, grade, "state-level"),
                    *(400.0, 600.0, "state-2024", f"state-{subject.lower()}-{grade}"),
                )
            for grade in GRADES:
                yield (
                    *(f"OB-{subject}-{grade}", f"Tests of objectives, {named} {grade}", "formative", named, grade),
                    *("percent", 0.0, 100.0, "", ""),
                )

    def windows(self) -> Iterator[Event]:
        for _, _, school_id, assessment, grade, days in self._sittings():
            if not assessment.startswith("OB-"):
                yield days[0], school_id, (school_id, assessment, grade, days[0], days[-1], days[0])

    def _sittings(self) -> Iterator[tuple[SchoolYear, Term, str, str, str, list[date]]]:
        """Each test that a grade of a school takes in a term, and the days of its window."""
        for year, term in self.world.terms:
            last = term is year.terms[-1]
            for school_id in self.schools:
                days = self.world.days(year, term, school_id)
                school = next(each for each in self.world.network.schools if each.school_id == school_id)
                for subject in OBJECTIVE_SUBJECTS:
                    for grade in school.capacity:
                        if grade in BENCHMARK_GRADES:
                            yield year, term, school_id, f"BM-{subject}", grade, days[-20:-10]
                        if last and grade in STATE_GRADES:
                            yield year, term, school_id, f"ST-{subject}-{grade}", grade, days[-30:-22]
                        yield year, term, school_id, f"OB-{subject}-{grade}", grade, days[-9:-4]

    def results(self) -> Iterator[Event]:
        for year, term, school_id, assessment, grade, days in self._sittings():
            for member in self.world.members(year, school_id, days[0]):
                if member.grade == grade and member.exit > days[-1]:
                    yield from self._results_of(year, term, member, assessment, days)

    def _results_of(
        self, year: SchoolYear, term: Term, member: Membership, assessment: str, days: list[date]
    ) -> Iterator[Event]:
        random = self.world.random("result", assessment, term.key, member.student.index)
        day = random.choice(days)
        number = self.world.number_on(member.student, day)
        key = f"{assessment}-{term.key.replace('|', '-')}-{member.student.index:05d}"
        who = (assessment, member.school_id, number, day, member.grade)
        if assessment.startswith("OB-"):
            subject = assessment.split("-")[1]
            for objective in self.objectives[subject, member.grade, year.terms.index(term) + 1]:
                score = self._percent(member.student, random.gauss(0, 1), harder=3)
                yield day, member.school_id, (f"{key}-{objective[-1]}", *who, score, "", objective, 1, "", None)
            return
        draw = random.random()
        for reason, share in NOT_TESTED.items():
            if draw < share:
                yield day, member.school_id, (key, *who, None, "", "", 1, reason, None)
                return
            draw -= share
        if draw < MISSED_WITHOUT_WORD:
            return
        score, level = self._score(year, term, member, assessment, random.gauss(0, 1))
        helped = random.random() < 0.08
        yield day, member.school_id, (key, *who, score, level, "", 1, "", helped)
        if random.random() < RETAKES and day < days[-1]:
            again = (assessment, member.school_id, number, days[-1], member.grade)
            better = score + random.randrange(0, 4)
            yield days[-1], member.school_id, (f"{key}-R", *again, better, level, "", 2, "", helped)

    def _score(
        self, year: SchoolYear, term: Term, member: Membership, assessment: str, luck: float
    ) -> tuple[float, str]:
        ability = self.world.traits_of(member.student).ability
        if assessment.startswith("ST-"):
            score = min(max(round(500 + 22 * ability + 9 * luck), 400), 600)
            return float(score), str(1 + sum(score >= cut for cut in (480, 500, 520)))
        grade = GRADES.index(member.grade)
        since = year.terms.index(term) / len(year.terms)
        mean = 175 + 9 * grade - 0.25 * grade * grade + GROWTH_A_YEAR * since
        return float(min(max(round(mean + 13 * ability + 4 * luck), 100), 320)), ""

    def _percent(self, student: Student, luck: float, harder: float = 0) -> float:
        own = self.world.traits_of(student)
        percent = 79 - harder + 8.5 * own.ability - 2.5 * own.conduct - 60 * (student.tendency - 0.05) + 5 * luck
        return float(min(max(round(percent), 20), 100))

    # -- marks ----------------------------------------------------------------------------------

    def _marked(self) -> Iterator[tuple[SchoolYear, Term, str, Placement, date]]:
        """Placements that get a mark for a term, and the day on which it is entered."""
        for year, term in self.world.terms:
            for school_id in self.schools:
                entered = year.intervals[school_id, term.term].end - timedelta(1)
                for placement in self.world.placed(year, term, school_id):
                    if placement.school_class.periods:
                        yield year, term, school_id, placement, entered

    def _is_myp(self, placement: Placement) -> bool:
        course = placement.school_class.course
        return course.school_id == self.myp_school and course.grade in MYP_GRADES and course.subject.code in SUBJECTS

    def _levels(self, term: Term, placement: Placement) -> list[int]:
        student, school_class = placement.membership.student, placement.school_class
        random = self.world.random("criteria", term.key, student.index, school_class.code)
        percent = self._percent(student, random.gauss(0, 1))
        return [min(max(round(percent / 12.5 - 0.8 + random.gauss(0, 0.7)), 0), 8) for _ in "ABCD"]

    def course_grades(self) -> Iterator[Event]:
        for year, term, school_id, placement, entered in self._marked():
            student, school_class = placement.membership.student, placement.school_class
            random = self.world.random("grade", term.key, student.index, school_class.code)
            percent: float | None = None
            if self._is_myp(placement):
                scale, total = "myp", sum(self._levels(term, placement))
                mark = str(max(sum(total >= bound for bound in MYP_BOUNDS), 1))
                passed = int(mark) >= 3
            else:
                scale, percent = "letter", self._percent(student, random.gauss(0, 1))
                mark = [letter for letter, _, least in LETTERS if percent >= least][-1]
                passed = mark != "F"
            credit = 0.5 if school_class.course.grade in GRADES[9:] else 0.0
            number = self.world.number_on(student, entered)
            yield (
                entered,
                school_id,
                (
                    *(school_id, number, self.world.class_id(school_class), f"{year.label} {term.term}", mark),
                    *(scale, percent, credit, credit if passed else 0.0, entered),
                ),
            )

    def criteria(self) -> Iterator[Event]:
        for year, term, school_id, placement, entered in self._marked():
            if self._is_myp(placement):
                period = f"{year.label} {term.term}"
                number, class_id = placement.membership.student.number, self.world.class_id(placement.school_class)
                for criterion, level in zip("ABCD", self._levels(term, placement), strict=True):
                    yield entered, school_id, (school_id, number, class_id, period, criterion, level)

    def atl(self) -> Iterator[Event]:
        for year, term, school_id, placement, entered in self._marked():
            if school_id == self.myp_school and placement.school_class.course.subject.code == "ELA":
                student = placement.membership.student
                own = self.world.traits_of(student)
                class_id, period = self.world.class_id(placement.school_class), f"{year.label} {term.term}"
                for category in CATEGORIES:
                    random = self.world.random("atl", term.key, student.index, category)
                    reached = 1.7 + 0.5 * own.ability + 0.3 * own.outlook - 0.3 * own.conduct + random.gauss(0, 0.6)
                    rating = RATINGS[min(max(round(reached), 0), 3)]
                    skill = f"{category} skills"
                    yield entered, school_id, (school_id, student.number, class_id, period, category, skill, rating)

    def usage(self) -> Iterator[Event]:
        """One lesson a week with the product, for who is there."""
        for year, term in self.world.terms:
            for school_id in self.schools:
                there = {
                    day: {number for number, code in self.world.recorded[school_id].get(day, ()) if code in "PT"}
                    for day in self.world.days(year, term, school_id)
                    if day.weekday() == 2
                }
                for placement in self.world.placements.get((year.label, school_id), []):
                    course = placement.school_class.course
                    if course.subject.code == "MATH" and course.grade in USERS_FROM:
                        yield from self._lessons(placement, school_id, there)

    def _lessons(self, placement: Placement, school_id: str, there: dict[date, set[str]]) -> Iterator[Event]:
        student, class_id = placement.membership.student, self.world.class_id(placement.school_class)
        own = self.world.traits_of(student)
        random = self.world.random("usage", student.index, placement.school_class.code)
        for day, present in there.items():
            minutes = round(max(random.gauss(24 + 3 * own.outlook, 6), 2), 1)
            used, twice = random.random() < 0.85, random.random() < 0.2
            if used and placement.begin <= day < placement.end and student.number in present:
                items = max(round(minutes * (0.8 + 0.1 * own.ability)), 1)
                row = (school_id, student.number, PRODUCT, class_id, day, minutes, 1 + twice, items)
                yield day, school_id, row
