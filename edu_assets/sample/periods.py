"""Attendance beside the daily file: periods of one school, that attendance was taken, and taps at doors.

Belongs here: what agrees with the daily file and says more. Does not belong here: the daily file (attendance.py),
what happened on a day (absence.py).

The last school of the network is a secondary school that keeps periods, and sends exceptions only: who is not named
in a class whose attendance was taken was there. Now and then a teacher takes none, and on the last day of a year nobody
does. Readers at the doors of each district's last school send their events of the last days of a term. Of the last days
of all neither school sends a daily file: the one has its periods then, the other its taps alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from edu_assets.sample.absence import HALF_DAY, HALVES_MISSED, PRESENT, TARDY
from edu_assets.sample.attendance import LAST_DAYS
from edu_assets.sample.districts import District, districts
from edu_assets.sample.reference import BELLS
from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.timetable import SchoolClass
from edu_assets.sample.world import Cell, TableFile, World
from edu_assets.school_calendar import Term

PERIOD_MINUTES = 50
NOT_TAKEN_SHARE = 0.01
FORGETS_TO_TAP_OUT = 0.03
READER_WITHOUT_DIRECTION = 2

PERIODS = ("SchoolID", "StudentNumber", "ClassID", "AttendanceDate", "Period", "AttendanceCode", "MinutesAbsent")
TAKEN = ("SchoolID", "ClassID", "AttendanceDate", "Period", "TakenAt", "StaffNumber")
EVENTS = ("SchoolID", "EventID", "StudentNumber", "EventAt", "AttendanceDate", "DeviceID", "Direction")
BEGINS = {period: int(start[:2]) * 60 + int(start[3:]) for period, start, _ in BELLS}
"""Period → the minute of the day on which it begins."""


def tables(world: World) -> Iterator[TableFile]:
    """Sheets of the attendance feeds beside the daily file."""
    zone = ZoneInfo(world.network.timezone)
    known = districts(world.network)
    for district in known:
        if district.attendance_feed not in world.network.feeds:
            continue
        for year, term in world.terms:
            schools = [school.school_id for school in district.schools(world.network)]
            last, keeps_periods = schools[-1], district.last_school_sends == "periods"
            homerooms = schools[:-1] if keeps_periods else schools
            taken = [row for school_id in homerooms for row in _taken(world, year, term, school_id, zone)]
            if keeps_periods:
                taken += _periods_taken(world, year, term, last, zone)
                marked = list(_periods(world, year, term, last))
                yield from _file(district, "period_attendance", PERIODS, year, term, schools, marked)
            yield from _file(district, "attendance_taken", TAKEN, year, term, schools, taken)
            taps = list(_taps(world, year, term, last, zone))
            yield from _file(district, "attendance_events", EVENTS, year, term, schools, taps)


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
    homerooms = [each for each in _classes(world, year, term, school_id) if not each.periods]
    for day in world.days(year, term, school_id):
        if day not in world.recorded[school_id]:
            continue
        for number, school_class in enumerate(homerooms):
            minute = 8 * 60 + 5 + world.random("taken", school_class.code, day).randrange(12)
            staff = world.staff_number(school_class.teacher)
            yield school_id, world.class_id(school_class), day, "HR", _instant(day, minute + number / 60, zone), staff


def _periods_taken(
    world: World, year: SchoolYear, term: Term, school_id: str, zone: ZoneInfo
) -> Iterator[tuple[Cell, ...]]:
    for day in world.days(year, term, school_id):
        if day not in world.recorded[school_id]:
            continue
        for number, school_class in enumerate(_classes(world, year, term, school_id)):
            staff = world.staff_number(school_class.teacher)
            for period in school_class.periods:
                if _is_taken(world, year, school_class, day, period):
                    instant = _instant(day, BEGINS[period] + 5 + number / 60, zone)
                    yield school_id, world.class_id(school_class), day, period, instant, staff


def _classes(world: World, year: SchoolYear, term: Term, school_id: str) -> list[SchoolClass]:
    return [
        each
        for each in world.timetable.classes
        if each.year == year.label and each.school_id == school_id and term.term in each.terms
    ]


def _is_taken(world: World, year: SchoolYear, school_class: SchoolClass, day: date, period: str) -> bool:
    if day == year.end(school_class.school_id) - timedelta(1):
        return False
    return world.random("taken", school_class.code, day, period).random() >= NOT_TAKEN_SHARE


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
                if _is_taken(world, year, school_class, day, period):
                    minutes = PERIOD_MINUTES if HALVES_MISSED[code] else 10
                    spelled = "A" if code == HALF_DAY else code
                    yield school_id, number, world.class_id(school_class), day, period, spelled, minutes


def _missed(code: str, meetings: list[tuple[str, str, SchoolClass]]) -> list[tuple[str, str, SchoolClass]]:
    if code == TARDY:
        return meetings[:1]
    return meetings[: len(meetings) // 2] if code == HALF_DAY else meetings


def _taps(world: World, year: SchoolYear, term: Term, school_id: str, zone: ZoneInfo) -> Iterator[tuple[Cell, ...]]:
    """What the readers saw; a tap's number says nothing of who tapped."""
    for day in world.days(year, term, school_id)[-LAST_DAYS:]:
        place = 0
        for number, code in world.recorded[school_id].get(day, ()):
            if HALVES_MISSED[code] == 2:
                continue
            random = world.random("taps", number, day)
            came = 9 * 60 + 55 if code == HALF_DAY else 8 * 60 + 5 if code == TARDY else 7 * 60 + 30
            left = 13 * 60 + 10 + random.random() * 40
            taps = [("in", came + random.random() * 25), ("out", left)]
            for direction, minute in taps[:1] if random.random() < FORGETS_TO_TAP_OUT else taps:
                place += 1
                key, door = f"{day:%Y%m%d}-{place:05d}", random.randrange(3)
                told = "" if door == READER_WITHOUT_DIRECTION else direction
                yield school_id, key, number, _instant(day, minute, zone), day, f"door-{door}", told
