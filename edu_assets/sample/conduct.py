"""Conduct and support: incidents, who had a part in them, what followed, and what help students get.

Belongs here: what a dean's office and a support team enter. A suspension of the attendance file has its measure here,
on the same days, and its incident the school day before. Does not belong here: absence itself (absence.py).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from edu_assets.sample.absence import SUSPENDED
from edu_assets.sample.population import Membership
from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.world import Cell, TableFile, World

BASE_RATE = 0.14
"""Incidents of a student of average conduct in a year; a standard score more doubles it and more."""
PER_SCORE = 0.9
BEHAVIORS = ("disruption", "disrespect", "fighting", "bullying", "vandalism", "phone")
LOCATIONS = ("classroom", "hallway", "playground", "bus", "cafeteria")
MILD = ("detention", "conference", "parent contact", "restorative circle")
SUSPENSION = "out-of-school suspension"

INCIDENTS = (
    *("SchoolID", "IncidentID", "IncidentDate", "IncidentTime", "Behavior", "Location", "SeverityLevel", "Narrative"),
    "ReportedToPolice",
)
PARTICIPANTS = ("SchoolID", "IncidentID", "StudentNumber", "Role", "Behavior")
ACTIONS = (
    *("ActionID", "SchoolID", "StudentNumber", "IncidentID", "ActionDate", "Action", "DaysAssigned", "DaysServed"),
    "IEPPlacementMeeting",
)
INTERVENTIONS = (
    *("InterventionID", "SchoolID", "StudentNumber", "Tier", "Area", "BeginDate", "EndDate", "Goal", "Progress"),
    *("ReviewedOn", "StaffNumber"),
)


@dataclass(frozen=True)
class _Incident:
    school_id: str
    key: str
    day: date
    behavior: str
    severity: str
    participants: tuple[tuple[str, str], ...]
    action: tuple[str, date, int] | None

    @property
    def aggressor(self) -> str:
        return self.participants[0][0]


def tables(world: World) -> Iterator[TableFile]:
    """Sheets of system sis that tell of conduct and support."""
    found = list(_incidents(world))
    yield from world.dated("sis", "behavior_incidents", INCIDENTS, _incident_rows(world, found))
    yield from world.dated("sis", "behavior_participants", PARTICIPANTS, _participant_rows(found))
    yield from world.dated("sis", "discipline_actions", ACTIONS, _action_rows(found))
    yield from world.standing("sis", "interventions", INTERVENTIONS, partial(_interventions, world))


def _incidents(world: World) -> Iterator[_Incident]:
    for year in world.population.years:
        for school in world.network.schools:
            days = year.days[school.school_id]
            found = [
                *_suspensions(world, year, school.school_id),
                *(each for member in world.members(year, school.school_id) for each in _mild(world, member, days)),
            ]
            found.sort(key=lambda each: (each[0], each[1]))
            for number, (day, aggressor, served) in enumerate(found, start=1):
                yield _incident(world, year, school.school_id, number, day, aggressor, served)


def _suspensions(world: World, year: SchoolYear, school_id: str) -> Iterator[tuple[date, str, tuple[date, int] | None]]:
    """(day of the incident, student number, (first day, days)) of each spell of suspension."""
    spells: dict[str, list[date]] = {}
    days = year.days[school_id]
    for day in days:
        for number, code in world.recorded[school_id].get(day, ()):
            if code == SUSPENDED:
                spells.setdefault(number, []).append(day)
    following = dict(itertools.pairwise(days))
    for number, suspended in sorted(spells.items()):
        starts = [day for place, day in enumerate(suspended) if not place or following.get(suspended[place - 1]) != day]
        for start, after in itertools.pairwise([*starts, date.max]):
            happened = max((day for day in days if day < start), default=start)
            yield happened, number, (start, sum(start <= day < after for day in suspended))


def _mild(world: World, member: Membership, days: tuple[date, ...]) -> Iterator[tuple[date, str, None]]:
    inside = [day for day in days if member.entry <= day < member.exit]
    if not inside:
        return
    random = world.random("incidents", member.year, member.school_id, member.student.index)
    conduct = world.traits_of(member.student).conduct
    expected = BASE_RATE * math.exp(PER_SCORE * conduct) * len(inside) / max(len(days), 1)
    chance = min(expected / 4, 0.9)
    for day in sorted({random.choice(inside) for _ in range(4) if random.random() < chance}):
        yield day, member.student.number, None


def _incident(
    world: World,
    year: SchoolYear,
    school_id: str,
    number: int,
    day: date,
    aggressor: str,
    served: tuple[date, int] | None,
) -> _Incident:
    key = f"{year.label[:4]}-{number:04d}"
    random = world.random("incident", school_id, key)
    behavior = random.choice(BEHAVIORS[2:5] if served else BEHAVIORS)
    others = [member.student.number for member in world.members(year, school_id, day)]
    participants = [(aggressor, "aggressor")]
    for role, share in (("victim", 0.4), ("witness", 0.25), ("aggressor", 0.06)):
        other = random.choice(others) if others and random.random() < share else None
        if other and other not in [each for each, _ in participants]:
            participants.append((other, role))
    action: tuple[str, date, int] | None = None
    if served:
        action = (SUSPENSION, *served)
    elif random.random() < 0.6:
        action = (random.choice(MILD), day, 0)
    severity = "3" if served else random.choice(("1", "1", "2"))
    return _Incident(school_id, key, day, behavior, severity, tuple(participants), action)


def _incident_rows(world: World, found: list[_Incident]) -> Iterator[tuple[date, str, tuple[Cell, ...]]]:
    for each in found:
        random = world.random("place", each.school_id, each.key)
        time = f"{random.randrange(8, 15):02d}:{random.randrange(60):02d}"
        cells = (
            *(each.school_id, each.key, each.day, time, each.behavior, random.choice(LOCATIONS), each.severity, ""),
            each.severity == "3" and random.random() < 0.05,
        )
        yield each.day, each.school_id, cells


def _participant_rows(found: list[_Incident]) -> Iterator[tuple[date, str, tuple[Cell, ...]]]:
    for each in found:
        for number, role in each.participants:
            behavior = each.behavior if role == "aggressor" else ""
            yield each.day, each.school_id, (each.school_id, each.key, number, role, behavior)


def _action_rows(found: list[_Incident]) -> Iterator[tuple[date, str, tuple[Cell, ...]]]:
    for each in found:
        if each.action:
            action, day, length = each.action
            cells = (
                *(f"A{each.school_id}-{each.key}", each.school_id, each.aggressor, each.key, day, action),
                *(float(length) if length else None, float(length) if length else None, None),
            )
            yield day, each.school_id, cells


def _interventions(world: World, year: SchoolYear, day: date) -> Iterator[tuple[Cell, ...]]:
    """Whoever misses much, struggles or is in trouble, and not all of them."""
    for member in sorted(world.population.memberships, key=lambda each: each.student.number):
        if member.year != year.label or not member.came or member.entry > day:
            continue
        student, own = member.student, world.traits_of(member.student)
        random = world.random("intervention", member.year, member.school_id, student.index)
        area = (
            "attendance"
            if student.tendency > 0.12
            else "behavior"
            if own.conduct > 1.4
            else "reading"
            if own.ability < -1.3
            else None
        )
        begin = member.entry + timedelta(random.randrange(20, 70))
        if area is None or random.random() < 0.4 or begin > day:
            continue
        end = begin + timedelta(random.randrange(60, 150))
        over = end <= min(day, member.exit)
        yield (
            *(f"I{member.year[:4]}-{member.school_id}-{student.index:05d}", member.school_id, student.number),
            *("3" if random.random() < 0.3 else "2", area, begin, end if over else None, "", "met" if over else "some"),
            *(min(day, begin + timedelta(30)), f"S{1 + random.randrange(20):06d}"),
        )
