"""Microsoft School Data Sync, format v2.1: OneRoster-like CSV files with roles and relationships apart from users.

https://learn.microsoft.com/schooldatasync: text stands as it is sent; roles and organisation types go beyond
OneRoster's lists, so no list is declared for them.
"""

from edu_assets.contracts.base import Column, ColumnType, Contract, PersonalData, System, TermByDelivery

SDS = System(name="sds", title="Microsoft School Data Sync v2.1")

_ID = Column(header="sourcedId", required=True, description="the record")


def _text(header: str, personal: PersonalData = PersonalData.NONE, *, required: bool = False) -> Column:
    return Column(header=header, required=required, description="as sent", personal=personal)


def _user(header: str = "userSourcedId") -> Column:
    return _text(header, PersonalData.DIRECT, required=True)


def _day(header: str, personal: PersonalData = PersonalData.NONE) -> Column:
    return Column(header=header, type=ColumnType.DATE, description="as sent", personal=personal)


def _table(
    name: str,
    file: str,
    description: str,
    columns: tuple[Column, ...],
    key: tuple[str, ...] = ("sourced_id",),
    person: tuple[str, ...] = (),
    conforms_to: tuple[str, ...] = (),
) -> Contract:
    return Contract(
        system=SDS.name,
        table=name,
        description=description,
        owner="identity-management",
        columns=columns,
        key=key,
        term=TermByDelivery(),
        person=person,
        files=(file,),
        freshness_days=7,
        conforms_to=conforms_to,
    )


ORGS = _table(
    "orgs",
    "orgs.csv",
    "organisation",
    (_ID, _text("name", required=True), _text("type", required=True), _text("parentSourcedId")),
    conforms_to=("organization",),
)

ACADEMIC_SESSIONS = _table(
    "academic_sessions",
    "academicSessions.csv",
    "school year, semester or term",
    (
        _ID,
        _text("title", required=True),
        _text("type", required=True),
        _text("schoolYear"),
        _day("startDate"),
        _day("endDate"),
    ),
)

COURSES = _table(
    "courses",
    "courses.csv",
    "course",
    (
        _ID,
        _text("orgSourcedId", required=True),
        _text("title", required=True),
        *(_text(header) for header in ("code", "schoolYearSourcedId", "subject", "grade")),
    ),
    conforms_to=("course",),
)

CLASSES = _table(
    "classes",
    "classes.csv",
    "class",
    (
        _ID,
        _text("orgSourcedId", required=True),
        _text("title", required=True),
        _text("sessionSourcedIds"),
        _text("courseSourcedId"),
    ),
    conforms_to=("class",),
)

USERS = _table(
    "users",
    "users.csv",
    "person",
    (
        _user("sourcedId"),
        _text("username", PersonalData.DIRECT, required=True),
        *(
            _text(header, PersonalData.DIRECT)
            for header in ("givenName", "familyName", "activeDirectoryMatchId", "email", "phone", "sms")
        ),
        Column(header="password", description="never stored", personal=PersonalData.SENSITIVE, secret=True),
    ),
    person=("sourced_id",),
    conforms_to=("student",),
)

ROLES = _table(
    "roles",
    "roles.csv",
    "a person's role in an organisation for a session",
    (
        _user(),
        _text("orgSourcedId", required=True),
        _text("role", PersonalData.INDIRECT, required=True),
        _text("sessionSourcedId", required=True),
        _text("grade", PersonalData.INDIRECT),
        Column(
            header="isPrimary",
            type=ColumnType.BOOLEAN,
            true_values=("TRUE", "true"),
            false_values=("FALSE", "false"),
            description="whether it is the main role",
        ),
        _day("roleStartDate"),
        _day("roleEndDate"),
    ),
    ("user_sourced_id", "org_sourced_id", "role", "session_sourced_id"),
    ("user_sourced_id",),
    conforms_to=("school_enrollment",),
)

ENROLLMENTS = _table(
    "enrollments",
    "enrollments.csv",
    "a person's place in a class",
    (_text("classSourcedId", required=True), _user(), _text("role", PersonalData.INDIRECT, required=True)),
    ("class_sourced_id", "user_sourced_id", "role"),
    ("user_sourced_id",),
    conforms_to=("class_enrollment",),
)

DEMOGRAPHICS = _table(
    "demographics",
    "demographics.csv",
    "what describes a person",
    (
        _user(),
        _text("sex", PersonalData.INDIRECT),
        _day("birthDate", PersonalData.DIRECT),
        *(
            _text(header, PersonalData.INDIRECT)
            for header in ("birthCity", "birthState", "birthCountry", "ethnicityCodes", "raceCodes")
        ),
    ),
    ("user_sourced_id",),
    ("user_sourced_id",),
)

USER_FLAGS = _table(
    "user_flags",
    "userFlags.csv",
    "a programme or need of a person",
    (_user(), _text("flag", PersonalData.SENSITIVE, required=True)),
    ("user_sourced_id", "flag"),
    ("user_sourced_id",),
)

RELATIONSHIPS = _table(
    "relationships",
    "relationships.csv",
    "who a person's contact is",
    (
        _user(),
        _user("relationshipUserSourcedId"),
        _text("relationshipRole", PersonalData.INDIRECT, required=True),
    ),
    ("user_sourced_id", "relationship_user_sourced_id", "relationship_role"),
    ("user_sourced_id", "relationship_user_sourced_id"),
)
