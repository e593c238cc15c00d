"""What happened on each student's school days: present, late, absent and how.

Belongs here: the model of absence and the codes of the sample's attendance offices. Does not belong
here: what a code means for a rate (the seed attendance_codes), files (attendance.py), faults.

Absence comes in spells: on each day a spell may begin, likelier for a student with a tendency, on
Mondays and Fridays, in winter and before a recess, and lasts a few days, mostly one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from random import Random

from edu_assets.sample.population import Membership, Population

PRESENT, UNEXCUSED, EXCUSED, SUSPENDED, TARDY, HALF_DAY = "P", "A", "E", "S", "T", "H"

# Share of the day missed, in halves of a day: two is the whole day.
HALVES_MISSED = {PRESENT: 0, UNEXCUSED: 2, EXCUSED: 2, SUSPENDED: 2, TARDY: 0, HALF_DAY: 1}

BY_WEEKDAY = (1.2, 0.95, 0.85, 0.9, 1.25, 1.0, 1.0)
BY_MONTH = {1: 1.35, 2: 1.4, 3: 1.1, 4: 0.95, 5: 0.95, 6: 1.15, 8: 0.55, 9: 0.7, 10: 0.9, 11: 1.0, 12: 1.25}
BEFORE_RECESS = 1.4
RECESS_DAYS = 4  # a gap of more calendar days than a weekend with one holiday
SPELL_LENGTHS = (1, 1, 1, 1, 1, 2, 2, 3, 4)
SPELL_MEAN = sum(SPELL_LENGTHS) / len(SPELL_LENGTHS)
TARDY_SHARE = 0.03
HALF_DAY_SHARE = 0.01
EXCUSED_SHARE, EXCUSED_SHARE_PERSISTENT = 0.66, 0.42
SUSPENDED_SHARE = 0.03
SECONDARY = frozenset({"06", "07", "08", "09", "10", "11", "12"})


def day_codes(population: Population, seed: int) -> Iterator[tuple[Membership, Sequence[date], list[str]]]:
    """Each membership's school days with one code a day. Students who never came have none."""
    days_of = {(year.label, school_id): days for year in population.years for school_id, days in year.days.items()}
    risks = {place: _risks(days) for place, days in days_of.items()}
    for position, member in enumerate(population.memberships):
        if member.came:
            place = (member.year, member.school_id)
            inside = [n for n, day in enumerate(days_of[place]) if member.entry <= day < member.exit]
            if inside:
                here = slice(inside[0], inside[-1] + 1)
                random = Random(f"{seed}:absence:{position}")
                yield member, days_of[place][here], _codes(member, risks[place][here], random)


def _risks(days: Sequence[date]) -> list[float]:
    """How much likelier than on an average day an absence is; the mean is one."""
    raw = []
    for position, day in enumerate(days):
        risk = BY_WEEKDAY[day.weekday()] * BY_MONTH.get(day.month, 1.0)
        following = days[position + 1] if position + 1 < len(days) else day
        if (following - day).days > RECESS_DAYS:
            risk *= BEFORE_RECESS
        raw.append(risk)
    mean = sum(raw) / len(raw)
    return [risk / mean for risk in raw]


def _codes(member: Membership, risks: Sequence[float], random: Random) -> list[str]:
    student = member.student
    chance = student.tendency * random.uniform(0.85, 1.15) / SPELL_MEAN
    codes: list[str] = []
    while len(codes) < len(risks):
        draw = random.random()
        if draw < chance * risks[len(codes)]:
            codes += [_reason(member, random)] * random.choice(SPELL_LENGTHS)
        elif draw > 1 - HALF_DAY_SHARE:
            codes.append(HALF_DAY)
        elif draw > 1 - HALF_DAY_SHARE - TARDY_SHARE:
            codes.append(TARDY)
        else:
            codes.append(PRESENT)
    return codes[: len(risks)]


def _reason(member: Membership, random: Random) -> str:
    draw = random.random()
    if member.grade in SECONDARY and draw > 1 - SUSPENDED_SHARE:
        return SUSPENDED
    excused = EXCUSED_SHARE_PERSISTENT if member.student.persistently_absent else EXCUSED_SHARE
    return EXCUSED if draw < excused else UNEXCUSED
