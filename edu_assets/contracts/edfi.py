"""Ed-Fi ODS/API, Data Standard 5.2: how its resources are declared, organisations, calendar, sections and enrolment.

Belongs here: declarations alone. Does not belong here: pages, tokens and change versions of an API (sources/), learning
(edfi_learning.py), people and conduct (edfi_people.py).

A file holds a resource's items as GET returns them, one on each line or as an array; it is named after the resource.
What it holds is new or changed, whatever else was sent earlier: a page, a file of changes and a whole resource load
alike. Names of columns are those of the item, with a dot for what stands in a reference. A contract declares what
figures need; the rest of an item stays in `_extra`.

Keys are the natural ones: `id` changes where an item is deleted and made again. An item whose `id` stands among the
deletes of the same term is left out by every staging view, and its row stays.

References: Ed-Fi Unifying Data Model 5.2, https://docs.ed-fi.org/reference/data-exchange.
"""

from edu_assets.contracts.base import (
    Column,
    ColumnType,
    Contract,
    Json,
    LoadMode,
    PersonalData,
    System,
    TermByDate,
    TermByDelivery,
    TermRule,
)

EDFI = System(name="edfi", title="Ed-Fi ODS/API, Data Standard 5.2", extension_columns="*")

_WEEK = 7
_RARELY = 400
"""Days after which a resource is late that changes with the school year only."""


def text(
    header: str,
    description: str = "as sent",
    personal: PersonalData = PersonalData.NONE,
    *,
    required: bool = False,
    aliases: tuple[str, ...] = (),
) -> Column:
    """A text, or a number that identifies. An item leaves out what is null, so that a header may lack it."""
    return Column(
        header=header,
        description=description,
        personal=personal,
        required=required,
        aliases=aliases,
        may_be_absent=not required,
    )


def key(header: str, description: str = "as sent", personal: PersonalData = PersonalData.NONE) -> Column:
    return text(header, description, personal, required=True)


def student(header: str = "studentReference.studentUniqueId") -> Column:
    return key(header, "the number that the authority gave the student", PersonalData.DIRECT)


def staff(header: str = "staffReference.staffUniqueId") -> Column:
    return key(header, "the number that the authority gave the member of staff", PersonalData.DIRECT)


def school(header: str = "schoolReference.schoolId") -> Column:
    return key(header, "the authority's school number")


def organization(header: str = "educationOrganizationReference.educationOrganizationId") -> Column:
    return key(header, "a school or an agency, by the authority's number")


def descriptor(
    header: str, description: str, personal: PersonalData = PersonalData.NONE, *, required: bool = False
) -> Column:
    """A code with its namespace, `uri://ed-fi.org/GradeLevelDescriptor#Sixth grade`; agencies have their own."""
    return Column(
        header=header,
        description=f"{description}: a descriptor, the code stands behind #",
        personal=personal,
        required=required,
        may_be_absent=not required,
        pattern="[^#]+#[^#]+",
    )


def day(header: str, description: str, personal: PersonalData = PersonalData.NONE, *, required: bool = False) -> Column:
    return Column(
        header=header,
        type=ColumnType.DATE,
        description=description,
        personal=personal,
        required=required,
        may_be_absent=not required,
    )


def number(header: str, description: str, personal: PersonalData = PersonalData.NONE) -> Column:
    return Column(
        header=header, type=ColumnType.NUMERIC, description=description, personal=personal, may_be_absent=True
    )


def count(header: str, description: str) -> Column:
    return Column(header=header, type=ColumnType.INTEGER, description=description, may_be_absent=True)


def flag(header: str, description: str, personal: PersonalData = PersonalData.NONE) -> Column:
    return Column(
        header=header, type=ColumnType.BOOLEAN, description=description, personal=personal, may_be_absent=True
    )


def collection(header: str, description: str, personal: PersonalData = PersonalData.NONE) -> Column:
    """An array of objects, kept as JSON."""
    return Column(
        header=header,
        description=f"{description}: an array as JSON",
        personal=personal,
        pattern=r"\[.*\]",
        may_be_absent=True,
    )


def section(prefix: str = "sectionReference.") -> tuple[Column, ...]:
    """The key of a section, inside a reference to it or to what it is part of."""
    return (
        key(f"{prefix}localCourseCode", "the course as its school offers it"),
        school(f"{prefix}schoolId"),
        key(f"{prefix}schoolYear", "the year in which the school year ends"),
        key(f"{prefix}sessionName", "the session"),
        key(f"{prefix}sectionIdentifier", "the section"),
    )


