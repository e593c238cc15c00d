"""What a network file says wrong is told by place, once for many of a kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from edu_assets.network import load_network
from edu_assets.school_calendar import DeclarationError
from edu_assets_tests.testbed import network_declaration


def refusal_of(path: Path, schools: list[dict[str, Any]]) -> str:
    path.write_text(yaml.safe_dump(network_declaration(schools=schools)), encoding="utf-8")
    with pytest.raises(DeclarationError) as refusal:
        load_network(path)
    return str(refusal.value)


def two_schools(others: list[str]) -> list[dict[str, Any]]:
    lea = {"lea_id": "9", "lea_name": "LEA"}
    return [
        {"school_id": "01", "name": "One", "also": others} | lea,
        {"school_id": "02", "name": "Two", "also": ["1", "2"]} | lea,
    ]


def test_a_school_may_have_other_names(tmp_path: Path) -> None:
    path = tmp_path / "network.yaml"
    path.write_text(yaml.safe_dump(network_declaration(schools=two_schools(["3"]))), encoding="utf-8")
    assert [school.also for school in load_network(path).schools] == [("3",), ("1", "2")]


@pytest.mark.parametrize(
    ("others", "told"),
    [
        (["1"], "school 02 is also '1', which names school 01 already"),
        (["02"], "school 01 is also '02', which names school 02 already"),
        (["01"], "school 01 is also '01', which names school 01 already"),
        (["3", "3"], "school 01 is also '3', which names school 01 already"),
    ],
)
def test_a_name_is_of_one_school(tmp_path: Path, others: list[str], told: str) -> None:
    assert f"{told}: a name is of one school and stands once" in refusal_of(
        tmp_path / "network.yaml", two_schools(others)
    )


def test_a_school_has_no_empty_name(tmp_path: Path) -> None:
    """It would be the school of every row that names none."""
    nameless = [{**two_schools([""])[0], "school_id": ""}]
    refusal = refusal_of(tmp_path / "network.yaml", nameless)
    assert "schools.0.school_id: String should have at least 1 character" in refusal
    assert "schools.0.also.0: String should have at least 1 character" in refusal


@pytest.mark.parametrize(("schools", "told", "rest"), [(5, 10, ""), (6, 10, "; and 2 more like these")])
def test_of_many_faults_the_first_are_told_and_the_rest_counted(
    tmp_path: Path, schools: int, told: int, rest: str
) -> None:
    """A school that lacks its LEA lacks two entries."""
    path = tmp_path / "many.yaml"
    refusal = refusal_of(path, [{"school_id": str(number), "name": "School"} for number in range(schools)])
    assert refusal.startswith(f"{path}: schools.0.lea_id: Field required; schools.0.lea_name: Field required; ")
    assert refusal.count("Field required") == told
    assert refusal.endswith(f"Field required{rest}")
