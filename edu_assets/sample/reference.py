"""What a school's system believes of its days, bells, codes and seats.

Belongs here: sheets that name nobody. Does not belong here: the calendar itself (the network file).
"""

from __future__ import annotations

from collections.abc import Iterator

from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.world import Cell, Header, TableFile, World

MINUTES = 360
RESERVED = 2
STATES_NO_SEATS = "01002"
"""A school that keeps no seats in its register: the network file has them."""
ADDED_SEATS = 3
"""In each grade of the secondary school, of the sample's second year: the network file does not know of them."""
BELLS = (
    *(("1", "08:00", "08:50"), ("2", "08:55", "09:45"), ("3", "09:50", "10:40"), ("4", "10:45", "11:35")),
    ("5", "12:20", "13:10"),
)
CODES = (
    ("P", "present", "present", None, 0.0),
    ("A", "absent, no excuse given", "absent", False, 1.0),
    ("E", "absent, excused", "absent", True, 1.0),
    ("S", "suspended", "absent", False, 1.0),
    ("T", "tardy", "tardy", None, 0.0),
    ("H", "half day absent", "absent", True, 0.5),
)


def tables(world: World) -> Iterator[TableFile]:
    """Sheets of system sis by which others are read."""
    schools = world.network.schools
    days = (
        (day, school.school_id, (school.school_id, "main", day, "instructional day", True, MINUTES, "regular"))
        for year in world.population.years
        for school in schools
        for day in year.days[school.school_id]
    )
    bells = ((school.school_id, "regular", *period, period[0] == "1") for school in schools for period in BELLS)
    codes = ((school.school_id, *code) for school in schools for code in CODES)
    header: Header = (
        *("SchoolID", "CalendarCode", "CalendarDate", "Event", "Instructional", "Minutes", "BellSchedule"),
    )
    yield from world.dated("sis", "calendar_days", header, days)
    header = ("SchoolID", "BellSchedule", "Period", "StartTime", "EndTime", "OfficialAttendance")
    yield from world.unchanging("sis", "bell_schedules", header, bells)
    header = ("SchoolID", "AttendanceCode", "Title", "Category", "Excused", "AbsenceValue")
    yield from world.unchanging("sis", "attendance_codes", header, codes)
    header = ("SchoolID", "GradeLevel", "Seats", "ReservedSeats")
    yield from world.standing("sis", "school_capacity", header, lambda year, _day: _seats(world, year))


def _seats(world: World, year: SchoolYear) -> Iterator[tuple[Cell, ...]]:
    """What the registers say of a year's places; the system has its own word for kindergarten."""
    is_first = year is world.population.years[0]
    for school in world.network.schools:
        if school.school_id != STATES_NO_SEATS:
            for grade, places in school.capacity.items():
                added = 0 if is_first or "12" not in school.capacity else ADDED_SEATS
                yield school.school_id, "K" if grade == "KG" else grade, places + added, RESERVED if places > 42 else 0
