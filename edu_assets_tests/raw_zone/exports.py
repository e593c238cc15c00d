"""Files as source systems export them, small enough to read in a test.

Belongs here: the spelling of OneRoster packages, attendance sheets and OULAD's CSV files. Does not
belong here: what a loader makes of them.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

Row = Mapping[str, str]

ONEROSTER_HEADERS: dict[str, tuple[str, ...]] = {
    "orgs": ("name", "type", "identifier", "parentSourcedId"),
    "academicSessions": ("title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
    "courses": ("schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes"),
    "classes": (
        "title",
        "grades",
        "courseSourcedId",
        "classCode",
        "classType",
        "location",
        "schoolSourcedId",
        "termSourcedIds",
        "subjects",
        "subjectCodes",
        "periods",
    ),
    "users": (
        "enabledUser",
        "orgSourcedIds",
        "role",
        "username",
        "userIds",
        "givenName",
        "familyName",
        "middleName",
        "identifier",
        "email",
        "sms",
        "phone",
        "agentSourcedIds",
        "grades",
        "password",
    ),
    "enrollments": ("classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate"),
    "demographics": (
        "birthDate",
        "sex",
        "americanIndianOrAlaskaNative",
        "asian",
        "blackOrAfricanAmerican",
        "nativeHawaiianOrOtherPacificIslander",
        "white",
        "demographicRaceTwoOrMoreRaces",
        "hispanicOrLatinoEthnicity",
        "countryOfBirthCode",
        "stateOfBirthAbbreviation",
        "cityOfBirth",
        "publicSchoolResidenceStatus",
    ),
    "categories": ("title",),
    "lineItems": (
        "title",
        "description",
        "assignDate",
        "dueDate",
        "classSourcedId",
        "categorySourcedId",
        "gradingPeriodSourcedId",
        "resultValueMin",
        "resultValueMax",
    ),
    "results": ("lineItemSourcedId", "studentSourcedId", "scoreStatus", "score", "scoreDate", "comment"),
    "resources": ("vendorResourceId", "title", "roles", "importance", "vendorId", "applicationId"),
    "classResources": ("title", "classSourcedId", "resourceSourcedId"),
    "courseResources": ("title", "courseSourcedId", "resourceSourcedId"),
}
"""The columns of OneRoster 1.1 after sourcedId, status and dateLastModified."""

ONEROSTER_1_2_HEADERS: dict[str, tuple[str, ...]] = ONEROSTER_HEADERS | {
    "users": (
        *(name for name in ONEROSTER_HEADERS["users"] if name not in ("orgSourcedIds", "role")),
        "userMasterIdentifier",
        "preferredGivenName",
        "preferredMiddleName",
        "preferredFamilyName",
        "primaryOrgSourcedId",
        "pronouns",
    ),
    "categories": ("title", "weight"),
    "lineItems": (
        "title",
        "description",
        "assignDate",
        "dueDate",
        "classSourcedId",
        "categorySourcedId",
        "academicSessionSourcedId",
        "resultValueMin",
        "resultValueMax",
        "schoolSourcedId",
    ),
    "results": (
        *ONEROSTER_HEADERS["results"],
        "textScore",
        "classSourcedId",
        "inProgress",
        "incomplete",
        "late",
        "missing",
    ),
    "roles": ("userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId"),
    "userProfiles": (
        "userSourcedId",
        "profileType",
        "vendorId",
        "applicationId",
        "description",
        "credentialType",
        "username",
        "password",
    ),
    "userResources": ("userSourcedId", "orgSourcedId", "classSourcedId", "resourceSourcedId"),
    "scoreScales": ("title", "type", "orgSourcedId", "courseSourcedId", "classSourcedId", "scoreScaleValue"),
    "lineItemScoreScales": ("title", "lineItemSourcedId", "scoreScaleSourcedId"),
    "resultScoreScales": ("title", "resultSourcedId", "scoreScaleSourcedId"),
    "lineItemLearningObjectiveIds": ("lineItemSourcedId", "source", "learningObjectiveId"),
    "resultLearningObjectiveIds": ("resultSourcedId", "source", "learningObjectiveId", "score", "textScore"),
}
"""Those of 1.2, in the later of its two bindings: users without resourceSourcedIds."""

HEADERS_BY_VERSION = {"1.1": ONEROSTER_HEADERS, "1.2": ONEROSTER_1_2_HEADERS}

_OBJECTIVE = "urn:uuid:5c1d9a72-0f3e-4c58-9d2b-7a6e1b40c913"
_WHOLE: dict[str, Row] = {
    "orgs": {"sourcedId": "s1", "name": "School", "type": "school"},
    "academicSessions": {
        "sourcedId": "t1",
        "title": "Spring",
        "type": "term",
        "startDate": "2013-02-01",
        "endDate": "2013-06-15",
        "schoolYear": "2013",
    },
    "courses": {
        "sourcedId": "k1",
        "title": "Mathematics",
        "schoolYearSourcedId": "t1",
        "orgSourcedId": "s1",
        "subjects": "Algebra,Geometry",
        "subjectCodes": "02052,02072",
    },
    "classes": {
        "sourcedId": "c1",
        "title": "Mathematics 1",
        "courseSourcedId": "k1",
        "classType": "scheduled",
        "schoolSourcedId": "s1",
        "termSourcedIds": "t1",
        "subjects": "Algebra",
        "subjectCodes": "02052",
    },
    "users": {
        "sourcedId": "u1",
        "enabledUser": "true",
        "orgSourcedIds": "s1",
        "role": "student",
        "username": "user-u1",
        "userIds": "{state:123},{library:9}",
        "givenName": "Given",
        "familyName": "Family",
        "agentSourcedIds": "u1",
        "grades": "05",
        "primaryOrgSourcedId": "s1",
    },
    "enrollments": {
        "sourcedId": "e1",
        "classSourcedId": "c1",
        "schoolSourcedId": "s1",
        "userSourcedId": "u1",
        "role": "student",
        "beginDate": "2013-02-01",
        "endDate": "2013-06-15",
    },
    "demographics": {"sourcedId": "u1", "birthDate": "2002-05-17", "sex": "female", "white": "true"},
    "categories": {"sourcedId": "g1", "title": "Homework", "weight": "40"},
    "lineItems": {
        "sourcedId": "l1",
        "title": "Fractions",
        "assignDate": "2013-02-04",
        "dueDate": "2013-02-08",
        "classSourcedId": "c1",
        "categorySourcedId": "g1",
        "gradingPeriodSourcedId": "t1",
        "academicSessionSourcedId": "t1",
        "resultValueMin": "0",
        "resultValueMax": "10",
        "schoolSourcedId": "s1",
    },
    "results": {
        "sourcedId": "r1",
        "lineItemSourcedId": "l1",
        "studentSourcedId": "u1",
        "scoreStatus": "fully graded",
        "score": "8.5",
        "scoreDate": "2013-02-10",
        "classSourcedId": "c1",
        "late": "false",
    },
    "resources": {"sourcedId": "m1", "vendorResourceId": "book-1", "roles": "student,teacher", "importance": "primary"},
    "classResources": {"sourcedId": "cm1", "classSourcedId": "c1", "resourceSourcedId": "m1"},
    "courseResources": {"sourcedId": "km1", "courseSourcedId": "k1", "resourceSourcedId": "m1"},
    "roles": {
        "sourcedId": "o1",
        "userSourcedId": "u1",
        "roleType": "primary",
        "role": "student",
        "orgSourcedId": "s1",
        "userProfileSourcedId": "p1",
    },
    "userProfiles": {
        "sourcedId": "p1",
        "userSourcedId": "u1",
        "profileType": "learning",
        "vendorId": "vendor",
        "credentialType": "password",
        "username": "user-u1-app",
    },
    "userResources": {"sourcedId": "um1", "userSourcedId": "u1", "resourceSourcedId": "m1"},
    "scoreScales": {
        "sourcedId": "x1",
        "title": "Letters",
        "type": "letter",
        "orgSourcedId": "s1",
        "courseSourcedId": "k1",
        "classSourcedId": "c1",
        "scoreScaleValue": "{A+:100},{A:94}",
    },
    "lineItemScoreScales": {"sourcedId": "lx1", "lineItemSourcedId": "l1", "scoreScaleSourcedId": "x1"},
    "resultScoreScales": {"sourcedId": "rx1", "resultSourcedId": "r1", "scoreScaleSourcedId": "x1"},
    "lineItemLearningObjectiveIds": {
        "sourcedId": "lo1",
        "lineItemSourcedId": "l1",
        "source": "case",
        "learningObjectiveId": _OBJECTIVE,
    },
    "resultLearningObjectiveIds": {
        "sourcedId": "ro1",
        "resultSourcedId": "r1",
        "source": "case",
        "learningObjectiveId": _OBJECTIVE,
        "score": "3",
    },
}


def whole(version: str) -> dict[str, list[Row]]:
    """One row of every file of a version, complete and by the standard."""
    return {
        name: [{column: value for column, value in _WHOLE[name].items() if column in ("sourcedId", *columns)}]
        for name, columns in HEADERS_BY_VERSION[version].items()
    }


ATTENDANCE_HEADER = "SchoolID,StudentNumber,AttendanceDate,AttendanceCode,AbsenceValue"
ASSESSMENTS_HEADER = "code_module,code_presentation,id_assessment,assessment_type,date,weight"
SUBMISSIONS_HEADER = "id_assessment,id_student,date_submitted,is_banked,score"
COURSES_HEADER = "code_module,code_presentation,module_presentation_length"


def lines(header: str, *rows: str) -> str:
    """A CSV of rows that are spelled out."""
    return "\n".join([header, *rows, ""])


def attendance(*rows: str) -> str:
    return lines(ATTENDANCE_HEADER, *rows)


def assessments(*rows: str) -> str:
    return lines(ASSESSMENTS_HEADER, *rows)


def submissions(*rows: str) -> str:
    return lines(SUBMISSIONS_HEADER, *rows)


def courses(*rows: str) -> str:
    return lines(COURSES_HEADER, *rows)


def org(key: str, name: str = "School", **more: str) -> Row:
    return {"sourcedId": key, "name": name, "type": "school"} | more


def student(key: str, school: str = "s1", **more: str) -> Row:
    return {
        "sourcedId": key,
        "enabledUser": "true",
        "orgSourcedIds": school,
        "role": "student",
        "username": f"user-{key}",
        "givenName": "Given",
        "familyName": "Family",
    } | more


def students(count: int, school: str = "s1", first: int = 1) -> list[Row]:
    return [student(f"{school}-{n}", school) for n in range(first, first + count)]


def gone(row: Row, modified: str = "2013-03-01T00:00:00.000Z") -> Row:
    """The line of a delta that deletes a row."""
    return {**row, "status": "tobedeleted", "dateLastModified": modified}


def active(row: Row, modified: str = "2013-03-01T00:00:00.000Z") -> Row:
    """The line of a delta that adds or changes a row."""
    return {**row, "status": "active", "dateLastModified": modified}


def table_csv(table: str, rows: Iterable[Row], version: str = "1.1") -> str:
    text = io.StringIO()
    header = ("sourcedId", "status", "dateLastModified", *HEADERS_BY_VERSION[version][table])
    writer = csv.DictWriter(text, header, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def package(
    tables: Mapping[str, Sequence[Row]] | None = None,
    *,
    delta: Iterable[str] = (),
    files: Mapping[str, str | bytes] | None = None,
    written: datetime = datetime(2013, 2, 10),  # noqa: DTZ001  (the clock of a zip has no zone)
    version: str = "1.1",
) -> bytes:
    """A OneRoster package. `delta`: the tables that it sends as delta; others are bulk.

    files: members by name that are spelled out. written: the modification time of every entry.
    """
    tables, delta = tables or {}, set(delta)
    members: dict[str, str | bytes] = {f"{name}.csv": table_csv(name, rows, version) for name, rows in tables.items()}
    members |= files or {}
    if "manifest.csv" not in members:
        modes = {
            name: ("delta" if name in delta else "bulk") if f"{name}.csv" in members else "absent"
            for name in HEADERS_BY_VERSION[version]
        }
        members["manifest.csv"] = lines(
            "propertyName,value",
            "manifest.version,1.0",
            f"oneroster.version,{version}",
            *(f"file.{name},{mode}" for name, mode in modes.items()),
        )
    return zipped(members, written)


def zipped(members: Mapping[str, str | bytes], written: datetime = datetime(2013, 2, 10)) -> bytes:  # noqa: DTZ001
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, written.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
