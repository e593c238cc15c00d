"""Student information systems: calendars, bells, codes and seats, by which other sheets are read.

Belongs here: declarations of these sheets; columns that sheets share are in sheets.py. No person stands in them.
The network file stays the authority on terms and days in session; the calendar sheet is what the
system believes, to be compared with it.
"""

from edu_assets.contracts.base import Column, ColumnType, TermByDate
from edu_assets.contracts.sheets import STANDING, YEAR_LONG, day, flag, school, sheet
from edu_assets.contracts.sis import SIS

_TIME = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?"

CALENDAR_DAYS = sheet(
    SIS,
    "calendar_days",
    "day of a school's calendar and what it is (Ed-Fi CalendarDate). Its term is its own day's; a sheet states the "
    "term's days of a calendar whole",
    (
        school(),
        Column(header="CalendarCode", description="the calendar; a school may have several", required=True),
        day("CalendarDate", "the day", required=True),
        Column(header="Event", description="what the day is, in the system's code", required=True),
        flag("Instructional", "whether it counts as a day of instruction", required=True),
        Column(header="Minutes", type=ColumnType.INTEGER, description="minutes of instruction"),
        Column(header="BellSchedule", description="the bell schedule by which the day runs"),
    ),
    ("school_id", "calendar_code", "calendar_date"),
    term=TermByDate(column="calendar_date", school="school_id"),
    scope=("school_id", "calendar_code"),
    school="school_id",
    freshness_days=YEAR_LONG,
    owner="student-information",
    conforms_to=("calendar_day",),
)

BELL_SCHEDULES = sheet(
    SIS,
    "bell_schedules",
    f"period of a bell schedule with its hours, in the school's own zone. {STANDING}",
    (
        school(),
        Column(header="BellSchedule", description="name of the schedule", required=True),
        Column(header="Period", description="the period", required=True),
        Column(header="StartTime", description="when it begins", required=True, pattern=_TIME),
        Column(header="EndTime", description="when it ends", required=True, pattern=_TIME),
        flag("OfficialAttendance", "whether the day's attendance is taken in it"),
    ),
    ("school_id", "bell_schedule", "period"),
    scope=("school_id",),
    school="school_id",
    freshness_days=YEAR_LONG,
    owner="student-information",
    conforms_to=("bell_period",),
)

ATTENDANCE_CODES = sheet(
    SIS,
    "attendance_codes",
    f"attendance code of a school and how the system reads it. {STANDING}",
    (
        school(),
        Column(header="AttendanceCode", description="the code", required=True),
        Column(header="Title", description="what it is called", required=True),
        Column(
            header="Category",
            description="what it says of the student's day",
            required=True,
            allowed=("present", "absent", "tardy", "early_departure", "not_enrolled"),
        ),
        flag("Excused", "whether the absence is excused"),
        Column(
            header="AbsenceValue", type=ColumnType.NUMERIC, description="share of the day missed where none is given"
        ),
    ),
    ("school_id", "attendance_code"),
    scope=("school_id",),
    school="school_id",
    owner="attendance-office",
    freshness_days=YEAR_LONG,
    conforms_to=("attendance_code",),
)

SCHOOL_CAPACITY = sheet(
    SIS,
    "school_capacity",
    f"seats of a school by grade. {STANDING}",
    (
        school(),
        Column(header="GradeLevel", description="grade level, in the system's spelling", required=True),
        Column(header="Seats", type=ColumnType.INTEGER, description="number of places", required=True),
        Column(header="ReservedSeats", type=ColumnType.INTEGER, description="places kept back, e.g. for siblings"),
    ),
    ("school_id", "grade_level"),
    scope=("school_id",),
    school="school_id",
    owner="admissions",
    freshness_days=YEAR_LONG,
    conforms_to=("school_capacity",),
)
