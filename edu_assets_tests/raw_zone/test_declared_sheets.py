"""Every sheet of the school systems loads as its contract says, with rows made from the contract."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest

from edu_assets.contracts import registry
from edu_assets.contracts.base import Column, ColumnType, Contract, LoadMode, TermByDate, TermVia
from edu_assets.raw_zone import DeliveryReport
from edu_assets_tests.testbed import MakeNetwork, Platform

TABLES = {
    "sis": {
        *("students", "student_enrollments", "student_programs", "student_health", "student_guardians"),
        *("student_transportation", "student_id_merges", "admission_applications", "admission_stage_events"),
        *("behavior_incidents", "behavior_participants", "discipline_actions", "interventions", "calendar_days"),
        *("bell_schedules", "attendance_codes", "school_capacity"),
    },
    "attendance": {"attendance_events", "period_attendance", "attendance_taken", "attendance_daily"},
    "curriculum": {"programs", "units", "learning_objectives"},
    "assessment": {
        *("assessments", "assessment_windows", "assessment_results", "course_grades", "course_grade_criteria"),
        *("grade_scales", "atl_skill_ratings", "usage_records"),
    },
    "finance": {"fee_plans", "fee_invoices", "fee_payments", "financial_aid", "ledger_entries", "budgets"},
    "survey": {"surveys", "survey_questions", "survey_invitations", "survey_responses"},
    "hr": {
        *("staff", "staff_positions", "staff_assignments", "staff_attendance", "substitute_assignments"),
        *("professional_learning", "professional_learning_requirements"),
    },
    "lms": {"students", "course_activity", "course_completion"},
    "billing": {"enrollments", "payments"},
    "cert": {"exam_attempts", "certificates"},
}
"""Section 3 of the design."""
SHEETS = {contract.name: contract for contract in registry().contracts.values() if contract.system in TABLES}
SCHOOL = "02"
"""It stays in 2013|B until 12 July, when the network is in 2013|J: what its own dates say shows in the term."""
DAY = {True: "2013-07-{:02}", False: "2013-02-{:02}"}
SHAPES = ("{:05}", "W{}", "en", "08:{:02}", "P", "2013", "2013 B", "EUR")


def value(contract: Contract, column: Column, n: int) -> str:
    """A valid value of a column, another for each n where the column is in the key."""
    if column.name == "school_id":
        return SCHOOL
    if column.name in contract.scope:
        n = 1  # all rows of a sheet are of one scope
    if column.allowed:
        return column.allowed[n % len(column.allowed)]
    match column.type:
        case ColumnType.INTEGER | ColumnType.NUMERIC:
            return str(n)
        case ColumnType.BOOLEAN:
            return (column.true_values + column.false_values)[n % 2]
        case ColumnType.DATE:
            return DAY[isinstance(contract.term, TermByDate) and contract.term.school is not None].format(n)
        case ColumnType.TIMESTAMP:
            return f"2013-07-{n:02}T12:00:00Z"
    pattern = column.pattern or ".*"
    return next(text for shape in SHAPES if re.fullmatch(pattern, text := shape.format(n)))


def broken_values(column: Column) -> Iterator[tuple[str, str]]:
    """Rule and a value that breaks it."""
    if column.required:
        yield "required", ""
    if column.type is not ColumnType.TEXT:
        yield "type", "soon"
    elif column.allowed:
        yield "allowed", f"{column.allowed[0]}?"
    elif column.pattern:
        yield "pattern", "no such thing!"


def sheet(contract: Contract, rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.header for column in contract.columns], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def rows_of(contract: Contract, first: int, last: int) -> list[dict[str, str]]:
    return [{column.header: value(contract, column, n) for column in contract.columns} for n in range(first, last + 1)]


def deliver(platform: Platform, contract: Contract, rows: list[dict[str, str]]) -> DeliveryReport:
    return platform.deliver(contract.system, f"{contract.table}_2013-02-05.csv", sheet(contract, rows))


@pytest.fixture(scope="module")
def _network(make_session_network: MakeNetwork) -> Platform:
    feeds = {system: {"system": system, "landing": system} for system in TABLES}
    return make_session_network(name="declared_sheets", feeds=feeds)


@pytest.fixture
def records(_network: Platform) -> Iterator[Platform]:
    """One network for all: making one for each would take most of the time."""
    yield _network
    _network.empty()


def with_parents(platform: Platform, contract: Contract) -> None:
    if isinstance(contract.term, TermVia):
        parent = registry().contract(f"{contract.system}__{contract.term.parent}")
        report = deliver(platform, parent, rows_of(parent, 1, 3))
        assert report.status == "applied"


def test_every_table_of_every_school_system_is_declared() -> None:
    declared: dict[str, set[str]] = {}
    for contract in SHEETS.values():
        declared.setdefault(contract.system, set()).add(contract.table)
    assert declared == TABLES


def test_the_learning_platform_has_raw_schemas_of_its_own() -> None:
    schemas = {contract.system: contract.raw_schema for contract in SHEETS.values()}
    own = {"lms": "raw_lms", "billing": "raw_billing", "cert": "raw_cert"}
    assert schemas == dict.fromkeys(TABLES, "raw_zone") | own


@pytest.mark.parametrize("name", SHEETS)
def test_a_valid_sheet_lands_whole_in_the_term_that_its_rule_gives(records: Platform, name: str) -> None:
    contract = SHEETS[name]
    with_parents(records, contract)
    rows = rows_of(contract, 1, 3)
    report = deliver(records, contract, rows)
    assert (report.status, report.rows_read, report.quarantined, report.problems) == ("applied", 3, 0, [])
    stored: list[dict[str, Any]] = [
        row
        for (row,) in records.query(f"select to_jsonb(t) from {contract.raw_table} t order by _source_row")  # noqa: S608
    ]
    # By delivery the file's date, 5 February; by date the school's own July, or the network's where the sheet
    # names no school; via a parent the parent's.
    assert {row["term_key"] for row in stored} == {"2013|B"}
    for row, sent in zip(stored, rows, strict=True):
        for column in contract.stored_columns:
            found = row[column.name]
            assert found == sent[column.header] if column.type is ColumnType.TEXT else found is not None, column.name


@pytest.mark.parametrize("name", SHEETS)
def test_a_row_that_breaks_a_rule_of_its_contract_is_set_aside_and_the_others_load(
    records: Platform, name: str
) -> None:
    contract = SHEETS[name]
    with_parents(records, contract)
    [sound, *others] = rows_of(contract, 1, 3)
    broken = [(column, rule, text) for column in contract.columns for rule, text in broken_values(column)]
    assert broken
    report = deliver(
        records, contract, [sound, *(others[0] | {column.header: text} for column, _, text in broken), others[1]]
    )
    assert report.quarantined == len(broken)
    found = records.query("select column_name, rule from etl.quarantine order by source_row")
    assert found == [(column.name, rule) for column, rule, _ in broken]
    assert records.value(f"select count(*) from {contract.raw_table}") == 2  # noqa: S608
    assert {(finding.column, finding.rule) for finding in report.conformance} >= {
        (column.header, rule) for column, rule, _ in broken
    }


SCOPED = [name for name, contract in SHEETS.items() if contract.mode is LoadMode.FULL and "school_id" in contract.scope]


@pytest.mark.parametrize("name", SCOPED)
def test_a_sheet_of_one_school_closes_nothing_of_another(records: Platform, name: str) -> None:
    contract = SHEETS[name]
    ours, theirs = rows_of(contract, 1, 9), [row | {"SchoolID": "01"} for row in rows_of(contract, 10, 12)]
    if isinstance(contract.term, TermVia):
        parent = registry().contract(f"{contract.system}__{contract.term.parent}")
        others = {"SchoolID": "01"} if parent.school else {}
        deliver(records, parent, rows_of(parent, 1, 9) + [row | others for row in rows_of(parent, 10, 12)])
    deliver(records, contract, ours + theirs)
    report = deliver(records, contract, ours[1:])
    assert sum(part.closed for part in report.slices) == 1
    assert records.value("select count(*) from etl.held_slice") == 0
    assert records.value(f"select count(*) from {contract.raw_table} where school_id = '01'") == 3  # noqa: S608


@pytest.mark.parametrize("name", [name for name, contract in SHEETS.items() if contract.mode is not LoadMode.FULL])
def test_what_a_sheet_of_events_leaves_out_stays(records: Platform, name: str) -> None:
    contract = SHEETS[name]
    with_parents(records, contract)
    rows = rows_of(contract, 1, 3)
    deliver(records, contract, rows[:2])
    report = deliver(records, contract, rows[2:])
    assert (report.status, sum(part.closed for part in report.slices)) == ("applied", 0)
    assert records.value(f"select count(*) from {contract.raw_table}") == 3  # noqa: S608


def test_a_participant_waits_for_the_incident_that_gives_the_term(records: Platform) -> None:
    child, parent = SHEETS["sis__behavior_participants"], SHEETS["sis__behavior_incidents"]
    assert deliver(records, child, rows_of(child, 1, 2)).quarantined == 2
    deliver(records, parent, rows_of(parent, 1, 2))
    assert records.value("select count(*) from raw_zone.sis__behavior_participants") == 2


def test_what_is_told_of_health_custody_conduct_and_need_is_sensitive() -> None:
    free = {
        "student_programs": {"school_id", "student_number", "case_manager_number"},
        "student_health": {"health_record_id", "school_id", "student_number"},
        "discipline_actions": {"action_id", "school_id", "student_number", "incident_id"},
        "interventions": {"intervention_id", "school_id", "student_number", "staff_number"},
    }
    for table, others in free.items():
        contract = SHEETS[f"sis__{table}"]
        assert {column.name for column in contract.columns if column.personal != "sensitive"} == others
    guardians = {column.name for column in SHEETS["sis__student_guardians"].columns if column.personal == "sensitive"}
    assert guardians == {"custody", "contact_allowed", "court_order", "lives_with"}


@pytest.mark.parametrize("name", SHEETS)
def test_whoever_names_a_person_by_number_says_so_for_erasure(name: str) -> None:
    contract = SHEETS[name]
    numbers = {column.name for column in contract.stored_columns if column.name.endswith("_number")}
    directly = {column for column in numbers if contract.column(column).personal == "direct"}
    assert directly <= set(contract.person)
