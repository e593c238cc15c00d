"""OneRoster 1.1 packages of a district: bulk ones that hold its roster of a day, deltas between two.

Belongs here: the standard's headers, the roster of a day as rows, the zip. Does not belong here: who
is on the roster (population.py, timetable.py), when a package is sent (exports.py).

A roster is one pure function of the population and a day, so that a bulk package is that roster and a
delta is the difference of two, and both agree by construction. It holds the current school year:
this year's ended enrolments with their ends, nothing of earlier years.
"""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from edu_assets.network import EndDates, Network
from edu_assets.sample.districts import District
from edu_assets.sample.population import Guardian, Membership, Population, Student
from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.timetable import Placement, SchoolClass, StaffMember, Timetable

MAIL_DOMAIN = "example.org"  # reserved by RFC 2606: no mail can reach anybody

FILES = (
    "academicSessions",
    "categories",
    "classes",
    "classResources",
    "courses",
    "courseResources",
    "demographics",
    "enrollments",
    "lineItems",
    "orgs",
    "resources",
    "results",
    "users",
)
COMMON = ("sourcedId", "status", "dateLastModified")
HEADERS: dict[str, tuple[str, ...]] = {
    "academicSessions": (
        *COMMON,
        *("title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
    ),
    "orgs": (*COMMON, "name", "type", "identifier", "parentSourcedId"),
    "courses": (
        *COMMON,
        *("schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes"),
    ),
    "classes": (
        *COMMON,
        *("title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId"),
        *("termSourcedIds", "subjects", "subjectCodes", "periods"),
    ),
    "users": (
        *COMMON,
        *("enabledUser", "orgSourcedIds", "role", "username", "userIds", "givenName", "familyName"),
        *("middleName", "identifier", "email", "sms", "phone", "agentSourcedIds", "grades", "password"),
    ),
    "enrollments": (
        *COMMON,
        *("classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate"),
    ),
}

Rows = dict[str, tuple[str, ...]]
Roster = dict[str, Rows]
"""File name without .csv → sourcedId → cells after the three common columns."""

_StudentEnrollment = tuple[Placement, str, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Package:
    """A package's members as text, and how many data rows each has."""

    members: dict[str, str]
    rows: dict[str, int]
    modes: dict[str, str]

    def zipped(self, day: date) -> bytes:
        """The zip, its entries dated `day`, so that equal content is equal bytes."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name, text in self.members.items():
                entry = zipfile.ZipInfo(name, (day.year, day.month, day.day, 4, 30, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                entry.create_system = 3
                archive.writestr(entry, text.encode("utf-8"))
        return content.getvalue()


def bulk_package(district: District, roster: Roster) -> Package:
    """The whole roster; status and dateLastModified stay blank, as the standard demands."""
    records = {
        name: [(guid, "", "", *cells) for guid, cells in roster[name].items()] for name in HEADERS if roster[name]
    }
    return _package(district, records, dict.fromkeys(records, "bulk"))


def delta_package(district: District, before: Roster, after: Roster, day: date) -> Package | None:
    """What changed between two rosters; None where nothing did.

    A file without changes is absent, because the standard forbids a file without rows.
    """
    modified = f"{day.isoformat()}T04:30:00.000Z"
    records: dict[str, list[tuple[str, ...]]] = {}
    modes: dict[str, str] = {}
    for name in HEADERS:
        if district.mixed_deltas and name in ("orgs", "academicSessions"):
            records[name] = [(guid, "", "", *cells) for guid, cells in after[name].items()]
            modes[name] = "bulk"
            continue
        gone = [guid for guid in before[name] if guid not in after[name]]
        changes = [
            (guid, "active", modified, *cells) for guid, cells in after[name].items() if before[name].get(guid) != cells
        ] + [(guid, "tobedeleted", modified, *before[name][guid]) for guid in gone]
        if changes:
            records[name] = changes
            modes[name] = "delta"
    if "delta" not in modes.values():
        return None
    return _package(district, records, modes)


def _package(district: District, records: dict[str, list[tuple[str, ...]]], modes: dict[str, str]) -> Package:
    manifest = [
        ("manifest.version", "1.0"),
        ("oneroster.version", "1.1"),
        *((f"file.{name}", modes.get(name, "absent")) for name in FILES),
        ("source.systemName", f"{district.short_name.title()} sample SIS"),
        ("source.systemCode", district.sis_feed),
    ]
    members = {"manifest.csv": district.csv(("propertyName", "value"), manifest)}
    for name, rows in records.items():
        members[f"{name}.csv"] = district.csv(HEADERS[name], rows)
    return Package(members, {name: len(rows) for name, rows in records.items()}, modes)


class RosterSource:
    """A district's student information system: gives the roster of any day of a school year."""

    def __init__(self, network: Network, district: District, population: Population, timetable: Timetable) -> None:
        self.network = network
        self.district = district
        self.schools = {school.school_id: school for school in district.schools(network)}
        self.inclusive = network.feeds[district.sis_feed].end_dates is EndDates.INCLUSIVE
        self.memberships = [each for each in population.memberships if each.school_id in self.schools]
        self.placements = [each for each in timetable.placements if each.membership.school_id in self.schools]
        self.classes = [each for each in timetable.classes if each.school_id in self.schools]
        self.staff = [each for each in timetable.staff if each.school_id in self.schools]

    def roster(self, year: SchoolYear, day: date) -> Roster:
        """What the system holds of `year` on the morning of `day`."""
        classes = [each for each in self.classes if each.year == year.label]
        return {
            "academicSessions": self._academic_sessions(year),
            "orgs": self._orgs,
            "courses": self._courses(year, classes),
            "classes": {self._class_id(each): self._class(year, each, day) for each in classes},
            "users": self._users(year, day),
            "enrollments": self._enrollments(year, classes, day),
        }

    # -- identifiers ----------------------------------------------------------------------------

    def _org_id(self, key: str) -> str:
        return self.district.guid("org", key)

    def _session_id(self, year: str, term: str | None = None) -> str:
        return self.district.guid("ses", f"{year}/{term}" if term else year)

    def _class_id(self, school_class: SchoolClass) -> str:
        return self.district.guid("cls", school_class.code)

    def _course_id(self, school_class: SchoolClass) -> str:
        """The district's courses last; a school's own are set up anew every year."""
        code = school_class.course.code
        if self.district.district_courses:
            return self.district.guid("crs", code)
        return self.district.guid("crs", f"{school_class.year}/{school_class.school_id}/{code}")

    def _student_id(self, student: Student) -> str:
        return self.district.guid("stu", f"{student.index:05d}")

    def _staff_id(self, member: StaffMember) -> str:
        return self.district.guid("stf", f"{member.index:04d}")

    def _guardian_id(self, guardian: Guardian) -> str:
        return self.district.guid("gua", f"{guardian.index:05d}")

    def _last(self, end: date) -> str:
        """An exclusive end as this system writes it."""
        return (end - timedelta(1) if self.inclusive else end).isoformat()

    # -- files ----------------------------------------------------------------------------------

    @cached_property
    def _orgs(self) -> Rows:
        lea = next(iter(self.schools.values()))
        orgs: Rows = {self._org_id(lea.lea_id): (lea.lea_name, "district", lea.lea_id, "")}
        for school in self.schools.values():
            orgs[self._org_id(school.school_id)] = (
                school.name,
                "school",
                school.school_id,
                self._org_id(school.lea_id),
            )
        return orgs

    def _academic_sessions(self, year: SchoolYear) -> Rows:
        """The school year and its terms, from the first school's first day to the last one's last."""
        school_year = str(int(year.label[:4]) + 1)
        intervals = {
            term.term: [year.intervals[school_id, term.term] for school_id in self.schools] for term in year.terms
        }
        begin = min(interval.start for each in intervals.values() for interval in each)
        end = max(interval.end for each in intervals.values() for interval in each)
        whole = self._session_id(year.label)
        sessions: Rows = {
            whole: (
                f"School Year {year.label}",
                "schoolYear",
                begin.isoformat(),
                self._last(end),
                "",
                school_year,
            )
        }
        for label, each in intervals.items():
            sessions[self._session_id(year.label, label)] = (
                f"{label} {year.label}",
                "term",
                min(interval.start for interval in each).isoformat(),
                self._last(max(interval.end for interval in each)),
                whole,
                school_year,
            )
        return sessions

    def _courses(self, year: SchoolYear, classes: Iterable[SchoolClass]) -> Rows:
        courses: Rows = {}
        for each in classes:
            course = each.course
            school = self.schools[each.school_id]
            owner = school.lea_id if self.district.district_courses else school.school_id
            courses[self._course_id(each)] = (
                self._session_id(year.label),
                f"{course.subject.title} {course.grade}",
                course.code,
                course.grade,
                self._org_id(owner),
                ",".join(course.subject.names),
                ",".join(course.subject.codes),
            )
        return courses

    def _class(self, year: SchoolYear, each: SchoolClass, day: date) -> tuple[str, ...]:
        subject = each.course.subject
        return (
            each.title,
            each.course.grade,
            self._course_id(each),
            each.code.rpartition("/")[2],
            "scheduled" if subject.names else "homeroom",
            each.room_on(day),
            self._org_id(each.school_id),
            ",".join(self._session_id(year.label, term) for term in each.terms),
            ",".join(subject.names),
            ",".join(subject.codes),
            ",".join(each.periods),
        )

    def _enrollments(self, year: SchoolYear, classes: Iterable[SchoolClass], day: date) -> Rows:
        rows: Rows = {}
        for each in classes:
            rows[self.district.guid("enr", f"{each.code}/T{each.teacher.index:04d}")] = (
                self._class_id(each),
                self._org_id(each.school_id),
                self._staff_id(each.teacher),
                "teacher",
                "true",
                "",
                "",
            )
        for placement, guid, planned, ended in self._student_enrollments[year.label]:
            if _holds(placement, day):
                rows[guid] = ended if placement.end <= day else planned
        return rows

    @cached_property
    def _student_enrollments(self) -> dict[str, list[_StudentEnrollment]]:
        """By year, each placement with its sourcedId and its cells: as planned, and once it has ended."""
        enrollments: dict[str, list[_StudentEnrollment]] = {}
        for placement in self.placements:
            member, code = placement.membership, placement.school_class.code
            begin = placement.begin.isoformat()
            cells = (
                self._class_id(placement.school_class),
                self._org_id(member.school_id),
                self._student_id(member.student),
                "student",
                "",
                begin,
            )
            enrollments.setdefault(member.year, []).append(
                (
                    placement,
                    self.district.guid("enr", f"{code}/{member.student.index:05d}/{begin}"),
                    (*cells, self._last(placement.planned_end)),
                    (*cells, self._last(placement.end)),
                )
            )
        return enrollments

    # -- people ---------------------------------------------------------------------------------

    def _users(self, year: SchoolYear, day: date) -> Rows:
        stays: dict[Student, list[Membership]] = {}
        for member in self.memberships:
            started = member.entry <= day or member.entry == year.first_day(member.school_id)
            if member.year == year.label and started and not (member.struck and member.struck <= day):
                stays.setdefault(member.student, []).append(member)
        users: Rows = {self._staff_id(each): self._staff_member(each) for each in self.staff}
        children: dict[Guardian, list[Student]] = {}
        orgs: dict[Student, list[str]] = {}
        for student, memberships in stays.items():
            latest_first = sorted(memberships, key=lambda member: member.entry, reverse=True)
            orgs[student] = list(dict.fromkeys(self._org_id(each.school_id) for each in latest_first))
            users[self._student_id(student)] = self._student(student, latest_first[0], orgs[student], day)
            if student.guardian:
                children.setdefault(student.guardian, []).append(student)
        for guardian, students in children.items():
            schools = list(dict.fromkeys(org for student in students for org in orgs[student]))
            users[self._guardian_id(guardian)] = self._guardian(guardian, students, schools)
        return users

    def _student(self, student: Student, latest: Membership, orgs: list[str], day: date) -> tuple[str, ...]:
        username = _username(student.given, student.family, f"{student.index:05d}")
        return (
            "true" if latest.exit > day else "false",
            ",".join(orgs),
            "student",
            username,
            f"{{StateID:{student.number}}}",
            student.given,
            student.family_on(day),
            student.middle,
            student.number,
            f"{username}@students.{self.district.short_name}.{MAIL_DOMAIN}",
            "",
            "",
            self._guardian_id(student.guardian) if student.guardian else "",
            latest.grade,
            f"Start-{student.index * 7919 % 10_000:04d}" if self.district.sends_passwords else "",
        )

    def _staff_member(self, member: StaffMember) -> tuple[str, ...]:
        username = _username(member.given, member.family, f"s{member.index:04d}")
        return (
            "true",
            self._org_id(member.school_id),
            member.role,
            username,
            "",
            member.given,
            member.family,
            "",
            f"S{member.index:06d}",
            f"{username}@{self.district.short_name}.{MAIL_DOMAIN}",
            "",
            "",
            "",
            "",
            "",
        )

    def _guardian(self, guardian: Guardian, students: list[Student], orgs: list[str]) -> tuple[str, ...]:
        username = _username(guardian.given, guardian.family, f"g{guardian.index:05d}")
        phone = f"555-01{guardian.index % 100:02d}"  # 555-0100 to 555-0199 are kept for fiction
        return (
            "true",
            ",".join(orgs),
            "guardian",
            username,
            "",
            guardian.given,
            guardian.family,
            "",
            "",
            f"{username}@families.{MAIL_DOMAIN}",
            phone,
            phone,
            ",".join(self._student_id(student) for student in students),
            "",
            "",
        )


def _holds(placement: Placement, day: date) -> bool:
    return placement.known_from <= day and not (placement.struck and placement.struck <= day)


def _username(given: str, family: str, suffix: str) -> str:
    plain = unicodedata.normalize("NFKD", f"{given}.{family}").encode("ascii", "ignore").decode()
    return f"{plain.lower().replace(chr(39), '')}.{suffix}"
