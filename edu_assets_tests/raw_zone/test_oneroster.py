"""The whole OneRoster package, of both versions: every file lands, whoever wrote it."""

from __future__ import annotations

import csv
import io

import pytest

from edu_assets.contracts import registry
from edu_assets.raw_zone import deploy
from edu_assets_tests.raw_zone.exports import (
    HEADERS_BY_VERSION,
    Row,
    active,
    gone,
    lines,
    org,
    package,
    student,
    students,
    table_csv,
    whole,
)
from edu_assets_tests.testbed import Platform

CONTRACTS = {contract.files[0]: contract for contract in registry().of_system("oneroster")}


def users_of_the_first_binding(row: Row) -> str:
    """users.csv of 1.2 as its first binding has it: with resourceSourcedIds behind userMasterIdentifier."""
    [header, cells] = csv.reader(table_csv("users", [row], "1.2").splitlines())
    at = header.index("userMasterIdentifier") + 1
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [[*header[:at], "resourceSourcedIds", *header[at:]], [*cells[:at], "m1", *cells[at:]]]
    )
    return text.getvalue()


@pytest.mark.parametrize("version", HEADERS_BY_VERSION)
def test_the_contracts_have_the_files_and_columns_of_a_version_in_its_order(version: str) -> None:
    declared = {
        name.removesuffix(".csv"): tuple(
            column.header for column in contract.columns if column.is_of(version) and not column.may_be_absent
        )[3:]
        for name, contract in CONTRACTS.items()
        if contract.is_of(version)
    }
    assert declared == HEADERS_BY_VERSION[version]
    assert len(declared) == {"1.1": 13, "1.2": 21}[version]


@pytest.mark.parametrize("version", HEADERS_BY_VERSION)
def test_every_file_of_a_whole_package_lands_in_its_term_under_its_own_names(platform: Platform, version: str) -> None:
    tables = whole(version)
    report = platform.deliver("sis", "r_2013-02-05.zip", package(tables, version=version))
    assert (report.status, report.problems, report.quarantined) == ("applied", [], 0)
    assert report.rows_read == len(tables)
    for name, [row] in tables.items():
        contract = CONTRACTS[f"{name}.csv"]
        [stored] = platform.query(f"select to_jsonb(t) from {contract.raw_table} t")  # noqa: S608
        assert stored[0]["term_key"] == "2013|B"
        for column in contract.stored_columns:
            if column.type == "text":
                expected = row.get(column.header, "" if column.is_of(version) and not column.may_be_absent else None)
                assert stored[0][column.name] == expected, (name, column.header)
            else:
                assert (stored[0][column.name] is not None) == bool(row.get(column.header)), (name, column.header)


@pytest.mark.parametrize(("columns", "resources"), [(22, None), (23, "m1")])
def test_both_bindings_of_users_in_1_2_load_without_a_word(
    platform: Platform, columns: int, resources: str | None
) -> None:
    row = {**whole("1.2")["users"][0], "pronouns": "they"}
    users = users_of_the_first_binding(row) if resources else table_csv("users", [row], "1.2")
    assert len(users.splitlines()[0].split(",")) == columns
    content = package(whole("1.2"), files={"users.csv": users}, version="1.2")
    report = platform.deliver("sis", "r_2013-02-05.zip", content)
    assert (report.problems, report.quarantined) == ([], 0)
    found = "select resource_sourced_ids, pronouns, primary_org_sourced_id, role from raw_zone.oneroster__users"
    assert platform.query(found) == [(resources, "they", "s1", None)]


def test_a_delta_of_1_2_changes_adds_and_deletes_in_files_that_only_1_2_has(platform: Platform) -> None:
    role = whole("1.2")["roles"][0]
    rows = [role | {"sourcedId": f"o{n}"} for n in range(1, 11)]
    platform.deliver("sis", "r_2013-02-05.zip", package({"roles": rows}, version="1.2"))
    changes = [active(rows[0] | {"role": "proctor"}), gone(rows[1]), active(role | {"sourcedId": "o11"})]
    delta = package({"roles": changes}, delta=["roles"], version="1.2")
    report = platform.deliver("sis", "r_2013-02-06.zip", delta)
    [part] = report.slices
    assert (part.mode, part.inserted, part.changed, part.closed) == ("delta", 1, 1, 1)
    found = dict(platform.query("select sourced_id, role from raw_zone.oneroster__roles"))
    assert (found["o1"], "o2" in found, len(found)) == ("proctor", False, 10)


