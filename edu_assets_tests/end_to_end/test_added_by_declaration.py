"""The test of the architecture: a source table is two new files, a metric is two, and nothing is edited.

A copy of the project gets an invented system (a school library's loans) and a metric of it; the copy runs
as a checkout of its own. The files below are what an engineer would write.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml

from edu_assets.warehouse import Role, Warehouse
from edu_assets_tests.end_to_end.conftest import Command, command_in, contents, copy_of_project
from edu_assets_tests.testbed import sample_declaration, settings_for

TABLE = {
    "edu_assets/contracts/library.py": '''
"""Loans as the school library's system exports them."""

from edu_assets.contracts.base import (
    Column, ColumnType, Contract, Entity, EntityColumn, PersonalData, System, TermByDate,
)

LIBRARY = System(name="library", title="School library")

LIBRARY_LOAN = Entity(
    name="library_loan",
    definition="a medium lent to a student",
    columns=(
        EntityColumn(name="loan_id", type="text"),
        EntityColumn(name="student_id", type="text", personal=PersonalData.DIRECT),
        EntityColumn(name="school_id", type="text"),
        EntityColumn(name="lent_on", type="date"),
    ),
)

LOANS = Contract(
    system="library",
    table="loans",
    description="loan of a medium to a student",
    owner="library",
    columns=(
        Column(header="Loan", required=True, description="number of the loan"),
        Column(header="School", required=True, description="the authority's school number"),
        Column(header="Borrower", required=True, description="student", personal=PersonalData.DIRECT),
        Column(header="Lent", type=ColumnType.DATE, required=True, description="day of the loan"),
        Column(header="Original"),  # names that the platform's own tables have too
        Column(header="Rule"),
        Column(header="Reason"),
        Column(header="Message"),
        Column(header="X9"),
    ),
    key=("loan",),
    term=TermByDate(column="lent", school="school"),
    school="school",
    person=("borrower",),
    files=("loans*.csv",),
    freshness_days=30,
    conforms_to=("library_loan",),
)
''',
    "dbt_project/models/staging/library/stg_library__loans.sql": """
select
    _feed || ':' || loan as loan_id,
    borrower as student_id,
    school as school_id,
    lent as lent_on,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'library__loans') }}
""",
}

METRIC = {
    "dbt_project/models/gold/marts/mart_library_loans.sql": """
select
    loan.term_key,
    {{ edu_key('school', 'loan.school_id') }} as school_key,
    count(*) as loans
from {{ ref('conformed_library_loan') }} as loan
where {{ in_term('loan') }}
group by loan.term_key, loan.school_id
""",
    "dbt_project/models/gold/marts/mart_library_loans.yml": """
version: 2
models:
  - name: mart_library_loans
    description: Loans of a school's library by term.
    constraints:
      - {type: primary_key, columns: [term_key, school_key]}
      - {type: foreign_key, columns: [school_key], to: ref('dim_school'), to_columns: [school_key]}
    columns:
      - {name: term_key, data_type: text, description: the term, constraints: [{type: not_null}]}
      - {name: school_key, data_type: text, description: the school, constraints: [{type: not_null}]}
      - {name: loans, data_type: bigint, description: number of loans, constraints: [{type: not_null}]}
    data_tests:
      - totals_agree:
          name: loans_are_those_of_the_sources
          arguments: {total: sum(loans), of: ref('conformed_library_loan'), of_total: count(*)}
          config:
            where: term_key = edu_term
            meta: {what: loans counted are the loans sent, why: a lost loan is not seen, mend: build the term again}
""",
}

LOANS = """Loan,School,Borrower,Lent,Original,Rule,Reason,Message,Shelf,X9
1,01001,S1,2024-09-03,o,r,e,m,s,x
2,01001,S2,2024-09-04,o,r,e,m,s,x
3,02001,S3,2024-10-01,o,r,e,m,s,x
4,02001,S3,2025-01-15,o,r,e,m,s,x
5,02001,,2025-01-16,o,r,e,m,s,x
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """A copy of the project with four new files and a network that names the new system, after one pipeline."""
    folder = tmp_path_factory.mktemp("added")
    project = folder / "checkout"
    copy_of_project(project)
    before = contents(project)
    for path, text in (TABLE | METRIC).items():
        (project / path).parent.mkdir(exist_ok=True)
        (project / path).write_text(text.lstrip(), encoding="utf-8")
    after = contents(project)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == set(TABLE | METRIC)
    network_file = folder / "library.yaml"
    feeds = {"library": {"system": "library", "landing": "library"}}
    declared = sample_declaration(name="library", sample=None, feeds=feeds)
    network_file.write_text(yaml.safe_dump(declared), encoding="utf-8")
    command = command_in(folder, network_file, tmp_path_factory, project)
    landing = command.home / "library" / "landing" / "library"
    landing.mkdir(parents=True)
    (landing / "loans_2025.csv").write_text(LOANS, encoding="utf-8")
    try:
        yield command
    finally:
        command.run("down", "--purge", expect=None)


class Seen(NamedTuple):
    """What the first pipeline said and left, read before a later test corrects a row."""

    answer: dict[str, Any]
    quarantine: list[dict[str, Any]]
    loans: list[tuple[str, str, int]]


@pytest.fixture(scope="module")
def piped(library: Command) -> Seen:
    answer = library.json("pipeline")
    warehouse = Warehouse.of(settings_for(library.home, library.network_file))
    with warehouse.connect(Role.DBT) as connection:
        loans = connection.execute(
            "select m.term_key, s.school_id, m.loans from gold.mart_library_loans m"
            " join gold.dim_school s using (school_key) order by 1, 2"
        ).fetchall()
    return Seen(answer, library.json("quarantine", "list"), loans)


def test_the_new_table_is_loaded_validated_and_quarantined(piped: Seen) -> None:
    raw = next(stage for stage in piped.answer["stages"] if stage["name"] == "raw zone")
    assert (raw["rows_read"], raw["accepted"], raw["quarantined"]) == (5, 4, 1)
    [row] = piped.quarantine
    assert (row["source_row"], row["column_name"], row["rule"]) == (6, "borrower", "required")


def test_the_new_metric_is_right_in_each_term(piped: Seen) -> None:
    assert not piped.answer["errors"]
    assert piped.loans == [("2024-25|T1", "01001", 2), ("2024-25|T1", "02001", 1), ("2024-25|T2", "02001", 1)]


def test_both_are_partitioned_checked_assets_with_lineage(piped: Seen, library: Command) -> None:
    assert piped.answer["terms_built"] == 2
    program = """
import dagster as dg
from edu_assets.definitions import defs
graph = defs.resolve_asset_graph()
raw, mart = dg.AssetKey(["raw_zone", "library__loans"]), dg.AssetKey(["gold", "mart_library_loans"])
above = {mart}
while more := {parent for key in above for parent in graph.get(key).parent_keys} - above:
    above |= more
checks = sorted(key.name for key in graph.asset_check_keys if key.asset_key in (raw, mart))
print(raw in above, graph.get(raw).is_partitioned, graph.get(mart).is_partitioned, *checks)
"""
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env=dict(library.environment),
        cwd=library.project,
        capture_output=True,
        text=True,
        check=True,
    )
    lineage, raw_partitioned, mart_partitioned, *checks = answer.stdout.split()
    assert (lineage, raw_partitioned, mart_partitioned) == ("True", "True", "True")
    assert set(checks) == {
        "columns_are_filled",
        "conforms_to_standard",
        "is_fresh",
        "keys_are_unique",
        "loans_are_those_of_the_sources",
        "nothing_is_held",
        "quarantine_is_small",
        "row_count_is_plausible",
        "rows_are_conserved",
        "schema_conforms",
        "values_are_allowed",
    }


def test_a_corrected_row_of_the_new_table_reaches_the_metric(piped: Seen, library: Command) -> None:
    [row] = piped.quarantine
    [part] = library.json("quarantine", "correct", str(row["quarantine_id"]), "Borrower=S9")
    assert (part["inserted"], part["term_key"]) == (1, "2024-25|T2")
    assert library.json("quarantine", "list") == []
    again = library.json("pipeline")
    assert [stage["name"] for stage in again["stages"] if stage["name"].startswith("gold 2")] == ["gold 2024-25|T2"]
