"""OneRoster 1.1 CSV (1EdTech, final 1.1.1): the rostering files that a school network exports.

Names, order and enumerations are those of the standard. In bulk files `status` and
`dateLastModified` are blank; in delta files both are given. Ends of intervals are exclusive by the
standard; a feed that sends the last day says `end_dates: inclusive` in the network file.
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
    System,
    TermByDelivery,
)

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
    ),
)

_OWNER = "student-information"
_GUID = r"[0-9A-Za-z.\-_/@]{1,255}"
_DELTA = DeltaRule(column="status", deleted=("tobedeleted",))


def _guid(
    header: str, description: str, *, required: bool = True, personal: PersonalData = PersonalData.NONE
) -> Column:
    return Column(header=header, description=description, required=required, pattern=_GUID, personal=personal)


def _common(what: str, personal: PersonalData) -> tuple[Column, ...]:
    return (
        _guid("sourcedId", f"identifier of the {what} in the sending system", personal=personal),
        Column(
            header="status",
            description="delta: active or tobedeleted; blank in bulk",
            allowed=("active", "tobedeleted"),
        ),
        Column(
            header="dateLastModified",
            type=ColumnType.TIMESTAMP,
            formats=(DateFormat.ISO_INSTANT, DateFormat.ISO),
            description="delta: instant of the last change; blank in bulk",
        ),
    )


def _table(
    table: str,
    description: str,
    columns: tuple[Column, ...],
    personal: PersonalData = PersonalData.NONE,
    **declared: object,
) -> Contract:
    """A table of the package. `personal`: the class of its sourcedId."""
    return Contract(
        system=ONEROSTER.name,
        table=table,
        description=description,
        owner=_OWNER,
        columns=_common(description.split(":")[0], personal) + columns,
        key=("sourced_id",),
        term=TermByDelivery(),
        delta=_DELTA,
        freshness_days=14,
        **declared,
    )


ORGS = _table(
    "orgs",
    "organisation: school, district, department or state",
    (
        Column(header="name", required=True, description="name of the organisation"),
        Column(
            header="type",
            required=True,
            allowed=("department", "school", "district", "local", "state", "national"),
            description="kind of organisation",
        ),
        Column(header="identifier", description="identifier given by the authority, e.g. NCES"),
        _guid("parentSourcedId", "the organisation above", required=False),
    ),
    files=("orgs.csv",),
    conforms_to=("organization",),
)

ACADEMIC_SESSIONS = _table(
    "academic_sessions",
    "academic session: school year, semester, term or grading period",
    (
        Column(header="title", required=True, description="name of the session"),
        Column(
            header="type",
            required=True,
            allowed=("gradingPeriod", "semester", "schoolYear", "term"),
            description="kind of session",
        ),
        Column(header="startDate", type=ColumnType.DATE, required=True, description="first day"),
        Column(
            header="endDate",
            type=ColumnType.DATE,
            required=True,
            description="end of the session; exclusive unless the feed says otherwise",
        ),
        _guid("parentSourcedId", "the session above", required=False),
        Column(
            header="schoolYear",
            required=True,
            pattern=r"\d{4}",
            description="year in which the school year ends",
        ),
    ),
    files=("academicSessions.csv",),
)

COURSES = _table(
    "courses",
    "course: what is taught, independent of who and when",
    (
        _guid("schoolYearSourcedId", "the school year of the course", required=False),
        Column(header="title", required=True, description="name of the course"),
        Column(header="courseCode", description="human-readable code"),
        Column(header="grades", description="list of grade levels"),
        _guid("orgSourcedId", "the organisation that offers the course"),
        Column(header="subjects", description="list of subjects"),
        Column(header="subjectCodes", description="list of subject codes, in the order of subjects"),
    ),
    files=("courses.csv",),
    school="org_sourced_id",
    conforms_to=("course",),
)

CLASSES = _table(
    "classes",
    "class: a course taught to a group of students",
    (
        Column(header="title", required=True, description="name of the class"),
        Column(header="grades", description="list of grade levels"),
        _guid("courseSourcedId", "the course taught"),
        Column(header="classCode", description="human-readable code"),
        Column(header="classType", required=True, allowed=("homeroom", "scheduled"), description="kind of class"),
        Column(header="location", description="room"),
        _guid("schoolSourcedId", "the school"),
        Column(header="termSourcedIds", required=True, description="list of the terms in which the class runs"),
        Column(header="subjects", description="list of subjects"),
        Column(header="subjectCodes", description="list of subject codes"),
        Column(header="periods", description="list of periods"),
    ),
    files=("classes.csv",),
    school="school_sourced_id",
    conforms_to=("class",),
)

USERS = _table(
    "users",
    "user: student, teacher, guardian or other person",
    (
        Column(
            header="enabledUser",
            type=ColumnType.BOOLEAN,
            required=True,
            description="whether the account is active",
        ),
        Column(
            header="orgSourcedIds",
            required=True,
            description="list of organisations, the first is the primary one",
        ),
        Column(
            header="role",
            required=True,
            allowed=(
                "administrator",
                "aide",
                "guardian",
                "parent",
                "proctor",
                "relative",
                "student",
                "teacher",
            ),
            description="role of the person",
        ),
        Column(header="username", required=True, description="account name", personal=PersonalData.DIRECT),
        Column(header="userIds", description="list of {type:id}", personal=PersonalData.DIRECT),
        Column(header="givenName", required=True, description="given name", personal=PersonalData.DIRECT),
        Column(header="familyName", required=True, description="family name", personal=PersonalData.DIRECT),
        Column(header="middleName", description="middle name", personal=PersonalData.DIRECT),
        Column(
            header="identifier",
            description="number of the person given by the authority, e.g. the state student number",
            personal=PersonalData.DIRECT,
        ),
        Column(header="email", description="e-mail address", personal=PersonalData.DIRECT),
        Column(header="sms", description="number for text messages", personal=PersonalData.DIRECT),
        Column(header="phone", description="telephone number", personal=PersonalData.DIRECT),
        Column(header="agentSourcedIds", description="list of related persons", personal=PersonalData.INDIRECT),
        Column(
            header="grades",
            description="grade level of a student (CEDS code)",
            personal=PersonalData.INDIRECT,
        ),
        Column(header="password", description="initial password", secret=True, personal=PersonalData.SENSITIVE),
    ),
    personal=PersonalData.INDIRECT,
    files=("users.csv",),
    school="org_sourced_ids",
    person=("sourced_id",),
    conforms_to=("student",),
)

ENROLLMENTS = _table(
    "enrollments",
    "enrollment: a person in a class",
    (
        _guid("classSourcedId", "the class"),
        _guid("schoolSourcedId", "the school of the class"),
        _guid("userSourcedId", "the person", personal=PersonalData.INDIRECT),
        Column(
            header="role",
            required=True,
            allowed=("administrator", "proctor", "student", "teacher"),
            description="role of the person in the class",
        ),
        Column(header="primary", type=ColumnType.BOOLEAN, description="whether a teacher is the primary one"),
        Column(header="beginDate", type=ColumnType.DATE, description="first day in the class"),
        Column(
            header="endDate",
            type=ColumnType.DATE,
            description="end of the enrolment; exclusive unless the feed says otherwise",
        ),
    ),
    files=("enrollments.csv",),
    school="school_sourced_id",
    person=("user_sourced_id",),
    conforms_to=("class_enrollment", "school_enrollment"),
)
