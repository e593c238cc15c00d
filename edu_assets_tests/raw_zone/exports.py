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
}
"""The columns of OneRoster 1.1 after sourcedId, status and dateLastModified."""

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


def table_csv(table: str, rows: Iterable[Row]) -> str:
    text = io.StringIO()
    header = ("sourcedId", "status", "dateLastModified", *ONEROSTER_HEADERS[table])
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
) -> bytes:
    """A OneRoster 1.1 package. `delta`: the tables that it sends as delta; others are bulk.

    files: members by name that are spelled out. written: the modification time of every entry.
    """
    tables, delta = tables or {}, set(delta)
    members: dict[str, str | bytes] = {f"{name}.csv": table_csv(name, rows) for name, rows in tables.items()}
    members |= files or {}
    if "manifest.csv" not in members:
        modes = {
            name: ("delta" if name in delta else "bulk") if f"{name}.csv" in members else "absent"
            for name in ONEROSTER_HEADERS
        }
        members["manifest.csv"] = lines(
            "propertyName,value",
            "manifest.version,1.0",
            "oneroster.version,1.1",
            *(f"file.{name},{mode}" for name, mode in modes.items()),
        )
    return zipped(members, written)


def zipped(members: Mapping[str, str | bytes], written: datetime = datetime(2013, 2, 10)) -> bytes:  # noqa: DTZ001
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, written.timetuple()[:6]), content)
    return buffer.getvalue()
