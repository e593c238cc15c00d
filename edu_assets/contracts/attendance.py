"""Daily attendance as student information systems export it: one line a student, school and day."""

from edu_assets.contracts.base import (
    Column,
    ColumnType,
    Contract,
    DateFormat,
    PersonalData,
    System,
    TermByDate,
)

ATTENDANCE = System(name="attendance", title="Attendance exports")

ATTENDANCE_DAILY = Contract(
    system=ATTENDANCE.name,
    table="attendance_daily",
    description="daily attendance: a student's day at a school, present days included",
    owner="attendance-office",
    columns=(
        Column(
            header="SchoolID",
            required=True,
            pattern=r"[0-9A-Za-z\-]{1,40}",
            description="the authority's school number",
        ),
        Column(
            header="StudentNumber",
            required=True,
            pattern=r"[0-9A-Za-z\-]{1,40}",
            description="the authority's student number",
            personal=PersonalData.DIRECT,
        ),
        Column(
            header="AttendanceDate",
            type=ColumnType.DATE,
            formats=(DateFormat.ISO, DateFormat.US),
            required=True,
            description="the school day, in the school's own zone",
        ),
        Column(
            header="AttendanceCode",
            required=True,
            pattern=r"[A-Z]{1,3}",
            description="the system's code; the seed attendance_codes says what it means",
            personal=PersonalData.INDIRECT,
        ),
        Column(
            header="AbsenceValue",
            type=ColumnType.NUMERIC,
            allowed=("0", "0.5", "1", "0.0", "1.0", "0.00", "0.50", "1.00"),
            description="share of the school day missed",
            personal=PersonalData.INDIRECT,
        ),
    ),
    key=("student_number", "attendance_date", "school_id"),
    term=TermByDate(column="attendance_date", school="school_id"),
    scope=("school_id", "attendance_date"),
    school="school_id",
    person=("student_number",),
    files=("attendance_daily*.csv",),
    freshness_days=3,
    conforms_to=("daily_attendance",),
)
