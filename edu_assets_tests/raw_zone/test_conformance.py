"""What a package breaks of its standard is told with place, value and hint, and never with personal data."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from edu_assets.cli import flow
from edu_assets.contracts import registry
from edu_assets.contracts.base import PersonalData
from edu_assets.raw_zone import DeliveryReport
from edu_assets_tests.raw_zone.exports import (
    HEADERS_BY_VERSION,
    active,
    attendance,
    lines,
    org,
    package,
    student,
    table_csv,
    whole,
)
from edu_assets_tests.testbed import MakeNetwork, Platform

NAME = "r_2013-02-05.zip"
Told = tuple[str, str | None, str, int | None, str | None]


def deliver(platform: Platform, content: bytes, name: str = NAME) -> DeliveryReport:
    return platform.deliver("sis", name, content)


def told(report: DeliveryReport) -> list[Told]:
    """File, column, rule, line and value of the first example of each finding."""
    first = [(finding, finding.examples[0] if finding.examples else None) for finding in report.conformance]
    return [
        (finding.file, finding.column, finding.rule, example and example.line, example and example.value)
        for finding, example in first
    ]


def spoiled(version: str, table: str, **cells: str) -> bytes:
    """A whole package, one row of which has other cells."""
    tables = whole(version)
    tables[table] = [{**tables[table][0], **cells}]
    return package(tables, version=version)


def with_member(version: str, name: str, text: str | Callable[[str], str]) -> bytes:
    """A whole package of which one member is another text, or its own changed."""
    tables = whole(version)
    stem = name.removesuffix(".csv")
    if not isinstance(text, str):
        own = manifest(version) if name == "manifest.csv" else table_csv(stem, tables[stem], version)
        text = text(own)
    return package(tables, files={name: text}, version=version)


def manifest(version: str, **changes: str | None) -> str:
    said: dict[str, str | None] = {"manifest.version": "1.0", "oneroster.version": version}
    said |= {f"file.{name}": "bulk" for name in HEADERS_BY_VERSION[version]} | changes
    return lines("propertyName,value", *(f"{name},{value}" for name, value in said.items() if value is not None))


@pytest.fixture(scope="module")
def judge(make_session_network: MakeNetwork) -> Platform:
    """One network for many packages: what a package breaks does not depend on what came before it."""
    return make_session_network(name="judge")


@pytest.mark.parametrize("version", HEADERS_BY_VERSION)
def test_a_package_by_the_standard_has_no_finding(judge: Platform, version: str) -> None:
    assert deliver(judge, package(whole(version), version=version)).conformance == []


def test_a_delta_by_the_standard_has_no_finding_though_it_refers_to_what_was_sent_before(platform: Platform) -> None:
    deliver(platform, package(whole("1.1")))
    delta = package({"enrollments": [active(whole("1.1")["enrollments"][0])]}, delta=["enrollments"])
    assert deliver(platform, delta, "r_2013-02-06.zip").conformance == []


def test_a_manifest_alone_says_that_nothing_changed(platform: Platform) -> None:
    deliver(platform, package(whole("1.1")))
    report = deliver(platform, package({}), "r_2013-02-06.zip")
    assert (report.status, report.conformance, report.problems) == ("unchanged", [], [])


OF_ROWS: dict[str, tuple[bytes, list[Told]]] = {
    "a status in bulk": (
        spoiled("1.1", "orgs", status="active"),
        [("orgs.csv", "status", "bulk_status", 2, "active")],
    ),
    "a date in bulk": (
        spoiled("1.1", "orgs", dateLastModified="2013-02-01T00:00:00.000Z"),
        [("orgs.csv", "dateLastModified", "bulk_status", 2, "2013-02-01T00:00:00.000Z")],
    ),
    "a delta without status": (
        package({"orgs": [org("s1"), active(org("s2"))]}, delta=["orgs"]),
        [
            ("orgs.csv", "status", "delta_status", 2, ""),
            ("orgs.csv", "dateLastModified", "delta_status", 2, ""),
        ],
    ),
    "an instant that is not in UTC": (
        package({"orgs": [active(org("s1"), "2013-02-01T00:00:00.000+01:00")]}, delta=["orgs"]),
        [("orgs.csv", "dateLastModified", "spelling", 2, "2013-02-01T00:00:00.000+01:00")],
    ),
    "an enumeration's value": (
        spoiled("1.1", "classes", classType="club"),
        [("classes.csv", "classType", "allowed", 2, "club")],
    ),
    "an enumeration's case": (
        spoiled("1.1", "orgs", type="School"),
        [("orgs.csv", "type", "case", 2, "School"), ("classes.csv", "schoolSourcedId", "reference", 2, "s1")],
    ),
    "a vocabulary that 1.1 cannot extend": (
        spoiled("1.1", "classes", classType="ext:club"),
        [("classes.csv", "classType", "allowed", 2, "ext:club")],
    ),
    "a vocabulary that 1.2 may extend": (spoiled("1.2", "classes", classType="ext:club"), []),
    "what 1.1 requires and 1.2 does not": (
        spoiled("1.1", "lineItems", resultValueMin=""),
        [("lineItems.csv", "resultValueMin", "required", 2, "")],
    ),
    "what 1.2 does not require": (spoiled("1.2", "lineItems", resultValueMin=""), []),
    "what both require": (spoiled("1.1", "courses", title=""), [("courses.csv", "title", "required", 2, "")]),
    "a sourcedId": (
        spoiled("1.1", "categories", sourcedId="g 1"),
        [
            ("categories.csv", "sourcedId", "pattern", 2, "g 1"),
            ("lineItems.csv", "categorySourcedId", "reference", 2, "g1"),
        ],
    ),
    "a sourcedId that is too long": (
        spoiled("1.1", "courseResources", sourcedId="x" * 256),
        [("courseResources.csv", "sourcedId", "pattern", 2, "x" * 80)],
    ),
    "a date": (
        spoiled("1.1", "lineItems", dueDate="2/8/2013"),
        [
            ("lineItems.csv", "dueDate", "type", 2, "2/8/2013"),
        ],
    ),
    "a boolean": (
        spoiled("1.1", "enrollments", role="teacher", primary="TRUE"),
        [("enrollments.csv", "primary", "spelling", 2, "TRUE")],
    ),
    "a primary student": (
        spoiled("1.1", "enrollments", primary="true"),
        [("enrollments.csv", "primary", "primary_teacher", 2, "true")],
    ),
    "a school year": (
        spoiled("1.1", "academicSessions", type="schoolYear", schoolYear="2012"),
        [("academicSessions.csv", "schoolYear", "school_year", 2, "2012")],
    ),
    "an end before the begin": (
        spoiled("1.1", "enrollments", endDate="2013-02-01"),
        [("enrollments.csv", "endDate", "interval", 2, "2013-02-01")],
    ),
    "codes for fewer subjects": (
        spoiled("1.1", "courses", subjectCodes="02052"),
        [("courses.csv", "subjectCodes", "subject_codes", 2, "02052")],
    ),
    "an element of a list of keys": (
        spoiled("1.1", "classes", termSourcedIds="t1, t1"),
        [
            ("classes.csv", "termSourcedIds", "list", 2, "t1, t1"),
            ("classes.csv", "termSourcedIds", "reference", 2, " t1"),
        ],
    ),
    "an element of a list of values": (
        spoiled("1.1", "resources", roles="student,pupil"),
        [("resources.csv", "roles", "list", 2, "student,pupil")],
    ),
    "an extended element in 1.2": (spoiled("1.2", "resources", roles="student,ext:pupil"), []),
    "an empty element": (
        spoiled("1.1", "classes", periods="1,,2"),
        [("classes.csv", "periods", "list", 2, "1,,2")],
    ),
    "a scale without meaning": (
        spoiled("1.2", "scoreScales", scoreScaleValue="{A+}"),
        [("scoreScales.csv", "scoreScaleValue", "list", 2, "{A+}")],
    ),
    "an objective of CASE": (
        spoiled("1.2", "lineItemLearningObjectiveIds", learningObjectiveId="algebra-1"),
        [("lineItemLearningObjectiveIds.csv", "learningObjectiveId", "objective_urn", 2, "algebra-1")],
    ),
    "an objective of another catalogue": (
        spoiled("1.2", "lineItemLearningObjectiveIds", source="unknown", learningObjectiveId="algebra-1"),
        [],
    ),
    "a reference out of the package": (
        spoiled("1.1", "enrollments", classSourcedId="c9"),
        [("enrollments.csv", "classSourcedId", "reference", 2, "c9")],
    ),
    "a class of a district": (
        package(whole("1.1") | {"orgs": [org("s1", type="district")]}),
        [("classes.csv", "schoolSourcedId", "reference", 2, "s1")],
    ),
    "a reference to a file that is not there": (
        package({name: rows for name, rows in whole("1.1").items() if name != "categories"}),
        [("lineItems.csv", "categorySourcedId", "reference", 2, "g1")],
    ),
    "a reference in a list": (
        spoiled("1.1", "users", orgSourcedIds="s1,s8"),
        [("users.csv", "orgSourcedIds", "reference", 2, "s8")],
    ),
    "two primary roles": (
        package(
            whole("1.2")
            | {"roles": [whole("1.2")["roles"][0] | {"sourcedId": key, "role": "aide"} for key in ("o1", "o2")]},
            version="1.2",
        ),
        [("roles.csv", "roleType", "one_primary_role", 2, None)],
    ),
    "the same row twice": (
        package(whole("1.1") | {"categories": whole("1.1")["categories"] * 2}),
        [("categories.csv", None, "repeated_row", None, None)],
    ),
    "two rows of a key": (
        package(whole("1.1") | {"categories": [{"sourcedId": "g1", "title": title} for title in "ab"]}),
        [("categories.csv", "sourcedId", "duplicate", 2, None)],
    ),
    "a record with too few fields": (
        with_member("1.1", "categories.csv", lambda text: text + "g2,,\n"),
        [("categories.csv", None, "malformed", 3, None)],
    ),
    "a carriage return": (
        spoiled("1.1", "lineItems", description="read\r\nand write"),
        [("lineItems.csv", None, "carriage_return", 2, None)],
    ),
    "a file without rows": (
        with_member("1.1", "courseResources.csv", lambda text: text.splitlines()[0] + "\n"),
        [("courseResources.csv", None, "empty_file", None, None)],
    ),
    "a sex that 1.1 does not know": (
        spoiled("1.1", "demographics", sex="other"),
        [("demographics.csv", "sex", "allowed", 2, "(personal data)")],
    ),
    "a sex that 1.2 knows": (spoiled("1.2", "demographics", sex="other"), []),
}


@pytest.mark.parametrize(("content", "findings"), OF_ROWS.values(), ids=OF_ROWS.keys())
def test_what_a_row_breaks_is_told_with_its_place(judge: Platform, content: bytes, findings: list[Told]) -> None:
    assert told(deliver(judge, content)) == findings


def header(change: Callable[[list[str]], list[str]]) -> Callable[[str], str]:
    """Another order or spelling of the columns of a file, with the cells below them."""

    def changed(text: str) -> str:
        columns, *rows = [line.split(",") for line in text.splitlines()]
        return lines(",".join(change(columns)), *(",".join(change(row)) for row in rows))

    return changed


def renamed(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


def repacked(content: bytes, *, without: str = "", compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A package with a member taken out, or packed otherwise."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", compression) as new:
        for member in old.namelist():
            if member != without:
                new.writestr(zipfile.ZipInfo(member, (2013, 2, 5, 0, 0, 0)), old.read(member), compression)
    return buffer.getvalue()


def moved(text: str) -> str:
    return header(lambda cells: [*cells[:3], cells[4], cells[3], *cells[5:]])(text)


MANIFEST = "manifest.csv"
OF_PACKAGES: dict[str, tuple[bytes, list[Told]]] = {
    "no manifest": (
        repacked(package(whole("1.1")), without=MANIFEST),
        [(NAME, None, "manifest", None, None)],
    ),
    "members that are not compressed": (
        repacked(package(whole("1.1")), compression=zipfile.ZIP_STORED),
        [(NAME, None, "compression", None, None)],
    ),
    "a member in a folder": (
        package(whole("1.1"), files={"out/x.csv": "a\n"}),
        [(NAME, None, "refused", None, None)],
    ),
    "a manifest's header": (
        with_member("1.1", MANIFEST, renamed("propertyName", "property")),
        [(MANIFEST, None, "manifest_header", 1, None)],
    ),
    "a version that does not exist": (
        with_member("1.1", MANIFEST, manifest("1.1", **{"oneroster.version": "1.3"})),
        [
            (MANIFEST, "oneroster.version", "manifest_value", None, "1.3"),
        ],
    ),
    "a mandatory property is missing": (
        with_member("1.1", MANIFEST, manifest("1.1", **{"manifest.version": None})),
        [(MANIFEST, "manifest.version", "manifest_property", None, None)],
    ),
    "the property of a file is missing": (
        package(
            {name: rows for name, rows in whole("1.1").items() if name != "courseResources"},
            files={MANIFEST: manifest("1.1", **{"file.courseResources": None})},
        ),
        [(MANIFEST, "file.courseResources", "manifest_property", None, None)],
    ),
    "a property twice": (
        with_member("1.1", MANIFEST, lambda text: text + "manifest.version,1.0\n"),
        [(MANIFEST, "manifest.version", "manifest_property", None, None)],
    ),
    "a mode in another case": (
        with_member("1.1", MANIFEST, manifest("1.1", **{"file.orgs": "Bulk"})),
        [(MANIFEST, "file.orgs", "manifest_value", None, "Bulk")],
    ),
    "a file that the manifest calls absent": (
        with_member("1.1", MANIFEST, manifest("1.1", **{"file.courseResources": "absent"})),
        [(MANIFEST, "file.courseResources", "manifest_value", None, "absent")],
    ),
    "a file that the manifest calls sent": (
        package(
            {name: rows for name, rows in whole("1.1").items() if name != "courseResources"},
            files={MANIFEST: manifest("1.1")},
        ),
        [
            (MANIFEST, "file.courseResources", "manifest_value", None, "bulk"),
            (NAME, None, "refused", None, None),
        ],
    ),
    "a property of no file": (
        with_member("1.1", MANIFEST, lambda text: text + "file.Orgs,absent\n"),
        [(MANIFEST, "file.Orgs", "manifest_property", None, None)],
    ),
    "a file name's case": (
        package(
            {name: rows for name, rows in whole("1.1").items() if name != "courseResources"},
            files={"CourseResources.csv": table_csv("courseResources", whole("1.1")["courseResources"])},
        ),
        [("CourseResources.csv", None, "file_name", None, None)],
    ),
    "a file of no standard": (
        package(whole("1.1"), files={"attendance.csv": "a\n1\n"}),
        [("attendance.csv", None, "file_name", None, None)],
    ),
    "a file of 1.2 in 1.1": (
        package(whole("1.1"), files={"roles.csv": table_csv("roles", whole("1.2")["roles"], "1.2")}),
        [
            ("roles.csv", None, "version", None, None),
            ("roles.csv", "userProfileSourcedId", "reference", 2, "(personal data)"),
        ],
    ),
    "a header's case": (
        with_member("1.1", "orgs.csv", renamed("identifier", "Identifier")),
        [("orgs.csv", "Identifier", "header_case", 1, None)],
    ),
    "the order of columns": (
        with_member("1.1", "courseResources.csv", moved),
        [("courseResources.csv", None, "column_order", 1, None)],
    ),
    "a column is missing": (
        with_member("1.1", "orgs.csv", header(lambda cells: [*cells[:5], *cells[6:]])),
        [("orgs.csv", "identifier", "missing_column", 1, None)],
    ),
    "a required column is missing": (
        with_member("1.1", "orgs.csv", header(lambda cells: [*cells[:3], *cells[4:]])),
        [("orgs.csv", "name", "missing_column", 1, None), (NAME, None, "refused", None, None)],
    ),
    "a column that 1.1 requires is missing": (
        with_member("1.1", "results.csv", header(lambda cells: [*cells[:6], *cells[7:]])),
        [("results.csv", "score", "missing_column", 1, None)],
    ),
    "a column of no standard": (
        with_member("1.1", "orgs.csv", header(lambda cells: [*cells, "region"])),
        [("orgs.csv", "region", "unknown_column", 1, None)],
    ),
    "an added column": (with_member("1.1", "orgs.csv", header(lambda cells: [*cells, "metadata.region"])), []),
    "an added column among the others": (
        with_member("1.1", "orgs.csv", header(lambda cells: ["metadata.region", *cells])),
        [("orgs.csv", "metadata.region", "extension", 1, None)],
    ),
    "the key of 1.0": (
        with_member("1.1", "demographics.csv", renamed("sourcedId", "userSourcedId")),
        [("demographics.csv", "userSourcedId", "alias", 1, None)],
    ),
    "a file without a header": (
        with_member("1.1", "orgs.csv", lines("s1,,-,School,school,01,s0")),
        [("orgs.csv", None, "header", 1, None), (NAME, None, "refused", None, None)],
    ),
    "a column of 1.2 in 1.1": (
        with_member("1.1", "categories.csv", header(lambda cells: [*cells, "weight"])),
        [("categories.csv", "weight", "unknown_column", 1, None), ("categories.csv", "weight", "type", 2, "weight")],
    ),
}


def test_a_hint_names_the_spelling_that_was_meant(platform: Platform) -> None:
    content = package(
        {}, files={"Orgs.csv": lines("sourcedId"), "orgs.csv": lines("sourcedId,Name,type", "s1,a,school")}
    )
    hints = {finding.rule: finding.hint for finding in deliver(platform, content).conformance}
    assert "write orgs.csv" in hints["file_name"]
    assert "write name" in hints["header_case"]


@pytest.mark.parametrize(("content", "findings"), OF_PACKAGES.values(), ids=OF_PACKAGES.keys())
def test_what_a_package_breaks_is_told(judge: Platform, content: bytes, findings: list[Told]) -> None:
    assert told(deliver(judge, content)) == findings


@pytest.mark.parametrize(
    ("name", "content", "rules"),
    [
        ("users_2013-02-05.csv", b"", ["container", "file_name", "refused"]),
        ("users.csv", b"", ["refused"]),
        ("orgs.csv", table_csv("orgs", [org("s1")]).encode(), ["container"]),
        ("roster_2013-02-05.ZIP", package(whole("1.1")), ["container"]),
    ],
)
def test_what_is_no_package_is_told(judge: Platform, name: str, content: bytes, rules: list[str]) -> None:
    report = judge.deliver("sis", name, content, term="2013|B")
    assert [finding.rule for finding in report.conformance] == rules


def test_each_rule_that_a_row_breaks_is_told_though_quarantine_names_the_first(platform: Platform) -> None:
    report = deliver(platform, spoiled("1.1", "results", scoreStatus="done", score="ten", scoreDate="soon"))
    assert [(finding.column, finding.rule) for finding in report.conformance] == [
        ("scoreStatus", "allowed"),
        ("score", "type"),
        ("scoreDate", "type"),
    ]
    assert report.quarantined == 1


def test_examples_are_the_first_and_the_rest_is_counted(platform: Platform) -> None:
    orgs = [org(f"s{n:02}", type="School" if n > 3 else "school") for n in range(1, 21)]
    [finding] = deliver(platform, package({"orgs": orgs})).conformance
    assert (finding.count, finding.severity) == (17, "error")
    assert [(example.line, example.value) for example in finding.examples] == [(n, "School") for n in range(5, 10)]
    counted = deliver(
        platform, package({"orgs": [org(f"t{n}", parentSourcedId=f"x{n}") for n in range(9)]}), "r_2013-02-06.zip"
    )
    [finding] = counted.conformance
    assert (finding.rule, finding.count, len(finding.examples)) == ("reference", 9, 5)


def test_examples_are_the_first_of_the_file_however_its_lines_were_read(platform: Platform) -> None:
    """Lines in which all is spelled by the standard are staged apart from the others."""
    odd = {"dateLastModified": "2013-02-01T00:00:00.000+01:00"}
    orgs = [org(f"s{n}", status="active", **(odd if n > 8 else {})) for n in range(1, 16)]
    [finding, *_] = deliver(platform, package({"orgs": orgs})).conformance
    assert (finding.column, finding.rule, finding.count) == ("status", "bulk_status", 15)
    assert [example.line for example in finding.examples] == [2, 3, 4, 5, 6]


def everything_personal(version: str) -> tuple[bytes, list[str]]:
    """A package in which each personal column of each file holds a mark that breaks whatever can be broken."""
    marks: list[str] = []
    tables = whole(version)
    for name, [row] in tables.items():
        contract = next(each for each in registry().of_system("oneroster") if each.files[0] == f"{name}.csv")
        cells = dict(row)
        for column in contract.columns:
            if column.is_of(version) and not column.may_be_absent and column.personal is not PersonalData.NONE:
                marks.append(f"PII {name} {column.header}!")
                cells[column.header] = marks[-1]
        tables[name] = [cells, cells | {"sourcedId": cells["sourcedId"] + ",x"}]
    return package(tables, version=version), marks


@pytest.mark.parametrize("version", HEADERS_BY_VERSION)
def test_no_value_of_a_person_is_in_the_report(platform: Platform, version: str) -> None:
    content, marks = everything_personal(version)
    report = deliver(platform, content)
    text = report.model_dump_json()
    assert len(marks) > 25
    assert len([finding for finding in report.conformance if finding.file == "users.csv"]) > 2
    assert [mark for mark in marks if mark in text] == []
    assert "PII" not in text
    assert "(personal data)" in text


def test_a_first_row_without_header_is_not_taken_for_column_names(platform: Platform) -> None:
    row = "u1,active,2013-02-01,true,s1,student,login,ids,Wilhelmina"
    report = deliver(platform, package({}, files={"users.csv": lines(row)}))
    assert told(report) == [("users.csv", None, "header", 1, None), (NAME, None, "refused", None, None)]
    assert "is the header missing?" in report.problems[-1]
    assert "Wilhelmina" not in report.model_dump_json()


def test_a_finding_changes_nothing_that_is_loaded(platform: Platform) -> None:
    report = deliver(platform, spoiled("1.1", "enrollments", classSourcedId="c9", primary="true"))
    assert (report.status, report.quarantined, len(report.conformance)) == ("applied", 0, 2)
    assert platform.query("select class_sourced_id from raw_zone.oneroster__enrollments") == [("c9",)]


def test_a_sheet_of_no_packaged_standard_is_told_what_quarantined_its_rows(platform: Platform) -> None:
    sheet = attendance("01,1,2013-03-01,P,0", "01,2,2013-03-01,present,7")
    report = platform.deliver("attendance", "attendance_daily_1.csv", sheet)
    assert told(report) == [
        ("attendance_daily_1.csv", "AttendanceCode", "pattern", 3, "(personal data)"),
        ("attendance_daily_1.csv", "AbsenceValue", "allowed", 3, "(personal data)"),
    ]


def test_the_command_prints_places_values_hints_and_how_many_more(
    platform: Platform, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    orgs = [org(f"s{n}", type="School") for n in range(1, 21)]
    platform.drop("sis", NAME, package({"orgs": orgs, "users": [student("u1", role="pupil")]}))
    monkeypatch.setattr(flow, "ready", lambda: platform.warehouse)
    flow.load([platform.settings.landing_of("sis") / NAME], system=None, feed=None, term=None, as_json=False)
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["error", "orgs.csv", "2", "type", "School", "case"] in [line[:6] for line in printed]
    assert ["error", "orgs.csv", "type", "case", "…", "and", "15", "more"] in printed
    assert ["error", "users.csv", "2", "role", "pupil", "allowed"] in [line[:6] for line in printed]
    assert any(line[:3] == ["conformance:", "2", "errors,"] for line in printed)
