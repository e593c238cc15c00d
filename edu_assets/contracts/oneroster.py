"""OneRoster CSV 1.1 and 1.2 (1EdTech): the system, what its tables share, and the roster.

Belongs here: the package's rules, organisations, sessions, courses, classes and who is in them. Does not
belong here: persons (oneroster_people.py), marks (oneroster_gradebook.py), teaching materials
(oneroster_resources.py), what is told of a package that breaks a rule (raw_zone/conformance.py).

Names, order and enumerations are those of the standard. One raw table holds a file of both versions:
it has the columns of both, and is strict only where both are; what one version alone demands is told
to the sender. In bulk files `status` and `dateLastModified` are blank; in delta files both are given.
Ends of intervals are exclusive by the standard; a feed that sends the last day says
`end_dates: inclusive` in the network file.

Every table takes its term from the delivery: a package is a picture of a day, and a class, a person
or an enrolment stands in the picture of each term that it lives through.

Dialects that are put up with: booleans as TRUE or 1; 1.0's `userSourcedId` and `birthdate` in
demographics; ManageBac's `dateModified`, and its `metadata.` columns, which stay in `_extra`.
"""

from edu_assets.contracts.base import (
    Column,
    ColumnType,
    Contract,
    DateFormat,
    DeltaRule,
    LoadMode,
    ManifestRule,
    PersonalData,
    RowRule,
    Severity,
    System,
    TermByDelivery,
)

V1_1, V1_2 = "1.1", "1.2"

ONEROSTER = System(
    name="oneroster",
    title="OneRoster CSV package",
    manifest=ManifestRule(
        file="manifest.csv",
        property_column="propertyName",
        value_column="value",
        mode_property="file.{table}",
        modes={"bulk": LoadMode.FULL, "delta": LoadMode.DELTA},
        absent="absent",
        properties={"manifest.version": ("1.0",), "oneroster.version": (V1_1, V1_2)},
        version_property="oneroster.version",
    ),
    extension_columns="metadata.*",
)

EXTENSIBLE = {V1_2: ("ext:*",)}
"""Values that a vocabulary of 1.2 may be extended with."""

_GUID = r"[0-9A-Za-z.\-_/@]{1,255}"
_DELTA = DeltaRule(column="status", deleted=("tobedeleted",), stated=("status", "date_last_modified"))


def guid(header: str, description: str, *, required: bool = True, **declared: object) -> Column:
    """A column that holds a sourcedId, or a list of them."""
    return Column(header=header, description=description, required=required, pattern=_GUID, **declared)


def flag(header: str, description: str, **declared: object) -> Column:
    return Column(
        header=header,
        type=ColumnType.BOOLEAN,
        description=description,
        true_values=("true", "TRUE", "True", "1"),
        false_values=("false", "FALSE", "False", "0"),
        **declared,
    )


def interval(what: str, begin: str = "beginDate", end: str = "endDate", **declared: object) -> tuple[Column, Column]:
    """Begin and end of something, each a day."""
    return (
        Column(header=begin, type=ColumnType.DATE, description=f"first day of the {what}", **declared),
        Column(
            header=end,
            type=ColumnType.DATE,
            description=f"end of the {what}; exclusive unless the feed says otherwise",
            **declared,
        ),
    )


def ends_after_it_begins(begin: str = "begin_date", end: str = "end_date") -> RowRule:
    return RowRule(
        name="interval",
        column=end,
        holds=f"{begin} < {end} collate \"C\" or '' in ({begin}, {end})",
        hint="an end is exclusive: the day after the last one, so it lies after the begin",
        severity=Severity.WARNING,
    )


SUBJECTS_MATCH = RowRule(
    name="subject_codes",
    column="subject_codes",
    holds="subjects = '' or subject_codes = ''"
    " or cardinality(string_to_array(subjects, ',')) = cardinality(string_to_array(subject_codes, ','))",
    hint="one code for each subject, in the order of subjects",
)


def _common(what: str, key: Column | None, personal: PersonalData) -> tuple[Column, ...]:
    return (
        key or guid("sourcedId", f"identifier of the {what} in the sending system", personal=personal),
        Column(
            header="status",
            description="delta: active or tobedeleted; blank in bulk",
            allowed=("active", "tobedeleted"),
        ),
        Column(
            header="dateLastModified",
            aliases=("dateModified",),
            type=ColumnType.TIMESTAMP,
            formats=(DateFormat.ISO_INSTANT, DateFormat.ISO),
            description="delta: instant of the last change; blank in bulk",
        ),
    )


