"""Attendance beside the daily file: periods of one school, that attendance was taken, and taps at its doors.

Belongs here: what agrees with the daily file and says more. Does not belong here: the daily file (attendance.py),
what happened on a day (absence.py).

The last school of the network is a secondary school that keeps periods, and sends exceptions only: who is not named
in a class whose attendance was taken was there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from edu_assets.sample.absence import HALF_DAY, HALVES_MISSED, PRESENT, TARDY
from edu_assets.sample.districts import District, districts
from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.timetable import SchoolClass
from edu_assets.sample.world import Cell, TableFile, World
from edu_assets.school_calendar import Term

PERIOD_MINUTES = 50
TAP_DAYS = 3
"""Last days of a term of which the readers' events are sent."""

PERIODS = ("SchoolID", "StudentNumber", "ClassID", "AttendanceDate", "Period", "AttendanceCode", "MinutesAbsent")
TAKEN = ("SchoolID", "ClassID", "AttendanceDate", "Period", "TakenAt", "StaffNumber")
EVENTS = ("SchoolID", "EventID", "StudentNumber", "EventAt", "AttendanceDate", "DeviceID", "Direction")


def tables(world: World) -> Iterator[TableFile]:
    """Sheets of the attendance feeds beside the daily file."""
    zone = ZoneInfo(world.network.timezone)
    known = districts(world.network)
    for district in known:
        if district.attendance_feed not in world.network.feeds:
            continue
        for year, term in world.terms:
            schools = [school.school_id for school in district.schools(world.network)]
            taken = [row for school_id in schools for row in _taken(world, year, term, school_id, zone)]
            yield from _file(district, "attendance_taken", TAKEN, year, term, schools, taken)
            if district is known[-1]:
                last = schools[-1]
                yield from _file(
                    district, "period_attendance", PERIODS, year, term, schools, list(_periods(world, year, term, last))
                )
                yield from _file(
                    district,
                    "attendance_events",
                    EVENTS,
                    year,
                    term,
                    schools,
                    list(_taps(world, year, term, last, zone)),
                )


def _file(
    district: District,
    table: str,
    header: tuple[str, ...],
    year: SchoolYear,
    term: Term,
    schools: list[str],
    rows: list[tuple[Cell, ...]],
) -> Iterator[TableFile]:
    if rows:
        sent = max(year.intervals[school_id, term.term].end for school_id in schools)
        yield TableFile(district.attendance_feed, table, sent, header, rows)


def _instant(day: date, minutes: float, zone: ZoneInfo) -> str:
    """An instant of a school's day, in UTC."""
    local = datetime.combine(day, time(), zone) + timedelta(minutes=minutes)
    return f"{local.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def _taken(world: World, year: SchoolYear, term: Term, school_id: str, zone: ZoneInfo) -> Iterator[tuple[Cell, ...]]:
    homerooms = [
        each
        for each in world.timetable.classes
        if each.year == year.label and each.school_id == school_id and not each.periods and term.term in each.terms
    ]
    for day in world.days(year, term, school_id):
        if day not in world.recorded[school_id]:
            continue
        for number, school_class in enumerate(homerooms):
            minute = 8 * 60 + 5 + world.random("taken", school_class.code, day).randrange(12)
            staff = world.staff_number(school_class.teacher)
            yield school_id, world.class_id(school_class), day, "HR", _instant(day, minute + number / 60, zone), staff


def _periods(world: World, year: SchoolYear, term: Term, school_id: str) -> Iterator[tuple[Cell, ...]]:
    seats: dict[str, list[tuple[date, date, SchoolClass]]] = defaultdict(list)
    for placement in world.placements.get((year.label, school_id), []):
        seats[placement.membership.student.number].append((placement.begin, placement.end, placement.school_class))
    for day in world.days(year, term, school_id):
        for number, code in world.recorded[school_id].get(day, ()):
            if code == PRESENT:
                continue
            meetings = sorted(
                (period, school_class.code, school_class)
                for begin, end, school_class in seats[number]
                if begin <= day < end
                for period in school_class.periods
            )
            for period, _, school_class in _missed(code, meetings):
                minutes = PERIOD_MINUTES if HALVES_MISSED[code] else 10
                spelled = "A" if code == HALF_DAY else code
                yield school_id, number, world.class_id(school_class), day, period, spelled, minutes


def _missed(code: str, meetings: list[tuple[str, str, SchoolClass]]) -> list[tuple[str, str, SchoolClass]]:
    if code == TARDY:
        return meetings[:1]
    return meetings[: len(meetings) // 2] if code == HALF_DAY else meetings


def _taps(world: World, year: SchoolYear, term: Term, school_id: str, zone: ZoneInfo) -> Iterator[tuple[Cell, ...]]:
    """What the readers saw; a tap's number says nothing of who tapped."""
    for day in world.days(year, term, school_id)[-TAP_DAYS:]:
        place = 0
        for number, code in world.recorded[school_id].get(day, ()):
            if HALVES_MISSED[code] == 2:
                continue
            random = world.random("taps", number, day)
            came = 12 * 60 if code == HALF_DAY else 8 * 60 + 5 if code == TARDY else 7 * 60 + 30
            left = 13 * 60 + 10 + random.random() * 40
            for direction, minute in (("in", came + random.random() * 25), ("out", left)):
                place += 1
                key = f"{day:%Y%m%d}-{place:05d}"
                yield school_id, key, number, _instant(day, minute, zone), day, f"door-{random.randrange(3)}", direction
