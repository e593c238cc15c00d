"""Canonical entities of attendance by section and by tap, of the bells by which both become a day, and of what a
student information system believes of days and codes.

Belongs here: the columns to which staging views map source tables. A student's whole day is in entities.py; natural
keys are those of there. Does not belong here: how sections and taps become a day (the seed rule_daily_attendance).
"""

from edu_assets.contracts.base import Entity, EntityColumn, PersonalData


def _school() -> EntityColumn:
    return EntityColumn(name="school_id", type="text")


def _student() -> EntityColumn:
    return EntityColumn(name="student_id", type="text", personal=PersonalData.DIRECT)


def _class() -> EntityColumn:
    return EntityColumn(
        name="source_class_id", type="text", description="the class as the roster of its school calls it"
    )


def _date() -> EntityColumn:
    return EntityColumn(name="attendance_date", type="date", description="the school day, in the school's own zone")


SECTION_ATTENDANCE = Entity(
    name="section_attendance",
    definition="Ed-Fi StudentSectionAttendanceEvent: what was marked of a student in one period of a class",
    columns=(
        _student(),
        _school(),
        _class(),
        _date(),
        EntityColumn(name="period", type="text"),
        EntityColumn(
            name="attendance_code",
            type="text",
            description="the source's code; the seed attendance_codes says what it means",
            personal=PersonalData.INDIRECT,
        ),
        EntityColumn(name="system", type="text", description="whose codes the row uses"),
        EntityColumn(
            name="minutes_absent",
            type="integer",
            description="minutes of the period missed as the source states them; null where it states none",
            personal=PersonalData.INDIRECT,
        ),
    ),
)

SECTION_ATTENDANCE_TAKEN = Entity(
    name="section_attendance_taken",
    definition="Ed-Fi SectionAttendanceTakenEvent: that attendance of a class was taken",
    columns=(
        _school(),
        _class(),
        _date(),
        EntityColumn(name="period", type="text", description="null where the source names the class and day alone"),
    ),
)

ATTENDANCE_TAP = Entity(
    name="attendance_tap",
    definition="a student's card or phone at a reader of the school",
    columns=(
        _student(),
        _school(),
        _date(),
        EntityColumn(name="tapped_at", type="timestamptz", personal=PersonalData.INDIRECT),
        EntityColumn(
            name="direction",
            type="text",
            description="in or out; null where the reader cannot tell",
            personal=PersonalData.INDIRECT,
        ),
    ),
)

BELL_PERIOD = Entity(
    name="bell_period",
    definition="Ed-Fi BellSchedule with its ClassPeriods: a period with its hours, in the school's own zone",
    columns=(
        _school(),
        EntityColumn(name="bell_schedule", type="text"),
        EntityColumn(name="period", type="text"),
        EntityColumn(name="start_time", type="time"),
        EntityColumn(name="end_time", type="time"),
        EntityColumn(
            name="is_official",
            type="boolean",
            description="whether the day's attendance is taken in it (Ed-Fi officialAttendancePeriod)",
        ),
    ),
)

CALENDAR_DAY = Entity(
    name="calendar_day",
    definition="Ed-Fi CalendarDate: a day as a school's system has it; the network file stays the authority on days",
    columns=(
        _school(),
        EntityColumn(name="calendar_code", type="text", description="a school may have several calendars"),
        EntityColumn(name="calendar_date", type="date"),
        EntityColumn(name="is_instructional", type="boolean"),
        EntityColumn(name="bell_schedule", type="text", description="null where the day names none"),
    ),
)

ATTENDANCE_CODE = Entity(
    name="attendance_code",
    definition="an attendance code of a school and how its student information system reads it",
    columns=(
        _school(),
        EntityColumn(name="attendance_code", type="text"),
        EntityColumn(name="code_category", type="text", description="the system's own category"),
        EntityColumn(name="is_excused", type="boolean", description="null where the system does not say"),
        EntityColumn(
            name="absent_portion", type="numeric", description="share of the day missed; null where it gives none"
        ),
    ),
)
