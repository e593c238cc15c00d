"""The student information system of Microsoft's Open Education Analytics samples: a folder a table and day.

Every file is called `part1.csv`, so the header tells which table it is. The attendance file is cumulative, and
its days are D/M/Y; a birth date `4/2/2004` could be either way round and stays text. Attendance is the one table that
says who is in which section and school, so most entities are conformed from it.
"""

from edu_assets.contracts.base import (
    Column,
    ColumnType,
    Contract,
    DateFormat,
    PersonalData,
    System,
    TermByDate,
    TermByDelivery,
)

CONTOSO = System(name="contoso", title="Contoso SIS (Open Education Analytics sample)")

_OWNER = "registrar"
_PARTS = ("part*.csv",)
_STUDENT = Column(header="student_id", required=True, description="the student", personal=PersonalData.DIRECT)
_SECTION = Column(header="section_id", required=True, description="the section")
_YES_NO = {"true_values": ("Yes",), "false_values": ("No",)}


def _about(header: str, personal: PersonalData = PersonalData.INDIRECT) -> Column:
    return Column(header=header, description="of the student", personal=personal)


STUDENTS = Contract(
    system=CONTOSO.name,
    table="students",
    description="a student as of the day of the drop",
    owner=_OWNER,
    columns=(
        Column(header="SIS ID", required=True, description="the student", personal=PersonalData.DIRECT),
        Column(header="School SIS ID", required=True, description="the school"),
        *(
            _about(header, PersonalData.DIRECT)
            for header in ("Username", "First Name", "Last Name", "Middle Name", "Secondary Email", "Student Number")
        ),
        Column(header="Password", description="never stored", personal=PersonalData.SENSITIVE, secret=True),
        _about("Grade"),
        _about("State ID", PersonalData.DIRECT),
        _about("Status"),
        _about("Birthdate", PersonalData.DIRECT),
        _about("Graduation Year"),
        _about("Gender"),
        _about("FederalRaceCategory"),
        _about("PrimaryLanguage"),
        *(_about(header, PersonalData.SENSITIVE) for header in ("ELLStatus", "SpecialEducation", "LowIncome")),
        Column(
            header="CumulativeGPA",
            type=ColumnType.NUMERIC,
            description="grade point average",
            personal=PersonalData.INDIRECT,
        ),
    ),
    key=("sis_id",),
    term=TermByDelivery(),
    school="school_sis_id",
    person=("sis_id",),
    files=_PARTS,
    freshness_days=7,
    conforms_to=("student",),
)

STUDENT_SECTION_MARK = Contract(
    system=CONTOSO.name,
    table="student_section_mark",
    description="a student's mark in a section",
    owner=_OWNER,
    columns=(
        Column(header="id", required=True, description="the mark"),
        _STUDENT,
        _SECTION,
        Column(header="school_year", description="empty in the samples"),
        Column(header="term_id", description="the system's own term"),
        Column(
            header="numeric_grade_earned",
            type=ColumnType.NUMERIC,
            description="mark; above 100 with extra credit",
            personal=PersonalData.INDIRECT,
        ),
        _about("alpha_grade_earned"),
        Column(header="is_final_grade", type=ColumnType.BOOLEAN, **_YES_NO, description="whether it is final"),
        Column(header="credits_attempted", type=ColumnType.NUMERIC, description="credits"),
        Column(header="credits_earned", type=ColumnType.NUMERIC, description="credits"),
        Column(header="grad_credit_type", description="empty in the samples"),
    ),
    key=("id",),
    term=TermByDelivery(),
    person=("student_id",),
    files=_PARTS,
    freshness_days=7,
)

STUDENT_ATTENDANCE = Contract(
    system=CONTOSO.name,
    table="student_attendance",
    description="a student's attendance of a section on a day",
    owner=_OWNER,
    columns=(
        Column(header="id", description="one for each student, no key"),
        _STUDENT,
        Column(header="school_year", description="the system's school year"),
        Column(header="school_id", required=True, description="the school"),
        Column(
            header="attendance_date",
            type=ColumnType.DATE,
            formats=(DateFormat.BRITISH, DateFormat.ISO),
            required=True,
            description="the day",
        ),
        Column(header="all_day", type=ColumnType.BOOLEAN, **_YES_NO, description="whether it is of the whole day"),
        Column(header="Period", required=True, description="the period"),
        _SECTION,
        _about("AttendanceCode"),
        _about("PresenceFlag"),
        _about("attendance_status"),
        Column(header="attendance_type", description="what was attended"),
        Column(header="attendance_sequence", description="order within the day"),
    ),
    key=("student_id", "attendance_date", "section_id", "period"),
    term=TermByDate(column="attendance_date", school="school_id"),
    school="school_id",
    person=("student_id",),
    files=_PARTS,
    freshness_days=3,
    conforms_to=("class", "class_enrollment", "school_enrollment", "section_attendance"),
)
