"""Pages that an Ed-Fi API returned, from the files to gold, as networks/edfi.yaml says.

Every figure is worked out here from the files in plain Python. The network is loaded and built once.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from edu_assets.raw_zone import DeliveryReport
from edu_assets.settings import PROJECT
from edu_assets_tests.conftest import MakeNetwork
from edu_assets_tests.gold.building import broken, build_term
from edu_assets_tests.testbed import Platform, shared_data

Item = dict[str, Any]
DECLARED: dict[str, Any] = yaml.safe_load((PROJECT / "networks" / "edfi.yaml").read_text(encoding="utf-8"))
TERM = "2016-17|SY"
TABLES = {
    "students": "students",
    "student_school_associations": "studentSchoolAssociations",
    "courses": "courses",
    "course_offerings": "courseOfferings",
    "schools": "schools",
    "descriptors": "schoolTypeDescriptors",
}
GRADES = {"Fourth grade": "04", "Fifth grade": "05", "Sixth grade": "06", "Seventh grade": "07", "Eighth grade": "08"}
GRADES |= {"Ninth grade": "09", "Tenth grade": "10", "Eleventh grade": "11", "Twelfth grade": "12"}


def items(resource: str, kind: str = "upserts") -> list[Item]:
    pages = sorted((shared_data("edfi_api") / resource / kind).iterdir())
    lines = [line for page in pages for line in page.read_text(encoding="utf-8-sig").splitlines() if line]
    return [json.loads(line) for line in lines]


def code(descriptor: str) -> str:
    return descriptor.split("#")[1]


@pytest.fixture(scope="module")
def loaded(make_session_network: MakeNetwork) -> tuple[Platform, list[DeliveryReport]]:
    platform = make_session_network(deployed=True, **DECLARED | {"name": "edfi_gold"})
    return platform, platform.load_waiting()


@pytest.fixture(scope="module")
def edfi(loaded: tuple[Platform, list[DeliveryReport]]) -> Platform:
    return loaded[0]


@pytest.fixture(scope="module")
def gold(edfi: Platform) -> Platform:
    assert not broken(build_term(edfi, TERM))
    return edfi


# -- raw --------------------------------------------------------------------------------------------


def test_every_page_is_told_by_its_columns_and_loaded_whole(loaded: tuple[Platform, list[DeliveryReport]]) -> None:
    platform, reports = loaded
    assert len(reports) == len([path for path in shared_data("edfi_api").rglob("*") if path.is_file()])
    assert {(report.status, report.quarantined) for report in reports} <= {("applied", 0), ("unchanged", 0)}
    assert [problem for report in reports for problem in report.problems] == []
    for table, resource in TABLES.items():
        found = platform.query(f"select id from raw_zone.edfi__{table}")  # noqa: S608
        assert Counter(found) == Counter((item["id"],) for item in items(resource)), table
    assert platform.query("select id, change_version from raw_zone.edfi__deletes") == [
        (item["Id"], item["ChangeVersion"]) for item in items("schools", "deletes")
    ]


def test_what_no_column_holds_is_kept_as_it_was(edfi: Platform) -> None:
    sent = {item["id"]: item for item in items("studentSchoolAssociations")}
    for found, extra in edfi.query("select id, _extra from raw_zone.edfi__student_school_associations"):
        assert json.loads(extra["graduationPlanReference"]) == sent[found]["graduationPlanReference"]
        assert json.loads(extra["schoolReference"]) == {"link": sent[found]["schoolReference"]["link"]}


def test_a_second_load_changes_nothing(edfi: Platform) -> None:
    again = edfi.load(edfi.settings.landing_of("edfi"))
    assert {report.status for report in again} == {"unchanged"}


# -- gold -------------------------------------------------------------------------------------------


def test_students_have_the_grade_and_school_of_their_last_entry(gold: Platform) -> None:
    last: dict[str, Item] = {}
    for item in items("studentSchoolAssociations"):
        number = item["studentReference"]["studentUniqueId"]
        place = -item["schoolReference"]["schoolId"]
        if number not in last or (item["entryDate"], place) > (last[number]["entryDate"], last[number]["place"]):
            last[number] = item | {"place": place}
    expected = {
        (
            item["studentUniqueId"],
            item["firstName"],
            item["lastSurname"],
            GRADES[code(last[item["studentUniqueId"]]["entryGradeLevelDescriptor"])],
        )
        for item in items("students")
    }
    found = gold.query(
        "select student_id, given_name, family_name, grade_level from gold.dim_student where student_id <> ''"
    )
    assert len(found) == len(expected)
    assert set(found) == expected


def test_memberships_end_after_their_last_day(gold: Platform) -> None:
    expected = Counter(
        (
            item["studentReference"]["studentUniqueId"],
            str(item["schoolReference"]["schoolId"]),
            date.fromisoformat(item["entryDate"]),
            date.fromisoformat(item["exitWithdrawDate"]) + timedelta(1),
            GRADES[code(item["entryGradeLevelDescriptor"])],
        )
        for item in items("studentSchoolAssociations")
    )
    found = gold.query(
        "select student_id, school_id, entry_date, exit_date, f.grade_level from gold.fct_enrollment f"
        " join gold.dim_student using (student_key) join gold.dim_school using (school_key)"
    )
    assert Counter(found) == expected


def test_headcount_at_the_end_counts_whoever_is_there_on_the_last_day_once(gold: Platform) -> None:
    there: dict[str, Item] = {}
    last_day = DECLARED["calendar"]["years"]["2016-17"]["terms"]["SY"]["last_day"].isoformat()
    for item in items("studentSchoolAssociations"):
        number = item["studentReference"]["studentUniqueId"]
        if item["entryDate"] <= last_day <= item["exitWithdrawDate"] and (
            number not in there or item["entryDate"] > there[number]["entryDate"]
        ):
            there[number] = item
    expected = Counter(
        (str(item["schoolReference"]["schoolId"]), GRADES[code(item["entryGradeLevelDescriptor"])])
        for item in there.values()
    )
    found = gold.query(
        "select school_id, grade_level, headcount_term_end from gold.mart_enrollment"
        " join gold.dim_school using (school_key)"
    )
    assert {(school, grade): count for school, grade, count in found if count} == expected


def test_courses_have_their_subjects(gold: Platform) -> None:
    found = gold.query("select course_id, course_title, subject from gold.dim_course where course_id <> ''")
    assert Counter(found) == Counter(
        (
            f"edfi:{item['educationOrganizationReference']['educationOrganizationId']}|{item['courseCode']}",
            item["courseTitle"],
            code(item["academicSubjectDescriptor"]),
        )
        for item in items("courses")
    )


def test_an_item_that_was_deleted_is_in_no_view_and_its_row_stays(gold: Platform) -> None:
    [gone] = items("schools", "deletes")
    place = next(str(item["schoolId"]) for item in items("schools") if item["id"] == gone["Id"])
    assert gold.value("select count(*) from raw_zone.edfi__schools where school_id = %s", [place]) == 1
    conformed = {key for (key,) in gold.query("select organization_id from staging.conformed_organization")}
    assert conformed == {str(item["schoolId"]) for item in items("schools")} - {place}
