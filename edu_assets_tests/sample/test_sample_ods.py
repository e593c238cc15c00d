"""The Ed-Fi ODS of the sample network: items that hold together, and say what the register says."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from typing import Any

import pytest

from edu_assets.sample import FileKind
from edu_assets_tests.sample.reading import Exported, Row, read_items

Item = dict[str, Any]
KEYS = {
    "localEducationAgencies": ("localEducationAgencyId",),
    "schools": ("schoolId",),
    "students": ("studentUniqueId",),
    "studentSchoolAssociations": ("studentReference", "schoolReference", "entryDate"),
    "studentEducationOrganizationAssociations": ("studentReference", "educationOrganizationReference"),
    "contacts": ("contactUniqueId",),
    "studentContactAssociations": ("studentReference", "contactReference"),
}
REFERRED = {
    "studentUniqueId": "students",
    "schoolId": "schools",
    "contactUniqueId": "contacts",
    "localEducationAgencyId": "localEducationAgencies",
    "educationOrganizationId": "localEducationAgencies",
}


def natural_key(resource: str, item: Item) -> str:
    return repr([item[name] for name in KEYS[resource]])


def sheet(exported: Exported, table: str, sent: date) -> list[Row]:
    with (exported.landing / "records" / f"{table}_{sent}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def sent(exported: Exported) -> dict[date, dict[str, list[Item]]]:
    """Day → resource → items, in the order of days."""
    found: dict[date, dict[str, list[Item]]] = defaultdict(dict)
    for file in exported.of_kind(FileKind.ITEMS):
        [(resource, rows)] = file.rows.items()
        found[file.sent][resource] = read_items(exported.landing / file.path)
        assert len(found[file.sent][resource]) == rows > 0
    return found


def test_every_resource_is_sent_on_the_last_day_of_each_term_of_the_last_year(
    exported: Exported, sent: dict[date, dict[str, list[Item]]]
) -> None:
    terms = [exported.network.calendar.term_of_date(day) for day in sent]
    ordered = exported.network.calendar.ordered_terms()
    assert terms == [term for term in ordered if term.academic_year == ordered[-1].academic_year]
    assert all(set(resources) == set(KEYS) for resources in sent.values())


def test_an_item_keeps_its_id_and_has_a_new_version_where_it_changed(sent: dict[date, dict[str, list[Item]]]) -> None:
    keys: dict[str, tuple[str, str]] = {}
    ids: dict[tuple[str, str], str] = {}
    said: dict[tuple[str, str], dict[str, Item]] = defaultdict(dict)
    for resources in sent.values():
        for resource, items in resources.items():
            assert len({item["id"] for item in items}) == len(items)
            for item in items:
                key = resource, natural_key(resource, item)
                assert keys.setdefault(item["id"], key) == key
                assert ids.setdefault(key, item["id"]) == item["id"]
                assert said[key].setdefault(item["_etag"], item) == item
    assert any(len(versions) > 1 for versions in said.values())
    assert all(len(versions) == len({repr(item) for item in versions.values()}) for versions in said.values())


def test_what_an_item_refers_to_was_sent_with_it(sent: dict[date, dict[str, list[Item]]]) -> None:
    for resources in sent.values():
        known = {
            name: {item[KEYS[name][0]] for item in items} for name, items in resources.items() if len(KEYS[name]) == 1
        }
        references = [
            (name, number)
            for items in resources.values()
            for item in items
            for reference, named in item.items()
            if reference.endswith("Reference") and reference != "schoolYearTypeReference"
            for name, number in named.items()
        ]
        assert references
        assert {name for name, _ in references} <= set(REFERRED)
        assert [name for name, number in references if number not in known[REFERRED[name]]] == []


def test_it_has_the_students_memberships_and_families_of_the_register(
    exported: Exported, sent: dict[date, dict[str, list[Item]]]
) -> None:
    for day, resources in sent.items():
        students = [(item["studentUniqueId"], item["lastSurname"], item["birthDate"]) for item in resources["students"]]
        register = sheet(exported, "students", day)
        assert students == [(row["StudentNumber"], row["LegalLastName"], row["BirthDate"]) for row in register]
        members = {
            (
                *(item["studentReference"]["studentUniqueId"], item["schoolReference"]["schoolId"]),
                *(item["entryDate"], item.get("exitWithdrawDate", ""), item["primarySchool"]),
                "exitWithdrawTypeDescriptor" in item,
            )
            for item in resources["studentSchoolAssociations"]
        }
        enrolled = sheet(exported, "student_enrollments", day)
        assert members == {
            (
                *(row["StudentNumber"], int(row["SchoolID"]), row["EntryDate"], row["ExitDate"], True),
                row["ExitDate"] != "",
            )
            for row in enrolled
            if row["EnrollmentType"] == "primary" and row["NoShow"] == "false"
        }
        families = {
            (
                item["studentReference"]["studentUniqueId"],
                item["contactReference"]["contactUniqueId"],
                item["contactPriority"],
                "contactRestrictions" in item,
            )
            for item in resources["studentContactAssociations"]
        }
        guardians = sheet(exported, "student_guardians", day)
        assert families == {
            (
                *(row["StudentNumber"], row["GuardianNumber"], int(row["ContactPriority"])),
                row["ContactAllowed"] == "false",
            )
            for row in guardians
        }


def test_what_is_not_there_is_left_out(sent: dict[date, dict[str, list[Item]]]) -> None:
    values = [
        value
        for resources in sent.values()
        for items in resources.values()
        for item in items
        for value in item.values()
    ]
    assert [value for value in values if value in (None, "", [], {})] == []
