"""The samples of School Data Sync v2.1, from the files to gold, as networks/sds.yaml says.

Every figure is worked out here from the files in plain Python. The network is loaded and built once.
"""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from edu_assets.contracts import registry
from edu_assets.raw_zone import DeliveryReport
from edu_assets.settings import PROJECT
from edu_assets_tests.conftest import MakeNetwork
from edu_assets_tests.gold.building import broken, build_term
from edu_assets_tests.testbed import Platform, shared_data

Row = dict[str, str]
Loaded = tuple[Platform, list[DeliveryReport]]

CONTRACTS = {contract.name: contract for contract in registry().of_system("sds")}
DECLARED: dict[str, Any] = yaml.safe_load((PROJECT / "networks" / "sds.yaml").read_text(encoding="utf-8"))
TERM = "2021|SY"
ONEROSTER_ROLES = {"administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher"}
ONEROSTER_ORG_TYPES = {"department", "school", "district", "local", "state", "national"}


def rows(file: str) -> list[Row]:
    with (shared_data("sds_v2_1") / file).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def student_roles() -> list[Row]:
    return [row for row in rows("roles.csv") if row["role"] == "student"]


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.fixture(scope="module")
def loaded(make_session_network: MakeNetwork) -> Loaded:
    platform = make_session_network(deployed=True, **DECLARED | {"name": "sds_gold"})
    return platform, platform.load_waiting()


@pytest.fixture(scope="module")
def sds(loaded: Loaded) -> Platform:
    return loaded[0]


@pytest.fixture(scope="module")
def gold(sds: Platform) -> Platform:
    assert not broken(build_term(sds, TERM))
    return sds


# -- raw --------------------------------------------------------------------------------------------


def test_every_file_has_a_table_and_is_loaded_whole_in_the_one_term(loaded: Loaded) -> None:
    platform, reports = loaded
    files = {file for contract in CONTRACTS.values() for file in contract.files}
    assert files == {path.name for path in shared_data("sds_v2_1").iterdir()}
    assert {(report.status, report.quarantined) for report in reports} == {("applied", 0)}
    assert [problem for report in reports for problem in report.problems] == []
    for name, contract in CONTRACTS.items():
        found = platform.query(f"select term_key, count(*) from raw_zone.{name} group by 1")  # noqa: S608
        assert found == [(TERM, len(rows(contract.files[0])))], name


@pytest.mark.parametrize("name", CONTRACTS)
def test_values_are_as_sent_and_the_ends_of_lines_are_no_part_of_them(sds: Platform, name: str) -> None:
    contract = CONTRACTS[name]
    assert b"\r\n" in (shared_data("sds_v2_1") / contract.files[0]).read_bytes()
    columns = [column for column in contract.stored_columns if column.type.value == "text"]
    query = f"select {', '.join(column.name for column in columns)} from raw_zone.{name}"  # noqa: S608
    sent = Counter(tuple(row[column.header] for column in columns) for row in rows(contract.files[0]))
    assert Counter(sds.query(query)) == sent


def test_dates_are_those_of_iso_8601_which_the_format_asks_for(sds: Platform) -> None:
    dated = {
        "sds__roles": ("role_start_date", "role_end_date"),
        "sds__academic_sessions": ("start_date", "end_date"),
        "sds__demographics": ("birth_date",),
    }
    for name, columns in dated.items():
        headers = [CONTRACTS[name].column(column).header for column in columns]
        sent = Counter(tuple(day(row[header]) for header in headers) for row in rows(CONTRACTS[name].files[0]))
        assert Counter(sds.query(f"select {', '.join(columns)} from raw_zone.{name}")) == sent  # noqa: S608


def test_roles_and_organisations_that_oneroster_does_not_know_are_kept_as_they_are(sds: Platform) -> None:
    roles = {row["role"] for row in rows("roles.csv")}
    types = {row["type"] for row in rows("orgs.csv")}
    assert roles - ONEROSTER_ROLES
    assert types - ONEROSTER_ORG_TYPES
    assert {role for (role,) in sds.query("select distinct role from raw_zone.sds__roles")} == roles
    assert {kind for (kind,) in sds.query("select distinct type from raw_zone.sds__orgs")} == types


def test_passwords_are_kept_nowhere(sds: Platform) -> None:
    passwords = {row["password"] for row in rows("users.csv")}
    kept = [text for (text,) in sds.query("select t::text from raw_zone.sds__users t")]
    assert all(passwords)
    assert sum(password in text for password in passwords for text in kept) == 0


def test_a_second_load_changes_nothing(sds: Platform) -> None:
    before = sds.query("select max(load_id) from etl.load_log where status = 'applied'")
    again = sds.load(sds.settings.landing_of("sds"))
    assert {report.status for report in again} == {"unchanged"}
    assert sds.query("select max(load_id) from etl.load_log where status = 'applied'") == before