def table(
    name: str,
    file: str,
    description: str,
    columns: tuple[Column, ...],
    *,
    personal: PersonalData = PersonalData.NONE,
    key: Column | None = None,
    **declared: object,
) -> Contract:
    """A table of the package. `personal`: the class of its sourcedId. `key`: that column, where it is a special one."""
    return Contract(
        system=ONEROSTER.name,
        table=name,
        description=description,
        columns=_common(description.split(":")[0], key, personal) + columns,
        key=("sourced_id",),
        term=TermByDelivery(),
        delta=_DELTA,
        files=(f"{file}.csv",),
        freshness_days=14,
        **{"owner": "student-information"} | declared,
    )


ORGS = table(
    "orgs",
    "orgs",
    "organisation: school, district, department or state",
    (
        Column(header="name", required=True, description="name of the organisation"),
        Column(
            header="type",
            required=True,
            allowed=("department", "school", "district", "local", "state", "national"),
            allowed_in=EXTENSIBLE,
            description="kind of organisation",
        ),
        Column(header="identifier", description="identifier given by the authority, e.g. NCES"),
        guid("parentSourcedId", "the organisation above", required=False, references="orgs"),
    ),
    conforms_to=("organization",),
)

ACADEMIC_SESSIONS = table(
    "academic_sessions",
    "academicSessions",
    "academic session: school year, semester, term or grading period",
    (
        Column(header="title", required=True, description="name of the session"),
        Column(
            header="type",
            required=True,
            allowed=("gradingPeriod", "semester", "schoolYear", "term"),
            allowed_in=EXTENSIBLE,
            description="kind of session",
        ),
        *interval("session", "startDate", "endDate", required=True),
        guid("parentSourcedId", "the session above", required=False, references="academic_sessions"),
        Column(
            header="schoolYear",
            required=True,
            pattern=r"\d{4}",
            description="year in which the school year ends",
        ),
    ),
    rules=(
        ends_after_it_begins("start_date", "end_date"),
        RowRule(
            name="school_year",
            column="school_year",
            holds="type <> 'schoolYear' or school_year = left(end_date, 4) or right(end_date, 5) = '01-01'",
            hint="the year in which the school year ends, e.g. 2026 for 2025-26",
            severity=Severity.WARNING,
        ),
    ),
)

COURSES = table(
    "courses",
    "courses",
    "course: what is taught, independent of who and when",
    (
        guid("schoolYearSourcedId", "the school year of the course", required=False, references="academic_sessions"),
        Column(header="title", required=True, description="name of the course"),
        Column(header="courseCode", description="human-readable code"),
        Column(header="grades", description="list of grade levels", is_list=True),
        guid("orgSourcedId", "the organisation that offers the course", references="orgs"),
        Column(header="subjects", description="list of subjects", is_list=True),
        Column(header="subjectCodes", description="list of subject codes, in the order of subjects", is_list=True),
    ),
    school="org_sourced_id",
    rules=(SUBJECTS_MATCH,),
    conforms_to=("course",),
)

CLASSES = table(
    "classes",
    "classes",
    "class: a course taught to a group of students",
    (
        Column(header="title", required=True, description="name of the class"),
        Column(header="grades", description="list of grade levels", is_list=True),
        guid("courseSourcedId", "the course taught", references="courses"),
        Column(header="classCode", description="human-readable code"),
        Column(
            header="classType",
            required=True,
            allowed=("homeroom", "scheduled"),
            allowed_in=EXTENSIBLE,
            description="kind of class",
        ),
        Column(header="location", description="room"),
        guid("schoolSourcedId", "the school", references="orgs", referenced_as={"type": "school"}),
        guid(
            "termSourcedIds", "list of the terms in which the class runs", is_list=True, references="academic_sessions"
        ),
        Column(header="subjects", description="list of subjects", is_list=True),
        Column(header="subjectCodes", description="list of subject codes", is_list=True),
        Column(header="periods", description="list of periods", is_list=True),
    ),
    school="school_sourced_id",
    rules=(SUBJECTS_MATCH,),
    conforms_to=("class",),
)

ENROLLMENTS = table(
    "enrollments",
    "enrollments",
    "enrollment: a person in a class",
    (
        guid("classSourcedId", "the class", references="classes"),
        guid("schoolSourcedId", "the school of the class", references="orgs"),
        guid("userSourcedId", "the person", references="users", personal=PersonalData.INDIRECT),
        Column(
            header="role",
            required=True,
            allowed=("administrator", "proctor", "student", "teacher"),
            allowed_in=EXTENSIBLE,
            description="role of the person in the class",
        ),
        flag("primary", "whether a teacher is the primary one"),
        *interval("enrolment"),
    ),
    school="school_sourced_id",
    person=("user_sourced_id",),
    rules=(
        ends_after_it_begins(),
        RowRule(
            name="primary_teacher",
            column="primary",
            holds="\"primary\" = '' or role = 'teacher' or lower(\"primary\") in ('false', '0')",
            hint="only a teacher can be the primary one; leave it blank for others",
        ),
    ),
    conforms_to=("class_enrollment", "school_enrollment"),
)
