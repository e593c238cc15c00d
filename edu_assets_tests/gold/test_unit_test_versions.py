"""A unit test of gold runs again where something changed on which it depends, and only there."""

from __future__ import annotations

from typing import Any

import pytest

from edu_assets.gold import deploy_gold
from edu_assets.gold.deploy import unit_test_versions
from edu_assets.gold.project import parsed_manifest
from edu_assets_tests.conftest import MakeNetwork

CHANGED = "model.edu_assets.fct_attendance"


@pytest.fixture
def manifest() -> Any:
    """The parsed project, to be changed."""
    return parsed_manifest().deepcopy()


def below(manifest: Any, unique_id: str) -> set[str]:
    """A node and all that is made of it."""
    found, waiting = {unique_id}, [unique_id]
    while waiting:
        waiting += [child for child in manifest.child_map.get(waiting.pop(), []) if child not in found]
        found.update(waiting)
    return found


def changed_tests(manifest: Any, before: dict[str, str]) -> set[str]:
    after = unit_test_versions(manifest)
    assert set(after) == set(before)
    return {name for name in after if after[name] != before[name]}


def test_a_changed_model_has_the_tests_of_all_that_is_made_of_it_run_again(manifest: Any) -> None:
    manifest.build_parent_and_child_maps()
    before = unit_test_versions(manifest)
    manifest.nodes[CHANGED].checksum.checksum = "another"
    expected = {
        ".".join(test.fqn)
        for test in manifest.unit_tests.values()
        if below(manifest, CHANGED).intersection(test.depends_on_nodes)
    }
    assert changed_tests(manifest, before) == expected
    assert 0 < len(expected) < len(before) / 2


def test_a_changed_type_of_a_source_is_a_change_of_what_is_read(manifest: Any) -> None:
    before = unit_test_versions(manifest)
    columns = manifest.sources["source.edu_assets.raw_zone.attendance__attendance_daily"].columns
    next(iter(columns.values())).data_type = "another"
    assert any("fct_attendance" in name for name in changed_tests(manifest, before))


def test_a_changed_macro_has_all_run_again_and_a_changed_test_itself(manifest: Any) -> None:
    before = unit_test_versions(manifest)
    one = next(iter(manifest.unit_tests.values()))
    one.checksum = "another"
    assert changed_tests(manifest, before) == {".".join(one.fqn)}
    manifest.macros["macro.edu_assets.edu_key"].macro_sql += " "
    assert changed_tests(manifest, before) == set(before)


def test_what_has_passed_in_one_network_is_not_run_in_the_next(make_network: MakeNetwork) -> None:
    first, second = make_network(), make_network()
    deploy_gold(first.warehouse, first.settings)
    assert deploy_gold(first.warehouse, first.settings) == []
    record = first.settings.home / "unit_tests.passed"
    tests = unit_test_versions(parsed_manifest())
    name, version = next(iter(tests.items()))
    record.write_text("".join(f"{each}\n" for each in tests.values() if each != version), encoding="utf-8")
    ran = [node.name for node in deploy_gold(second.warehouse, second.settings) if node.resource_type == "unit_test"]
    assert ran == [name.rsplit(".", 1)[-1]]
    assert version in record.read_text(encoding="utf-8").split()