def session(prefix: str = "sessionReference.") -> tuple[Column, ...]:
    return (
        key(f"{prefix}schoolYear", "the year in which the school year ends"),
        key(f"{prefix}sessionName", "the session"),
    )


def names(columns: tuple[Column, ...]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


def of_day(column: str, school: str | None = "school_reference_school_id") -> TermByDate:
    return TermByDate(column=column, school=school)


def resource(
    title: str,
    description: str,
    keys: tuple[Column, ...],
    columns: tuple[Column, ...] = (),
    *,
    table: str,
    term: TermRule | None = None,
    others: tuple[str, ...] = (),
    **declared: object,
) -> Contract:
    """A resource of the API. title: its name in the path; others: resources of the same shape, kept in one table.

    Files are `<resource>.json`, or `.jsonl`, with an underscore and whatever else behind the name, or `data_*.json`, as
    extracts name pages in a folder of the resource; of those the columns tell which resource they are.
    """
    titles = (title, *others)
    return Contract(
        system=EDFI.name,
        table=table,
        description=description,
        columns=(
            text("id", "the item; another one after it was deleted and made again"),
            *keys,
            *columns,
            text("_etag", "version of the item"),
        ),
        key=names(keys),
        term=term or TermByDelivery(),
        mode=LoadMode.INCREMENTAL,
        files=(*(f"{name}{end}" for name in titles for end in (".json*", "_*.json*")), "data_*.json"),
        written=(Json(),),
        **{"owner": "student-information", "freshness_days": _WEEK} | declared,
    )


# -- what was deleted, and codes ----------------------------------------------------------------------

DELETES = Contract(
    system=EDFI.name,
    table="deletes",
    description="an item of any resource that was deleted, as the API's `deletes` tell. It holds for the slices of its "
    "own term: what an ended term said of the item stays",
    owner="student-information",
    columns=(
        text("id", "the item that was deleted", required=True, aliases=("Id",)),
        text("changeVersion", "place among all changes", required=True, aliases=("ChangeVersion",)),
        text("keyValues", "natural key of the item", PersonalData.DIRECT),
    ),
    key=("id",),
    term=TermByDelivery(),
    mode=LoadMode.INCREMENTAL,
    files=("deletes*.json*", "*_deletes*.json*", "data_*.json"),
    written=(Json(),),
    freshness_days=_RARELY,
)

DESCRIPTORS = resource(
    "descriptors",
    "code of a list, with its namespace",
    (key("namespace", "the list, as its agency has it"), key("codeValue", "the code")),
    (
        text("shortDescription"),
        text("description"),
        day("effectiveBeginDate", "first day of the code"),
        day("effectiveEndDate", "last day of the code"),
    ),
    table="descriptors",
    others=("*Descriptors",),
    freshness_days=_RARELY,
)

# -- organisations and calendar -----------------------------------------------------------------------

SCHOOLS = resource(
    "schools",
    "school",
    (school("schoolId"),),
    (
        key("nameOfInstitution", "name"),
        text("localEducationAgencyReference.localEducationAgencyId", "the agency above it"),
        collection("gradeLevels", "grade levels that it serves"),
        collection("schoolCategories", "kinds of school that it is"),
        descriptor("schoolTypeDescriptor", "regular, alternative and so on"),
        descriptor("operationalStatusDescriptor", "whether it is open"),
        descriptor("charterStatusDescriptor", "whether it is a charter school"),
    ),
    table="schools",
    conforms_to=("organization",),
)

LOCAL_EDUCATION_AGENCIES = resource(
    "localEducationAgencies",
    "district or another agency above schools",
    (key("localEducationAgencyId", "the authority's number"),),
    (
        key("nameOfInstitution", "name"),
        descriptor("localEducationAgencyCategoryDescriptor", "kind of agency"),
        text(
            "parentLocalEducationAgencyId",
            "the agency above it",
            aliases=("parentLocalEducationAgencyReference.localEducationAgencyId",),
        ),
        text("stateEducationAgencyReference.stateEducationAgencyId", "the state's agency"),
    ),
    table="local_education_agencies",
    conforms_to=("organization",),
    freshness_days=_RARELY,
)

CALENDARS = resource(
    "calendars",
    "calendar of a school",
    (key("calendarCode", "the calendar"), school(), key("schoolYearTypeReference.schoolYear", "the school year")),
    (descriptor("calendarTypeDescriptor", "whose calendar it is"), collection("gradeLevels", "grade levels it is for")),
    table="calendars",
    freshness_days=_RARELY,
)

CALENDAR_DATES = resource(
    "calendarDates",
    "day of a calendar. It is of its own day's term",
    (
        key("calendarReference.calendarCode", "the calendar"),
        school("calendarReference.schoolId"),
        key("calendarReference.schoolYear", "the school year"),
        day("date", "the day", required=True),
    ),
    (collection("calendarEvents", "what happens on it"),),
    table="calendar_dates",
    term=of_day("date", "calendar_reference_school_id"),
    conforms_to=("calendar_day",),
    freshness_days=_RARELY,
)

SESSIONS = resource(
    "sessions",
    "session of a school: a semester, a term, a year",
    (school(), key("schoolYearTypeReference.schoolYear", "the school year"), key("sessionName", "the session")),
    (
        descriptor("termDescriptor", "kind of session"),
        day("beginDate", "first day"),
        day("endDate", "last day"),
        count("totalInstructionalDays", "days of instruction"),
    ),
    table="sessions",
    freshness_days=_RARELY,
)

GRADING_PERIODS = resource(
    "gradingPeriods",
    "grading period of a school. It is of the term in which it begins",
    (
        school(),
        key("schoolYearTypeReference.schoolYear", "the school year"),
        descriptor("gradingPeriodDescriptor", "kind of period", required=True),
        key("gradingPeriodName", "the period"),
    ),
    (
        day("beginDate", "first day", required=True),
        day("endDate", "last day"),
        count("totalInstructionalDays", "days of instruction"),
        count("periodSequence", "place in the year"),
    ),
    table="grading_periods",
    term=of_day("begin_date"),
    freshness_days=_RARELY,
)

COURSES = resource(
    "courses",
    "course of a school or an agency",
    (organization(), key("courseCode", "the course")),
    (
        key("courseTitle", "title"),
        text("academicSubjectDescriptor", "the subject, in Data Standard 4 and before"),
        collection("academicSubjects", "the subjects, in Data Standard 5"),
        number("maximumAvailableCredits", "credits that it can earn"),
    ),
    table="courses",
    conforms_to=("course",),
)

COURSE_OFFERINGS = resource(
    "courseOfferings",
    "course as a school offers it in a session",
    (key("localCourseCode", "the offer"), school(), *session()),
    (
        key("courseReference.courseCode", "the course"),
        organization("courseReference.educationOrganizationId"),
        text("localCourseTitle", "title at the school"),
    ),
    table="course_offerings",
)

SECTIONS = resource(
    "sections",
    "section: a class of a course offering",
    (
        key("courseOfferingReference.localCourseCode", "the course as its school offers it"),
        school("courseOfferingReference.schoolId"),
        *session("courseOfferingReference."),
        key("sectionIdentifier", "the section"),
    ),
    (
        text("sectionName", "title"),
        number("availableCredits", "credits that it can earn"),
        collection("classPeriods", "the periods in which it meets"),
        flag("officialAttendancePeriod", "whether the day's attendance is taken in it"),
    ),
    table="sections",
    conforms_to=("class",),
)

# -- enrolment and attendance -------------------------------------------------------------------------

STUDENTS = resource(
    "students",
    "student",
    (student("studentUniqueId"),),
    (
        key("firstName", "given name", PersonalData.DIRECT),
        text("middleName", "middle name", PersonalData.DIRECT),
        key("lastSurname", "family name", PersonalData.DIRECT),
        day("birthDate", "day of birth", PersonalData.INDIRECT, required=True),
        descriptor("birthSexDescriptor", "sex at birth", PersonalData.INDIRECT),
        collection("otherNames", "other names", PersonalData.DIRECT),
    ),
    table="students",
    person=("student_unique_id",),
    conforms_to=("student", "student_demographic"),
)

STUDENT_SCHOOL_ASSOCIATIONS = resource(
    "studentSchoolAssociations",
    "membership of a student in a school",
    (student(), school(), day("entryDate", "first day", PersonalData.INDIRECT, required=True)),
    (
        descriptor("entryGradeLevelDescriptor", "grade level at entry", PersonalData.INDIRECT, required=True),
        day("exitWithdrawDate", "last day, or the day after it, as the feed says", PersonalData.INDIRECT),
        descriptor("exitWithdrawTypeDescriptor", "why the student left", PersonalData.INDIRECT),
        descriptor("entryTypeDescriptor", "how the student came", PersonalData.INDIRECT),
        flag("primarySchool", "whether the school answers for the student; an item without it does"),
        text("calendarReference.calendarCode", "the student's calendar"),
        number("fullTimeEquivalency", "share of full time, 0 to 1", PersonalData.INDIRECT),
        descriptor("enrollmentTypeDescriptor", "kind of enrolment", PersonalData.INDIRECT),
        descriptor(
            "residencyStatusDescriptor", "where the student lives as enrolment law sees it", PersonalData.INDIRECT
        ),
    ),
    table="student_school_associations",
    person=("student_reference_student_unique_id",),
    conforms_to=("school_enrollment",),
)

STUDENT_EDUCATION_ORGANIZATION_ASSOCIATIONS = resource(
    "studentEducationOrganizationAssociations",
    "what a school or an agency knows of a student",
    (student(), organization()),
    (
        descriptor("sexDescriptor", "sex", PersonalData.INDIRECT),
        flag("hispanicLatinoEthnicity", "whether Hispanic or Latino", PersonalData.SENSITIVE),
        collection("races", "races", PersonalData.SENSITIVE),
        descriptor("limitedEnglishProficiencyDescriptor", "proficiency in English", PersonalData.SENSITIVE),
        collection("languages", "languages and their use", PersonalData.INDIRECT),
        collection("studentCharacteristics", "needs and circumstances, with their periods", PersonalData.SENSITIVE),
        collection("studentIndicators", "indicators, with their periods", PersonalData.SENSITIVE),
        collection("disabilities", "disabilities", PersonalData.SENSITIVE),
        collection("studentIdentificationCodes", "numbers of other systems", PersonalData.DIRECT),
    ),
    table="student_organization_associations",
    person=("student_reference_student_unique_id",),
)

STUDENT_EDUCATION_ORGANIZATION_RESPONSIBILITY_ASSOCIATIONS = resource(
    "studentEducationOrganizationResponsibilityAssociations",
    "which organisation answers for a student, and for what",
    (
        student(),
        organization(),
        descriptor("responsibilityDescriptor", "for what it answers", required=True),
        day("beginDate", "first day", PersonalData.INDIRECT, required=True),
    ),
    (day("endDate", "last day", PersonalData.INDIRECT),),
    table="student_responsibilities",
    person=("student_reference_student_unique_id",),
)

STUDENT_SECTION_ASSOCIATIONS = resource(
    "studentSectionAssociations",
    "a student in a section",
    (*section(), student(), day("beginDate", "first day", PersonalData.INDIRECT, required=True)),
    (
        day("endDate", "last day, or the day after it, as the feed says", PersonalData.INDIRECT),
        flag("homeroomIndicator", "whether it is the student's homeroom"),
    ),
    table="student_section_associations",
    person=("student_reference_student_unique_id",),
    conforms_to=("class_enrollment",),
)

_CATEGORY = descriptor(
    "attendanceEventCategoryDescriptor", "absent, tardy and so on", PersonalData.INDIRECT, required=True
)
_EVENT = (
    day("eventDate", "the school day", required=True),
    _CATEGORY,
)

STUDENT_SCHOOL_ATTENDANCE_EVENTS = resource(
    "studentSchoolAttendanceEvents",
    "what was marked of a student's day at a school; a day may have several. It is of its day's term",
    (student(), school(), *session(), *_EVENT),
    (
        text("attendanceEventReason", "why, in words", PersonalData.SENSITIVE),
        number("eventDuration", "share of the day that the event took, 0 to 1", PersonalData.INDIRECT),
        count("schoolAttendanceDuration", "minutes in attendance"),
    ),
    table="student_school_attendance_events",
    term=of_day("event_date"),
    school="school_reference_school_id",
    person=("student_reference_student_unique_id",),
    owner="attendance-office",
    conforms_to=("daily_attendance",),
    freshness_days=3,
)

STUDENT_SECTION_ATTENDANCE_EVENTS = resource(
    "studentSectionAttendanceEvents",
    "what was marked of a student in a section on a day. It is of its day's term",
    (*section(), student(), *_EVENT),
    (
        text("attendanceEventReason", "why, in words", PersonalData.SENSITIVE),
        number("eventDuration", "share of the day that the event took, 0 to 1", PersonalData.INDIRECT),
        count("sectionAttendanceDuration", "minutes in attendance"),
        collection("classPeriods", "the periods that it is of"),
    ),
    table="student_section_attendance_events",
    term=of_day("event_date", "section_reference_school_id"),
    school="section_reference_school_id",
    person=("student_reference_student_unique_id",),
    owner="attendance-office",
    conforms_to=("section_attendance",),
    freshness_days=3,
)
