"""What the portal of a test vendor exports, which knows students by the state's number alone: MAP Growth of NWEA.

Belongs here: who sits the vendor's test, and its scores. Does not belong here: tests of the network's own
(assessing.py), which number the state gave (world.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from edu_assets.sample.world import VENDOR_GRADES, Cell, TableFile, World

SYSTEM, TABLE = "nwea", "map_growth"
SUBJECT, TEST = "Language Usage", "Growth: Language 2-12"
MEAN, BY_ABILITY, SPREAD = 221.0, 11.0, 5.0

MAP_GROWTH = (
    *("TermName", "StudentID", "TestID", "TestStartDate", "School_StateID", "Student_StateID", "Subject", "Course"),
    *("TestName", "GrowthMeasureYN", "TestDurationMinutes", "TestRITScore", "TestStandardError", "TestPercentile"),
)


def tables(world: World) -> Iterator[TableFile]:
    """The vendor's one table."""
    yield from world.dated(SYSTEM, TABLE, MAP_GROWTH, _results(world))


def _results(world: World) -> Iterator[tuple[date, str | None, tuple[Cell, ...]]]:
    """One test a student and year, in the weeks after the school has begun."""
    for year in world.population.years:
        season = f"Fall {year.label[:4]}-{int(year.label[:4]) + 1}"
        for school in world.network.schools:
            days = world.days(year, year.terms[0], school.school_id)[10:20]
            for member in world.members(year, school.school_id, days[-1]):
                if member.grade not in VENDOR_GRADES or member.entry > days[0]:
                    continue
                student = member.student
                random = world.random("map growth", year.label, student.index)
                day = random.choice(days)
                score = round(random.gauss(MEAN + BY_ABILITY * world.traits_of(student).ability, SPREAD))
                yield (
                    day,
                    school.school_id,
                    (
                        *(season, f"N{student.index:06d}", f"{year.label}-{student.index:05d}", f"{day:%m/%d/%Y}"),
                        *(school.school_id, world.state_number(student), SUBJECT, "Language", TEST, "TRUE"),
                        *(random.randrange(25, 70), float(score), 3.1, min(max(round(50 + (score - MEAN) * 2), 1), 99)),
                    ),
                )
