"""Student information systems, what OneRoster lacks: the system, columns its sheets share, and who is enrolled.

Belongs here: students, their membership of schools, merged numbers, admissions. Does not belong here:
services and families (sis_support.py), conduct (sis_conduct.py), calendars and codes (sis_reference.py).

Sheets carry the authority's numbers of school and student, so that they meet rosters of any feed.
Terms are those of Ed-Fi and CEDS; code sets stay the system's own, since agencies set theirs, but for
the few on which figures rest. A sheet may state one school alone: `scope` keeps it from closing others'.
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
    TermByDelivery,
    TermRule,
    TermVia,
)

SIS = System(name="sis", title="Student information system, beyond OneRoster")

NUMBER = r"[0-9A-Za-z\-]{1,40}"
STANDING = "It stands in the slice of each delivery, as what spans terms does."


def number(header: str, description: str, **declared: object) -> Column:
    """An identifier that the authority or the system gave."""
    return Column(header=header, description=description, pattern=NUMBER, **declared)


def school(description: str = "the authority's school number") -> Column:
    return number("SchoolID", description, required=True)


def student(**declared: object) -> Column:
    return number(
        "StudentNumber",
        "the authority's student number",
        **{"required": True, "personal": PersonalData.DIRECT} | declared,
    )


def day(header: str, description: str, **declared: object) -> Column:
    return Column(
        header=header,
        type=ColumnType.DATE,
        formats=(DateFormat.ISO, DateFormat.US),
        description=description,
        **declared,
    )


def flag(header: str, description: str, **declared: object) -> Column:
    return Column(
        header=header,
        type=ColumnType.BOOLEAN,
        true_values=("true", "TRUE", "Y", "1"),
        false_values=("false", "FALSE", "N", "0"),
        description=description,
        **declared,
    )


def of_person(header: str, description: str, **declared: object) -> Column:
    """A column that tells something of a person without naming them."""
    return Column(header=header, description=description, **{"personal": PersonalData.INDIRECT} | declared)


def sensitive(header: str, description: str, **declared: object) -> Column:
    """Health, custody, discipline, need: told to nobody to whom it is not declared."""
    return Column(header=header, description=description, personal=PersonalData.SENSITIVE, **declared)


def named(header: str, description: str) -> Column:
    return Column(header=header, description=description, personal=PersonalData.DIRECT)


def sheet(
    table: str,
    description: str,
    columns: tuple[Column, ...],
    key: tuple[str, ...],
    *,
    term: TermRule | None = None,
    **declared: object,
) -> Contract:
    """A sheet of the system: `<table>*.csv`. Without a term rule its rows are of the delivery's term."""
    return Contract(
        system=SIS.name,
        table=table,
        description=description,
        columns=columns,
        key=key,
        term=term or TermByDelivery(),
        files=(f"{table}*.csv",),
        **{"owner": "student-information", "freshness_days": 14} | declared,
    )


STUDENTS = sheet(
    "students",
    f"student: legal and preferred names, birth, race and language as the school's register has them. {STANDING}",
    (
        school("the authority's number of the school that keeps the record"),
        student(),
        number("StateStudentID", "number given by the state", personal=PersonalData.DIRECT),
        named("LegalFirstName", "given name in law"),
        named("LegalMiddleName", "middle name in law"),
        named("LegalLastName", "family name in law"),
        named("GenerationSuffix", "what follows the family name, e.g. Jr."),
        named("PreferredFirstName", "given name by which the student is called"),
        named("PreferredLastName", "family name by which the student is called"),
        day("BirthDate", "day of birth", personal=PersonalData.INDIRECT),
        of_person("Sex", "sex as registered, in the system's code"),
        sensitive("Pronouns", "pronouns that the student asks to be used"),
        flag("HispanicLatinoEthnicity", "whether Hispanic or Latino, of any race", personal=PersonalData.SENSITIVE),
        sensitive("Races", "list of races, in the system's codes"),
        sensitive("CountryOfBirth", "country of birth"),
        of_person("HomeLanguage", "language spoken at home", pattern=r"[a-z]{2,3}"),
        of_person("GradeLevel", "grade level, in the system's spelling"),
        day("FirstEntryDate", "first day in a school of the authority", personal=PersonalData.INDIRECT),
    ),
    ("student_number",),
    scope=("school_id",),
    school="school_id",
    person=("student_number",),
)

