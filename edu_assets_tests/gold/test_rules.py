"""Rules as people read them: what holds for a network, and that figures name what `edu rules` explains."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from edu_assets.gold import manifest_content
from edu_assets.gold.rules import (
    SEEDS,
    UnknownAuthority,
    UnknownFigure,
    UnknownMethod,
    demand_known_authorities,
    demand_known_methods,
    explain,
    rules,
)
from edu_assets.network import Network
from edu_assets_tests.testbed import Platform, sample_declaration


@pytest.fixture(scope="module")
def manifest() -> Mapping[str, Any]:
    return manifest_content()


def network(authority: str, *beside: str) -> Network:
    return Network.model_validate(sample_declaration(authority=authority, also_reported=list(beside)))


def test_every_row_of_every_rule_table_is_listed(manifest: Mapping[str, Any]) -> None:
    listed: Counter[str] = Counter()
    for rule in rules(manifest, network("federal")):
        listed[rule.table] += len(rule.values)
        assert rule.sources
        assert all(rule.sources)
    for path in SEEDS.glob("*.csv"):
        with path.open(encoding="utf-8") as file:
            assert listed[path.stem] == len(list(csv.DictReader(file))) > 0, path.name


def test_the_networks_own_authority_holds_and_the_federal_one_where_it_has_no_rule(manifest: Mapping[str, Any]) -> None:
    found = {
        (rule.table, rule.authority): rule.holds
        for rule in rules(manifest, network("new_york", "federal", "new_jersey"))
    }
    assert found["rule_chronic_absence", "new_york"] == "own"
    assert found["rule_chronic_absence", "federal"] == "beside"
    assert found["rule_chronic_absence", "new_jersey"] == "beside"
    assert found["rule_chronic_absence", "california"] == "no"
    assert found["rule_headcount", "federal"] == "own"
    assert found["rule_fee_aging", "federal"] == "own"
    assert found["attendance_codes", "network"] == "everywhere"


def test_every_model_knows_the_authority_by_the_macro(manifest: Mapping[str, Any]) -> None:
    """Which gives the federal one where the network's has no rule; a comparison with the network's alone finds none."""
    alone = [node["name"] for node in manifest["nodes"].values() if "network.authority" in node.get("raw_code", "")]
    assert alone == []


def test_of_rules_that_are_told_side_by_side_those_hold_that_the_network_reports_by(
    manifest: Mapping[str, Any],
) -> None:
    """No federal one takes the place of an authority that has none: stability has no federal definition."""

    def holding(*authorities: str) -> dict[str, str]:
        found = rules(manifest, network(*authorities))
        return {rule.values[0]["variant"]: rule.holds for rule in found if rule.table == "rule_stability"}

    nowhere = dict.fromkeys(holding("federal"), "no")
    assert holding("federal") == holding("new_york", "new_jersey") == nowhere
    assert holding("texas", "california") == nowhere | {
        "texas_peims_mobility": "own",
        "california_stability": "beside",
    }


def test_a_method_holds_where_the_network_file_chooses_it_for_a_school(manifest: Mapping[str, Any]) -> None:
    found = {
        rule.values[0]["method"]: rule.holds
        for rule in rules(manifest, network("federal"))
        if rule.table == "rule_daily_attendance"
    }
    assert {method for method, holds in found.items() if holds == "own"} == {"minutes", "first_and_last_tap"}
    assert set(found.values()) == {"own", "no"}


def test_what_rows_of_a_mart_name_is_what_is_explained(seeded: Platform, manifest: Mapping[str, Any]) -> None:
    marts = [
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and "marts" in node["fqn"] and "rule_version" in node["columns"]
    ]
    assert len(marts) > 15
    for mart in marts:
        named = {
            version
            for (version,) in seeded.query(
                f"select distinct rule_version from gold.{mart} where rule_version is not null"  # noqa: S608
            )
        }
        explained = {rule.rule_version for rule in explain(manifest, seeded.settings.network, mart).rules}
        assert named <= explained, mart


def test_an_unknown_figure_is_answered_with_the_nearest(manifest: Mapping[str, Any]) -> None:
    with pytest.raises(UnknownFigure, match="mart_chronic_absence"):
        explain(manifest, network("federal"), "mart_cronic_absense")


@pytest.mark.parametrize("declared", [("new_yrok",), ("federal", "new_yrok")])
def test_an_authority_that_no_rule_knows_is_refused_with_the_known_ones(declared: tuple[str, ...]) -> None:
    demand_known_authorities(network("federal", "new_york"))
    with pytest.raises(UnknownAuthority, match=r"'new_yrok'.*new_york"):
        demand_known_authorities(network(*declared))


@pytest.mark.parametrize(
    ("declared", "known"),
    [({"periods": "first_and_last_tap"}, "minutes"), ({"taps": "minuets"}, "first_and_last_tap")],
)
def test_a_way_to_make_days_that_no_rule_knows_is_refused_with_the_known_ones(
    declared: dict[str, str], known: str
) -> None:
    demand_known_methods(network("federal"))
    refused = Network.model_validate(sample_declaration(daily_attendance=declared))
    with pytest.raises(UnknownMethod, match=rf"school 01001.*{known}"):
        demand_known_methods(refused)


def test_a_schools_own_way_to_make_days_takes_the_place_of_the_networks() -> None:
    declared = Network.model_validate(sample_declaration(daily_attendance={"periods": "homeroom", "taps": None}))
    assert declared.attendance_methods == [
        ("01001", "periods", "homeroom"),
        ("01002", "taps", "first_and_last_tap"),
        ("02001", "periods", "minutes"),
        ("02001", "taps", "first_and_last_tap"),
    ]