# -- gold -------------------------------------------------------------------------------------------


def test_students_are_the_users_with_a_students_role(gold: Platform) -> None:
    users = {row["sourcedId"]: row for row in rows("users.csv")}
    expected = {
        (f"sds:{row['userSourcedId']}", users[row["userSourcedId"]]["givenName"], row["grade"])
        for row in student_roles()
    }
    assert len(expected) < len(users)
    found = gold.query("select student_id, given_name, grade_level from gold.dim_student where student_id <> ''")
    assert set(found) == expected
    assert len(found) == len(expected)
    assert gold.value("select count(*) from gold.dim_student where is_inferred") == 0


def test_memberships_are_the_students_roles_with_their_days(gold: Platform) -> None:
    """The network says that an end is the last day, so the first day no longer enrolled is the one after."""
    expected = [
        (
            f"sds:{row['userSourcedId']}",
            f"sds:{row['orgSourcedId']}",
            day(row["roleStartDate"]),
            day(row["roleEndDate"]) + timedelta(1),
            row["isPrimary"] == "TRUE",
            row["grade"],
        )
        for row in student_roles()
    ]
    found = gold.query(
        "select student_id, school_id, entry_date, exit_date, is_primary, f.grade_level from gold.fct_enrollment f"
        " join gold.dim_student using (student_key) join gold.dim_school using (school_key) where term_key = %s",
        [TERM],
    )
    assert sorted(found) == sorted(expected)


def test_headcount_at_the_end_is_taken_on_each_schools_own_last_day(gold: Platform) -> None:
    last_day = {
        school["school_id"]: school.get("calendar", DECLARED["calendar"]["years"][2021])["terms"]
        for school in DECLARED["schools"]
    }
    last_day = {school: next(iter(terms.values()))["last_day"] for school, terms in last_day.items()}
    expected: Counter[tuple[str, str]] = Counter()
    for row in student_roles():
        school = f"sds:{row['orgSourcedId']}"
        if day(row["roleStartDate"]) <= last_day[school] <= day(row["roleEndDate"]):
            expected[school, row["grade"]] += 1
    found = gold.query(
        "select school_id, grade_level, headcount_term_end, entries, exits from gold.mart_enrollment"
        " join gold.dim_school using (school_key)"
    )
    assert {(school, grade): count for school, grade, count, _, _ in found} == expected
    assert sum(entries + exits for *_, entries, exits in found) == 0


def test_schools_of_members_and_classes_are_declared(gold: Platform) -> None:
    named = {row["sourcedId"]: row["name"] for row in rows("orgs.csv")}
    places = {row["orgSourcedId"] for row in student_roles()} | {row["orgSourcedId"] for row in rows("classes.csv")}
    found = gold.query("select school_id, school_name from gold.dim_school where school_id <> '' and not is_inferred")
    assert set(found) == {(f"sds:{place}", named[place]) for place in places}
    assert gold.value("select count(*) from gold.dim_school where is_inferred") == 0


def test_classes_stand_with_course_and_school(gold: Platform) -> None:
    found = gold.query(
        "select class_id, class_title, course_id, course_title, school_id from gold.dim_class"
        " join gold.dim_course using (course_key) join gold.dim_school using (school_key) where class_id <> ''"
    )
    titles = {row["sourcedId"]: row["title"] for row in rows("courses.csv")}
    assert sorted(found) == sorted(
        (
            f"sds:{row['sourcedId']}",
            row["title"],
            f"sds:{row['courseSourcedId']}",
            titles[row["courseSourcedId"]],
            f"sds:{row['orgSourcedId']}",
        )
        for row in rows("classes.csv")
    )


def test_courses_are_all_there_also_those_without_a_class(gold: Platform) -> None:
    found = gold.query("select course_id, course_code, subject from gold.dim_course where course_id <> ''")
    assert sorted(found) == sorted(
        (f"sds:{row['sourcedId']}", row["code"], row["subject"]) for row in rows("courses.csv")
    )


def test_students_in_classes_are_the_enrolments_of_that_role_without_dates(gold: Platform) -> None:
    enrolled = rows("enrollments.csv")
    expected = [
        (f"sds:{row['classSourcedId']}", f"sds:{row['userSourcedId']}", None, None)
        for row in enrolled
        if row["role"] == "student"
    ]
    assert len(expected) < len(enrolled)
    found = gold.query(
        "select class_id, student_id, begin_date, end_date from gold.fct_class_enrollment"
        " join gold.dim_class using (class_key) join gold.dim_student using (student_key)"
    )
    assert sorted(found) == sorted(expected)


def test_a_format_without_attendance_gives_none_and_no_unreported_days(gold: Platform) -> None:
    assert gold.value("select count(*) from gold.fct_attendance") == 0
    assert gold.value("select count(*) from gold.mart_attendance_insights") == 0