STUDENT_ENROLLMENTS = sheet(
    "student_enrollments",
    "enrolment of a student in a school, one row an unbroken stay (Ed-Fi StudentSchoolAssociation). An enrolment "
    f"lasts through terms and gets its end later. {STANDING}",
    (
        school(),
        student(),
        day("EntryDate", "first day of membership", required=True, personal=PersonalData.INDIRECT),
        of_person("EntryCode", "how the student came, in the system's code"),
        day("ExitDate", "day of withdrawal; empty while enrolled", personal=PersonalData.INDIRECT),
        of_person("ExitCode", "why the student left, in the system's code"),
        of_person(
            "EnrollmentType",
            "primary: counts in headcounts; secondary: takes part beside it; dual: of two institutions",
            required=True,
            allowed=("primary", "secondary", "dual"),
        ),
        of_person("GradeLevel", "grade level at entry, in the system's spelling", required=True),
        of_person("FTE", "share of full time, 0 to 1", type=ColumnType.NUMERIC),
        number("HomeSchoolID", "the school of the student's attendance area"),
        number("ServingSchoolID", "the school that teaches the student, where it is another"),
        of_person("ResidencyStatus", "where the student lives as enrolment law sees it, in the system's code"),
        flag("NoShow", "whether the student was expected and never came", personal=PersonalData.INDIRECT),
    ),
    ("school_id", "student_number", "entry_date"),
    scope=("school_id",),
    school="school_id",
    person=("student_number",),
)

STUDENT_ID_MERGES = sheet(
    "student_id_merges",
    "merge of two numbers that turned out to be one student's. An event: its term is that of the day on which the "
    "numbers were merged, and a sheet without it takes nothing back",
    (
        number("OldStudentNumber", "the number given up", required=True, personal=PersonalData.DIRECT),
        number("NewStudentNumber", "the number that stays", required=True, personal=PersonalData.DIRECT),
        day("MergedOn", "day of the merge", required=True),
        Column(header="Reason", description="why, in words", personal=PersonalData.INDIRECT),
    ),
    ("old_student_number",),
    term=TermByDate(column="merged_on"),
    mode=LoadMode.INCREMENTAL,
    person=("old_student_number", "new_student_number"),
    freshness_days=400,
)

ADMISSION_APPLICATIONS = sheet(
    "admission_applications",
    "application for a place at a school. Its term is that of the day on which it was made, so that next year's "
    "applications are counted in the season in which they came",
    (
        number("ApplicationID", "the application", required=True),
        school("the authority's number of the school applied to"),
        number("ApplicantNumber", "number of the applicant", required=True, personal=PersonalData.DIRECT),
        number("StudentNumber", "the authority's student number, once there is one", personal=PersonalData.DIRECT),
        Column(header="EntryYear", description="academic year applied for", required=True),
        of_person("GradeLevel", "grade level applied for, in the system's spelling", required=True),
        day("AppliedOn", "day of the application", required=True),
        of_person("Channel", "how the family heard of the school, in the system's code"),
        of_person("Priority", "ground of a preference, e.g. a sibling, in the system's code"),
    ),
    ("application_id",),
    term=TermByDate(column="applied_on", school="school_id"),
    scope=("school_id",),
    school="school_id",
    person=("applicant_number", "student_number"),
    owner="admissions",
)

ADMISSION_STAGE_EVENTS = sheet(
    "admission_stage_events",
    "step of an application. It is of its application's term, not of the day's: a funnel follows those who applied "
    "in one season to the end",
    (
        number("ApplicationID", "the application", required=True),
        of_person(
            "Stage",
            "the stage that was reached",
            required=True,
            allowed=("applied", "reviewed", "offered", "waitlisted", "accepted", "enrolled", "declined", "withdrawn"),
        ),
        day("ReachedOn", "day on which it was reached", required=True),
        of_person("Reason", "why, in the system's code"),
    ),
    ("application_id", "stage", "reached_on"),
    term=TermVia(parent="admission_applications", key={"application_id": "application_id"}),
    mode=LoadMode.INCREMENTAL,
    owner="admissions",
)
