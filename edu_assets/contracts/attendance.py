"""Attendance: a student's day, a student's period, that attendance was taken, and taps at readers.

Belongs here: declarations alone. Does not belong here: how periods and taps become a day (a rule per
school, in gold).
"""

from edu_assets.contracts.base import (
    Column,
    ColumnType,
    Contract,
    DateFormat,
    LoadMode,
    PersonalData,
    System,
    TermByDate,
)

ATTENDANCE = System(name="attendance", title="Attendance exports")

_OWNER = "attendance-office"
_NUMBER = r"[0-9A-Za-z\-]{1,40}"

_SCHOOL = Column(header="SchoolID", required=True, pattern=_NUMBER, description="the authority's school number")
_STUDENT = Column(
    header="StudentNumber",
    required=True,
    pattern=_NUMBER,
    description="the authority's student number",
    personal=PersonalData.DIRECT,
)
_CLASS = Column(header="ClassID", required=True, description="the class: its identifier in the roster")
_DAY = Column(
    header="AttendanceDate",
    type=ColumnType.DATE,
    formats=(DateFormat.ISO, DateFormat.US),
    required=True,
    description="the school day, in the school's own zone",
)
_CODE = Column(
    header="AttendanceCode",
    required=True,
    pattern=r"[A-Z]{1,3}",
    description="the system's code; the seed attendance_codes says what it means",
    personal=PersonalData.INDIRECT,
)
_OF_ITS_DAY = TermByDate(column="attendance_date", school="school_id")

ATTENDANCE_DAILY = Contract(
    system=ATTENDANCE.name,
    table="attendance_daily",
    description="daily attendance: a student's day at a school, present days included",
    owner=_OWNER,
    columns=(
        _SCHOOL,
        _STUDENT,
        _DAY,
        _CODE,
        Column(
            header="AbsenceValue",
            type=ColumnType.NUMERIC,
            allowed=("0", "0.5", "1", "0.0", "1.0", "0.00", "0.50", "1.00"),
            description="share of the school day missed",
            personal=PersonalData.INDIRECT,
        ),
    ),
    key=("student_number", "attendance_date", "school_id"),
    term=_OF_ITS_DAY,
    scope=("school_id", "attendance_date"),
    school="school_id",
    person=("student_number",),
    files=("attendance_daily*.csv",),
    freshness_days=3,
    conforms_to=("daily_attendance",),
)

PERIOD_ATTENDANCE = Contract(
    system=ATTENDANCE.name,
    table="period_attendance",
    description="attendance of a student in one period of a class. It is of its day's term; a sheet states a school's "
    "day whole",
    owner=_OWNER,
    columns=(
        _SCHOOL,
        _STUDENT,
        _CLASS,
        _DAY,
        Column(header="Period", required=True, description="the period"),
        _CODE,
        Column(
            header="MinutesAbsent",
            type=ColumnType.INTEGER,
            description="minutes of the period missed",
            personal=PersonalData.INDIRECT,
        ),
    ),
    key=("student_number", "attendance_date", "period", "class_id", "school_id"),
    term=_OF_ITS_DAY,
    scope=("school_id", "attendance_date"),
    school="school_id",
    person=("student_number",),
    files=("period_attendance*.csv",),
    freshness_days=3,
    conforms_to=("section_attendance",),
)

ATTENDANCE_TAKEN = Contract(
    system=ATTENDANCE.name,
    table="attendance_taken",
    description="that attendance of a class was taken, and when: without it a day without absences is one that nobody "
    "reported. It is of its day's term; a sheet states a school's day whole",
    owner=_OWNER,
    columns=(
        _SCHOOL,
        _CLASS,
        _DAY,
        Column(header="Period", description="the period"),
        Column(
            header="TakenAt",
            type=ColumnType.TIMESTAMP,
            formats=(DateFormat.ISO_INSTANT,),
            required=True,
            description="instant at which it was entered; a correction is another row",
        ),
        Column(
            header="StaffNumber",
            pattern=_NUMBER,
            description="staff number of who entered it",
            personal=PersonalData.INDIRECT,
        ),
    ),
    key=("school_id", "class_id", "attendance_date", "taken_at"),
    term=_OF_ITS_DAY,
    scope=("school_id", "attendance_date"),
    school="school_id",
    person=("staff_number",),
    files=("attendance_taken*.csv",),
    freshness_days=3,
    conforms_to=("section_attendance_taken",),
)

ATTENDANCE_EVENTS = Contract(
    system=ATTENDANCE.name,
    table="attendance_events",
    description="tap of a student's card or phone at a reader. A stream: what is not sent again is not taken back. Its "
    "term is that of the school's own day, which the reader gives beside the instant, since a day depends on the zone",
    owner=_OWNER,
    columns=(
        _SCHOOL,
        Column(header="EventID", required=True, pattern=r"[0-9A-Za-z.\-_:]{1,80}", description="the tap"),
        _STUDENT,
        Column(
            header="EventAt",
            type=ColumnType.TIMESTAMP,
            formats=(DateFormat.ISO_INSTANT,),
            required=True,
            description="instant of the tap",
            personal=PersonalData.INDIRECT,
        ),
        _DAY,
        Column(header="DeviceID", required=True, description="the reader"),
        Column(
            header="Direction",
            allowed=("in", "out"),
            description="whether the student came or went; empty where the reader cannot tell",
            personal=PersonalData.INDIRECT,
        ),
    ),
    key=("school_id", "event_id"),
    term=_OF_ITS_DAY,
    mode=LoadMode.STREAM,
    school="school_id",
    person=("student_number",),
    files=("attendance_events*.csv",),
    freshness_days=3,
    conforms_to=("attendance_tap",),
)