def test_passwords_of_user_profiles_are_stored_nowhere(platform: Platform) -> None:
    profile = whole("1.2")["userProfiles"][0] | {"password": "hunter2-Profile"}
    platform.deliver("sis", "r_2013-02-05.zip", package({"userProfiles": [profile]}, version="1.2"))
    [[stored]] = platform.query("select to_jsonb(t)::text from raw_zone.oneroster__user_profiles t")
    assert "user-u1-app" in stored
    assert "hunter2" not in stored


def test_the_demographics_of_1_0_and_managebacs_dialect_are_read(platform: Platform) -> None:
    demographics = lines(
        "userSourcedId,status,dateModified,birthdate,sex", "u1,active,2013-02-01T00:00:00.000Z,2002-05-17,female"
    )
    orgs = lines(
        "sourcedId,status,dateModified,name,type,identifier,parentSourcedId,metadata.managebac.orgSourcedId",
        "s1,,,Diploma,ext:program,,,mb-7",
    )
    content = package({}, files={"demographics.csv": demographics, "orgs.csv": orgs})
    report = platform.deliver("sis", "r_2013-02-05.zip", content)
    assert (report.status, report.quarantined) == ("applied", 0)
    found = "select sourced_id, birth_date::text, date_last_modified is not null from raw_zone.oneroster__demographics"
    assert platform.query(found) == [("u1", "2002-05-17", True)]
    assert platform.query("select type, _extra from raw_zone.oneroster__orgs") == [
        ("ext:program", {"metadata.managebac.orgSourcedId": "mb-7"})
    ]


@pytest.mark.parametrize(("spelling", "value"), [("TRUE", True), ("1", True), ("False", False), ("0", False)])
def test_booleans_are_read_as_systems_really_write_them(platform: Platform, spelling: str, value: bool) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"users": [student("a", enabledUser=spelling)]}))
    assert platform.query("select enabled_user from raw_zone.oneroster__users") == [(value,)]


@pytest.mark.parametrize("table", ["roles", "results"])
def test_a_file_or_column_of_1_2_that_1_1_does_not_have_is_not_missed(platform: Platform, table: str) -> None:
    report = platform.deliver("sis", "r_2013-02-05.zip", package(whole("1.1")))
    assert not any(table in problem for problem in report.problems)


def test_an_older_raw_table_learns_that_1_2_has_no_role_in_users(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"users": students(3)}))
    for table in ("raw_zone.oneroster__users", "raw_history.oneroster__users"):
        platform.change(f"alter table {table} alter column role set not null")
    partition = platform.value("select tableoid::regclass::text from raw_zone.oneroster__users limit 1")
    assert platform.value(
        "select attnotnull from pg_attribute where attrelid = %s::regclass and attname = 'role'", [partition]
    )
    deploy(platform.warehouse, platform.settings.network)
    nullable = "select bool_or(attnotnull) from pg_attribute where attname = 'role' and attrelid = any(%s::regclass[])"
    tables = ["raw_zone.oneroster__users", "raw_history.oneroster__users", partition]
    assert platform.value(nullable, [tables]) is False


def test_rows_that_all_state_a_change_are_a_delta_whatever_the_manifest_says(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org(f"s{n}") for n in range(10)]}))
    report = platform.deliver("sis", "r_2013-02-06.zip", package({"orgs": [active(org("s0", "Renamed"))]}))
    [part] = report.slices
    assert (part.mode, part.changed, part.closed) == ("delta", 1, 0)
    assert "the manifest says full, but its rows are those of a delta" in report.problems[-1]


def test_rows_that_state_no_change_are_a_full_file_whatever_the_manifest_says(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org(f"s{n}") for n in range(10)]}))
    rest = package({"orgs": [org(f"s{n}") for n in range(9)]}, delta=["orgs"])
    report = platform.deliver("sis", "r_2013-02-06.zip", rest)
    [part] = report.slices
    assert (part.mode, part.closed) == ("full", 1)


@pytest.mark.parametrize(("sent", "mode"), [((), "full"), (("orgs",), "delta")])
def test_rows_that_do_not_agree_leave_the_manifests_word(platform: Platform, sent: tuple[str, ...], mode: str) -> None:
    rows = [org(f"s{n}") for n in range(9)]
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [*rows, org("s9")]}))
    content = package({"orgs": [*rows[:8], active(rows[8] | {"name": "New"})]}, delta=sent)
    [part] = platform.deliver("sis", "r_2013-02-06.zip", content).slices
    assert (part.mode, part.closed) == (mode, 1 if mode == "full" else 0)
