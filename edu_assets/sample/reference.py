"""What a school's system believes of its days, bells, codes and seats.

Belongs here: sheets that name nobody. Does not belong here: the calendar itself (the network file).
"""

from __future__ import annotations

from collections.abc import Iterator

from edu_assets.sample.world import Header, TableFile, World

MINUTES = 360
RESERVED = 2
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
    seats = (
        (school.school_id, grade, places, RESERVED if places > 42 else 0)
        for school in schools
        for grade, places in school.capacity.items()
    )
    header: Header = (
        *("SchoolID", "CalendarCode", "CalendarDate", "Event", "Instructional", "Minutes", "BellSchedule"),
    )
    yield from world.dated("sis", "calendar_days", header, days)
    header = ("SchoolID", "BellSchedule", "Period", "StartTime", "EndTime", "OfficialAttendance")
    yield from world.unchanging("sis", "bell_schedules", header, bells)
    header = ("SchoolID", "AttendanceCode", "Title", "Category", "Excused", "AbsenceValue")
    yield from world.unchanging("sis", "attendance_codes", header, codes)
    yield from world.unchanging("sis", "school_capacity", ("SchoolID", "GradeLevel", "Seats", "ReservedSeats"), seats)
