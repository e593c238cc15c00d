"""Generated unions give each student by the number in force, the state's numbers only to those whose they are, and each
school by its name in the network file."""

from __future__ import annotations

import re

import pytest

from edu_assets.contracts import registry
from edu_assets.contracts.base import Entity
from edu_assets.gold.generate import SCHOOL_IDS, generated_files, names_students
from edu_assets_tests.gold.building import broken, run_dbt
from edu_assets_tests.testbed import MakeNetwork, Platform, network_declaration

DECLARED = registry()
FILES = generated_files(DECLARED)
TERM = "2013|B"

STUDENTS = """SchoolID,StudentNumber,StateStudentID,BirthDate
01,0001,9001,2000-01-01
01,0002,9002,2000-01-02
01,0003,9003,2000-01-03
01,0004,9003,2000-01-04
02,0005,0001,2000-01-05
02,0006,,2000-01-06
"""
MERGES = "OldStudentNumber,NewStudentNumber,MergedOn,Reason\n0002,0001,2013-03-04,\nstate:9777,0006,2013-03-05,\n"
RESULTS = """TermName,StudentID,TestID,TestStartDate,School_StateID,Student_StateID,Subject,TestName,TestRITScore
Winter,v1,t1,03/01/2013,1,9001,Reading,Growth,200
Winter,v2,t2,03/01/2013,map:one,9002,Reading,Growth,201
Winter,v3,t3,03/01/2013,77,9003,Reading,Growth,202
Winter,v4,t4,03/01/2013,,0001,Reading,Growth,203
Winter,v5,t5,03/01/2013,01,0006,Reading,Growth,204
Winter,v6,t6,03/01/2013,01,,Reading,Growth,205
Winter,v7,t7,03/01/2013,01,9777,Reading,Growth,206
"""


@pytest.mark.parametrize("entity", DECLARED.entities.values(), ids=lambda entity: entity.name)
def test_a_union_looks_for_the_number_in_force_where_its_entity_names_students(entity: Entity) -> None:
    sql = FILES[f"{'stated' if entity.precedence else 'conformed'}_{entity.name}.sql"]
    assert ("dim_student_number" in sql) == names_students(entity)
    of_state = any(contract.state_numbers for contract in DECLARED.conforming(entity.name))
    assert ("student_of_state_number" in sql) == (of_state and names_students(entity))


@pytest.mark.parametrize("entity", DECLARED.entities.values(), ids=lambda entity: entity.name)
def test_a_union_asks_the_network_file_for_every_school_that_its_entity_names(entity: Entity) -> None:
    sql = FILES[f"{'stated' if entity.precedence else 'conformed'}_{entity.name}.sql"]
    named = {column.name for column in entity.columns if re.search("(^|_)(school|organization)_id$", column.name)}
    assert named - {"parent_organization_id"} <= set(SCHOOL_IDS)
    branches = len(DECLARED.conforming(entity.name))
    for name in named - {"parent_organization_id"}:
        assert sql.count(f"cast({{{{ network_school('{name}') }}}} as text) as {name}") == branches


def test_identifiers_are_asked_of_every_view_that_names_students() -> None:
    views = {
        contract.staging_view(name)
        for contract in DECLARED.contracts.values()
        for name in contract.conforms_to
        if names_students(DECLARED.entities[name])
    }
    assert len(views) > 20
    assert {view for view in views if f"ref('{view}')" in FILES["student_identifiers.sql"]} == views


@pytest.fixture(scope="module")
def conformed(make_session_network: MakeNetwork) -> Platform:
    """A network whose register has state's numbers, and a vendor that sends them; the unions are made."""
    feeds = {"records": {"system": "sis", "landing": "records"}, "map": {"system": "nwea", "landing": "map"}}
    schools = [
        {key: value for key, value in school.items() if key != "calendar"}
        for school in network_declaration()["schools"]
    ]
    schools[0]["also"] = ["1", "map:one"]
    platform = make_session_network(deployed=True, feeds=feeds, schools=schools)
    for feed, name, content in (
        ("records", "students_2013-03-01.csv", STUDENTS),
        ("records", "student_id_merges_2013-03-06.csv", MERGES),
        ("map", "map_growth_2013.csv", RESULTS),
    ):
        report = platform.deliver(feed, name, content)
        assert report.status == "applied", report.problems
    chosen = ["build", "--select", "+bridge_student_identifier", "+conformed_assessment_result"]
    kinds = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    assert not broken(run_dbt(platform, [*chosen, *kinds], {"EDU_TERM": TERM}))
    return platform


def test_a_states_number_is_that_of_the_one_student_to_whom_the_register_gives_it(conformed: Platform) -> None:
    """9002 is of a number that was given up. 9003 is of two students. 0001 is the state's number of one student and the
    authority's of another, 0006 the authority's alone. 9777 was merged by a person."""
    found = conformed.query("select assessment_result_id, student_id from staging.conformed_assessment_result")
    assert {key.split("|")[1]: student for key, student in found} == {
        "v1": "0001",
        "v2": "0001",
        "v3": "state:9003",
        "v4": "0005",
        "v5": "state:0006",
        "v6": "map:v6",
        "v7": "0006",
    }


def test_a_school_is_that_of_the_network_file_by_any_of_its_names(conformed: Platform) -> None:
    """Another name that the file does not know stays, and an empty one is none."""
    found = conformed.query("select assessment_result_id, school_id from staging.conformed_assessment_result")
    schools = {key.split("|")[1]: school for key, school in found}
    assert schools == {
        "v1": "01",
        "v2": "01",
        "v3": "77",
        "v4": schools["v4"],
        **dict.fromkeys(("v5", "v6", "v7"), "01"),
    }
    assert not schools["v4"]


def test_the_bridge_says_by_which_rule(conformed: Platform) -> None:
    """The register of names is empty here, so nobody is described; who is found stands all the same."""
    found = conformed.query(
        "select identifier, student_id, is_merged from gold.bridge_student_identifier join gold.dim_student"
        " using (student_key) where feed = 'map'"
    )
    assert {identifier: (student, merged) for identifier, student, merged in found} == {
        "state:9001": ("0001", False),
        "state:9002": ("0001", False),
        "state:9003": ("state:9003", False),
        "state:0001": ("0005", False),
        "state:0006": ("state:0006", False),
        "map:v6": ("map:v6", False),
        "state:9777": ("0006", True),
    }
