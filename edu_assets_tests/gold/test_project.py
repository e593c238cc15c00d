"""The parsed project is one for all runs of a process, so no run may write to it."""

from __future__ import annotations

from typing import Any

from edu_assets.gold.project import ANY_DATABASE, manifest_of, parsed_manifest
from edu_assets_tests.gold.building import broken, build_term, deploy_again, run_dbt
from edu_assets_tests.testbed import Platform

PARTS = ("nodes", "sources", "macros", "unit_tests", "docs", "exposures", "disabled", "flat_graph")


def parsed() -> dict[str, Any]:
    """All that dbt reads from the parsed project, as it is now."""
    manifest = parsed_manifest()
    return {
        f"{part} {name}": node.to_dict(omit_none=False) if hasattr(node, "to_dict") else repr(node)
        for part in PARTS
        for name, node in getattr(manifest, part).items()
    }


def test_no_run_of_dbt_leaves_anything_in_the_parsed_project(small_two: Platform) -> None:
    before = parsed()
    assert len(before) > 500
    assert not broken(build_term(small_two, small_two.terms[-1]))
    assert not broken(deploy_again(small_two))
    tests = run_dbt(small_two, ["test", "--select", "test_type:unit,fct_enrollment"], {"EDU_DEPLOY": "1"})
    assert {test.status for test in tests if test.resource_type == "unit_test"} == {"pass"}
    after = parsed()
    assert [name for name in before if before[name] != after.get(name)] == []
    assert before.keys() == after.keys()


def test_relations_of_a_run_stand_in_the_database_of_the_network(small_two: Platform) -> None:
    manifest = manifest_of(small_two.warehouse)
    relations = [*manifest.nodes.values(), *manifest.sources.values()]
    assert {relation.database for relation in relations} == {small_two.warehouse.database}
    assert not [relation.name for relation in relations if ANY_DATABASE in (relation.relation_name or "")]
