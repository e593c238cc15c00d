"""Packages are what OneRoster 1.1 asks for, and say the same in bulk and in delta."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edu_assets.network import load_network
from edu_assets.sample import FileKind, write_exports
from edu_assets.settings import PROJECT
from edu_assets_tests.sample.reading import Exported, Row

# 1EdTech OneRoster 1.1 CSV tables, written out here so that the generator cannot agree with itself.
HEADERS = {
    "academicSessions": "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    "courses": "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,"
    "subjects,subjectCodes",
    "classes": "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,"
    "schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods",
    "users": "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,"
    "familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password",
    "enrollments": "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,"
    "beginDate,endDate",
}
REFERENCES = (
    ("academicSessions", "parentSourcedId", "academicSessions"),
    ("orgs", "parentSourcedId", "orgs"),
    ("courses", "schoolYearSourcedId", "academicSessions"),
    ("courses", "orgSourcedId", "orgs"),
    ("classes", "courseSourcedId", "courses"),
    ("classes", "schoolSourcedId", "orgs"),
    ("classes", "termSourcedIds", "academicSessions"),
    ("users", "orgSourcedIds", "orgs"),
    ("users", "agentSourcedIds", "users"),
    ("enrollments", "classSourcedId", "classes"),
    ("enrollments", "schoolSourcedId", "orgs"),
    ("enrollments", "userSourcedId", "users"),
)
ALLOWED = {
    ("academicSessions", "type"): {"gradingPeriod", "semester", "schoolYear", "term"},
    ("orgs", "type"): {"department", "school", "district", "local", "state", "national"},
    ("classes", "classType"): {"homeroom", "scheduled"},
    ("users", "role"): {
        *("administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher"),
    },
    ("users", "enabledUser"): {"true", "false"},
    ("enrollments", "role"): {"administrator", "proctor", "student", "teacher"},
    ("enrollments", "primary"): {"", "true", "false"},
}
FILE_PROPERTIES = {
    f"file.{name}"
    for name in (
        *("academicSessions", "categories", "classes", "classResources", "courses", "courseResources"),
        *("demographics", "enrollments", "lineItems", "orgs", "resources", "results", "users"),
    )
}
GUID = re.compile(r"[0-9A-Za-z.\-_/@]{1,255}")


def _references(tables: dict[str, Iterable[Row]], column: str, table: str) -> set[str]:
    return {guid for row in tables[table] for guid in row[column].split(",") if guid}


def _assert_closed(tables: dict[str, list[Row]]) -> None:
    known = {name: {row["sourcedId"] for row in rows} for name, rows in tables.items()}
    for table, column, target in REFERENCES:
        assert _references(tables, column, table) <= known[target], (table, column)


def test_headers_are_exactly_the_standards(exported: Exported) -> None:
    for file, _, _ in exported.packages():
        with zipfile.ZipFile(exported.landing / file.path) as archive:
            for name in set(archive.namelist()) - {"manifest.csv"}:
                with archive.open(name) as member:
                    header = member.readline().decode().strip().replace('"', "")
                assert header == HEADERS[name.removesuffix(".csv")]


def test_manifest_says_of_every_file_what_the_package_has(exported: Exported) -> None:
    for _, manifest, members in exported.packages():
        assert manifest["manifest.version"] == "1.0"
        assert manifest["oneroster.version"] == "1.1"
        assert {name for name in manifest if name.startswith("file.")} == FILE_PROPERTIES
        sent = {name for name in FILE_PROPERTIES if manifest[name] != "absent"}
        assert sent == {f"file.{name}" for name in members}


def test_status_is_blank_in_bulk_and_given_in_delta(exported: Exported) -> None:
    modes: Counter[str] = Counter()
    for _, manifest, members in exported.packages():
        for name, rows in members.items():
            mode = manifest[f"file.{name}"]
            modes[mode] += 1
            assert rows, f"{name} has no rows, which the standard forbids"
            for row in rows:
                if mode == "bulk":
                    assert row["status"] == row["dateLastModified"] == ""
                else:
                    assert row["status"] in ("active", "tobedeleted")
                    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["dateLastModified"])
    assert set(modes) == {"bulk", "delta"}


def test_bulk_packages_are_closed_over_references(exported: Exported) -> None:
    for file, _, members in exported.packages():
        if file.kind is FileKind.ONEROSTER_BULK:
            assert set(members) == set(HEADERS)
            _assert_closed(members)


def test_rosters_stay_closed_when_deltas_are_applied(exported: Exported) -> None:
    for _, _, tables in exported.rosters():
        _assert_closed({name: list(rows.values()) for name, rows in tables.items()})


SMALL = load_network(PROJECT / "networks" / "sample.yaml").model_copy(update={"sample": {"students": 60}})


@given(st.integers(0, 2**32))
@settings(max_examples=5, deadline=None)
def test_rosters_are_closed_for_any_seed(tmp_path_factory, seed: int) -> None:
    landing = tmp_path_factory.mktemp("seeded")
    seeded = Exported(landing, SMALL, write_exports(landing, SMALL, seed))
    for _, _, tables in seeded.rosters():
        _assert_closed({name: list(rows.values()) for name, rows in tables.items()})


def test_values_are_of_the_standards_enumerations(exported: Exported) -> None:
    for _, _, members in exported.packages():
        for name, rows in members.items():
            for row in rows:
                assert GUID.fullmatch(row["sourcedId"])
                assert None not in row
            for (table, column), allowed in ALLOWED.items():
                if table == name:
                    assert {row[column] for row in rows} <= allowed


def test_source_keys_are_unique_in_a_file(exported: Exported) -> None:
    for _, _, members in exported.packages():
        for rows in members.values():
            assert len({row["sourcedId"] for row in rows}) == len(rows)


def test_mail_goes_nowhere_and_telephones_are_fiction(exported: Exported) -> None:
    for _, _, members in exported.packages():
        for row in members.get("users", []):
            assert re.fullmatch(r"[a-z.0-9]+@[a-z.]+\.example\.org", row["email"])
            assert re.fullmatch(r"(555-01\d\d)?", row["phone"])


def test_line_ends_and_quoting_differ_by_district(exported: Exported) -> None:
    for file, _, _ in exported.packages():
        with zipfile.ZipFile(exported.landing / file.path) as archive:
            text = archive.read("users.csv")
        south = file.feed == "south_sis"
        assert (b"\r\n" in text) == south
        assert text.startswith(b'"sourcedId"' if south else b"sourcedId")


def test_deltas_change_add_and_delete(exported: Exported) -> None:
    statuses: Counter[tuple[str, str]] = Counter()
    for file, _, members in exported.packages():
        if file.kind is FileKind.ONEROSTER_DELTA:
            statuses.update((name, row["status"]) for name, rows in members.items() for row in rows)
    assert statuses["enrollments", "tobedeleted"] > 0
    assert statuses["users", "tobedeleted"] > 0
    assert statuses["users", "active"] > 0
    assert statuses["classes", "active"] > 0


def test_no_terms_first_package_is_so_much_smaller_that_a_school_is_held(exported: Exported) -> None:
    school_column = {
        "courses": "orgSourcedId",
        "classes": "schoolSourcedId",
        "users": "orgSourcedIds",
        "enrollments": "schoolSourcedId",
    }
    final: dict[tuple[str, str], Counter[str]] = {}
    for feed, term_key, tables in exported.rosters():
        for name, column in school_column.items():
            final[f"{feed}/{term_key}", name] = Counter(row[column].split(",")[0] for row in tables[name].values())
    keys = [term.key for term in exported.network.calendar.ordered_terms()]
    following = dict(zip(keys[1:], keys, strict=False))
    compared = 0
    for file, _, members in exported.packages():
        term = exported.network.calendar.term_of_date(file.sent)
        assert term is not None
        if file.kind is FileKind.ONEROSTER_BULK and term.key in following:
            for name, column in school_column.items():
                first = Counter(row[column].split(",")[0] for row in members[name])
                for school, before in final[f"{file.feed}/{following[term.key]}", name].items():
                    assert first[school] > 0.85 * before, (file.path, name, school)
                    compared += 1
    assert compared > 50


def test_one_student_number_joins_a_students_records_of_both_leas(exported: Exported) -> None:
    feeds: dict[str, set[str]] = {}
    for feed, _, tables in exported.rosters():
        for row in tables["users"].values():
            if row["role"] == "student":
                feeds.setdefault(row["identifier"], set()).add(feed)
    assert sum(len(each) == 2 for each in feeds.values()) >= 10


def test_package_names_carry_the_effective_date(exported: Exported) -> None:
    for file in exported.of_kind(FileKind.ONEROSTER_BULK, FileKind.ONEROSTER_DELTA):
        assert Path(file.path).name == f"{file.feed}_oneroster_{file.sent}.zip"
