"""Applications for places, from the day they came to the day the applicant was enrolled or turned away.

Belongs here: applicants and the steps of their applications. Does not belong here: who is enrolled (population.py),
to which successful applications lead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from edu_assets.network import School
from edu_assets.sample.population import Membership
from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.world import Cell, TableFile, World

UNSUCCESSFUL_FOR_ONE_ENROLLED = 0.7
NEXT_YEAR_SHARE = 0.14
"""Applications for the year after the last, as a share of a school's members."""

APPLICATIONS = (
    *("ApplicationID", "SchoolID", "ApplicantNumber", "StudentNumber", "EntryYear", "GradeLevel", "AppliedOn"),
    *("Channel", "Priority"),
)
STAGES = ("ApplicationID", "Stage", "ReachedOn", "Reason")
CHANNELS = ("neighbour", "web", "open day", "sibling")
ENDS = ("waitlisted", "declined", "withdrawn", "accepted")


@dataclass(frozen=True)
class _Application:
    number: int
    school_id: str
    student_number: str
    entry_year: str
    grade: str
    applied: date
    stages: tuple[tuple[str, date, str], ...]
    channel: str
    priority: str

    @property
    def key(self) -> str:
        return f"AP{self.number:06d}"


def tables(world: World) -> Iterator[TableFile]:
    """Sheets of system sis that tell of admissions: a step is sent with its application, or later."""
    found = list(_Season(world).applications())
    yield from world.dated(
        "sis",
        "admission_applications",
        APPLICATIONS,
        (
            (
                each.applied,
                each.school_id,
                (
                    *(each.key, each.school_id, f"C{each.number:06d}", each.student_number, each.entry_year),
                    *(each.grade, each.applied, each.channel, each.priority),
                ),
            )
            for each in found
        ),
    )
    feed = world.feed("sis")
    if feed:
        for sent, rows in _steps_by_day_sent(world, found).items():
            yield TableFile(feed, "admission_stage_events", sent, STAGES, rows)


def _steps_by_day_sent(world: World, found: list[_Application]) -> dict[date, list[tuple[Cell, ...]]]:
    """The steps of the applications of a term in one file, sent the day after the last."""
    by_term: dict[str, list[tuple[Cell, ...]]] = {}
    last: dict[str, date] = {}
    for each in found:
        term = world.term_of(each.applied, each.school_id)
        assert term is not None, f"{each.applied} is outside the calendar"
        by_term.setdefault(term.key, []).extend((each.key, *step) for step in each.stages)
        last[term.key] = max(last.get(term.key, date.min), *(day for _, day, _ in each.stages))
    sent: dict[date, list[tuple[Cell, ...]]] = {}
    for term_key, rows in by_term.items():
        sent.setdefault(last[term_key] + timedelta(1), []).extend(rows)
    return sent


class _Season:
    def __init__(self, world: World) -> None:
        self.world = world
        self.made = 0
        self.last_day = world.terms[-1][1].administrative.end - timedelta(1)

    def applications(self) -> Iterator[_Application]:
        years = self.world.population.years
        seen: set[int] = set()
        for place, year in enumerate(years):
            for member in self.world.population.memberships:
                if member.year == year.label and member.came and member.student.index not in seen:
                    seen.add(member.student.index)
                    late = member.entry > year.first_day(member.school_id)
                    if place or late:
                        yield self._successful(member, year, late=late)
        for year in years:
            for school in self.world.network.schools:
                members = len(self.world.members(year, school.school_id))
                for _ in range(round(members * NEXT_YEAR_SHARE * UNSUCCESSFUL_FOR_ONE_ENROLLED) or 1):
                    yield self._unsuccessful(school, year)

    def _successful(self, member: Membership, year: SchoolYear, *, late: bool) -> _Application:
        self.made += 1
        random = self.world.random("application", member.student.index)
        weeks = random.randrange(2, 5) if late else random.randrange(24, 34)
        applied = max(
            member.entry - timedelta(7 * weeks + random.randrange(5)), self.world.terms[0][1].administrative.start
        )
        step = max(1, (member.entry - applied).days // 5)
        stages = tuple(
            (stage, applied + timedelta(step * place), "")
            for place, stage in enumerate(("applied", "reviewed", "offered", "accepted"))
        )
        return _Application(
            *(self.made, member.school_id, member.student.number, year.label, member.grade, applied),
            *((*stages, ("enrolled", member.entry, "")), random.choice(CHANNELS)),
            "sibling" if random.random() < 0.15 else "",
        )

    def _unsuccessful(self, school: School, year: SchoolYear) -> _Application:
        """For the next year; it ends without a seat, or with one that nobody has yet taken."""
        self.made += 1
        random = self.world.random("application without a seat", self.made)
        start = int(year.label[:4]) + 1
        applied = date(start, 1, 8) + timedelta(random.randrange(75))
        end = random.choice(ENDS)
        ways = {"waitlisted": (), "withdrawn": (), "declined": ("offered",), "accepted": ("offered",)}
        passed = ("applied", "reviewed", *ways[end], end)
        stages = tuple(
            (
                stage,
                min(applied + timedelta(12 * place + random.randrange(5)), self.last_day),
                "no seat" if place > 1 and end == "waitlisted" else "",
            )
            for place, stage in enumerate(passed)
        )
        grade = next(iter(school.capacity)) if random.random() < 0.6 else random.choice(list(school.capacity))
        label = f"{start}-{(start + 1) % 100:02d}"
        return _Application(
            *(self.made, school.school_id, "", label, grade, applied, stages, random.choice(CHANNELS), "")
        )
