"""What is written about gold is there, and its example queries run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from edu_assets.gold.generate import DBT_PROJECT
from edu_assets_tests.testbed import Platform

PARTS = ("**Grain and primary key.**", "**Business rules.**", "**Traps.**", "**Example.**")


def _documents(kind: str) -> Iterator[dict[str, Any]]:
    for path in sorted((DBT_PROJECT / "models" / "gold").rglob("*.yml")):
        yield from yaml.safe_load(path.read_text(encoding="utf-8")).get(kind, [])


MODELS = {model["name"]: model for model in _documents("models")}


def test_every_gold_model_is_described() -> None:
    assert set(MODELS) == {path.stem for path in (DBT_PROJECT / "models" / "gold").rglob("*.sql")}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_says_what_it_holds_and_how_it_misleads(name: str) -> None:
    model = MODELS[name]
    overview = model["description"].split("\n\n")[0]
    assert len(overview) > 20
    assert all(part in model["description"] for part in PARTS), [p for p in PARTS if p not in model["description"]]
    assert all(column["description"].strip() for column in model["columns"])


@pytest.mark.parametrize("name", MODELS)
def test_a_models_example_query_runs_and_finds_something(name: str, small_one: Platform) -> None:
    query = MODELS[name]["description"].split("**Example.**")[1].strip().strip("`")
    rows = small_one.query(query)
    assert rows or name == "attendance_outside_enrollment"


def test_every_data_test_says_what_why_and_how_to_mend() -> None:
    for model in MODELS.values():
        for declared in model.get("data_tests", []):
            (test,) = declared.values()
            assert test["name"]
            assert set(test["config"]["meta"]) == {"what", "why", "mend"}, test["name"]
    for path in (DBT_PROJECT / "tests").glob("*.sql"):
        head = path.read_text(encoding="utf-8").split("}) }}")[0]
        assert all(f"'{part}':" in head for part in ("what", "why", "mend")), path.name


def test_every_unit_test_says_what_it_holds() -> None:
    tests = list(_documents("unit_tests"))
    assert len(tests) > 40
    assert all(test["description"].strip() for test in tests)
