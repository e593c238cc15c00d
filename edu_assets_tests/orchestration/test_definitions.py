"""The asset graph: everything declared is an asset, and nothing of it needs a database."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from edu_assets.contracts import registry
from edu_assets.definitions import build_defs
from edu_assets.orchestration.backfill import Session
from edu_assets.orchestration.gold_assets import explanation
from edu_assets.orchestration.raw_assets import raw_asset_key
from edu_assets.settings import PROJECT
from edu_assets_tests.testbed import Platform


@pytest.fixture(scope="module")
def graph(sample_platform: Platform) -> dg.AssetGraph:
    return build_defs(sample_platform.settings).resolve_asset_graph()


def sent(platform: Platform) -> set[dg.AssetKey]:
    """The raw tables of the network file's feeds."""
    return {
        raw_asset_key(contract)
        for contract in registry().contracts.values()
        for feed in platform.settings.network.feeds.values()
        if feed.system == contract.system and (feed.tables is None or contract.table in feed.tables)
    }


def test_every_table_that_the_networks_feeds_send_is_an_asset_and_no_other(
    graph: dg.AssetGraph, sample_platform: Platform
) -> None:
    raw = {key for key in graph.get_all_asset_keys() if key.path[0].startswith("raw_")}
    assert raw == sent(sample_platform)
    assert len([key for key in raw if key.path[1].startswith("edfi__")]) == 7


def test_every_gold_model_of_the_project_is_an_asset(graph: dg.AssetGraph) -> None:
    project = PROJECT / "dbt_project"
    written = {path.stem for path in [*(project / "models" / "gold").rglob("*.sql"), *project.glob("snapshots/*.sql")]}
    assert written == {
        key.path[1] for key in graph.get_all_asset_keys() if key.path[0] == "gold" and graph.get(key).is_materializable
    }


def test_every_asset_that_is_built_is_partitioned_by_year_and_term_and_has_owner_group_and_description(
    graph: dg.AssetGraph,
) -> None:
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert isinstance(node.partitions_def, dg.MultiPartitionsDefinition), key
        assert set(node.partitions_def.partition_dimension_names) == {"academic_year", "term"}
        assert node.owners, key
        assert node.group_name != "default", key
        assert node.description, key


def test_a_snapshot_is_a_stored_table_between_the_students_of_rosters_and_their_history(graph: dg.AssetGraph) -> None:
    versions, history = (dg.AssetKey(["gold", name]) for name in ("snap_students", "dim_student_history"))
    assert graph.get(history).parent_keys == {versions}
    assert dg.AssetKey(["staging", "conformed_student"]) in graph.get(versions).parent_keys
    assert graph.get(versions).group_name == graph.get(history).group_name == "gold_dimensions"
    assert not graph.get(versions).is_virtual
    assert graph.get(history).is_virtual


def test_every_stored_table_has_a_freshness_policy(graph: dg.AssetGraph) -> None:
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert node.is_virtual or node.freshness_policy is not None, key


def test_a_mart_is_traced_to_the_raw_tables_that_it_comes_from(graph: dg.AssetGraph) -> None:
    above = {dg.AssetKey(["gold", "mart_attendance_insights"])}
    while more := {parent for key in above for parent in graph.get(key).parent_keys} - above:
        above |= more
    assert dg.AssetKey(["raw_zone", "attendance__attendance_daily"]) in above
    assert dg.AssetKey(["raw_zone", "oneroster__enrollments"]) in above
    assert dg.AssetKey(["gold", "rule_chronic_absence"]) in above


def test_only_schema_and_conservation_block(graph: dg.AssetGraph) -> None:
    blocking = {key.name for key in graph.asset_check_keys if graph.get_check_spec(key).blocking}
    assert blocking == {"schema_conforms", "rows_are_conserved"}


def test_every_check_says_why_it_matters_and_how_it_is_mended(graph: dg.AssetGraph) -> None:
    untold = explanation({"config": {}, "name": "x"})
    for key in graph.asset_check_keys:
        spec = graph.get_check_spec(key)
        assert spec.description, key
        for said in ("why", "how_to_mend"):
            assert spec.metadata[said], key
            assert spec.metadata[said] != untold[said], key


def test_direct_personal_data_is_marked_on_the_columns_of_assets(graph: dg.AssetGraph) -> None:
    schema = graph.get(dg.AssetKey(["raw_zone", "oneroster__users"])).metadata["dagster/column_schema"]
    columns = {column.name: column for column in schema.columns}
    assert columns["given_name"].tags["personal_data"] == "direct"
    assert columns["sourced_id"].tags["personal_data"] == "indirect"
    assert "password" not in columns


def test_the_outbox_is_the_only_trigger_of_gold(dagster: Session) -> None:
    repository = dagster.defs.get_repository_def()
    triggers = {sensor.name: [target.job_name for target in sensor.targets] for sensor in repository.sensor_defs}
    assert triggers == {"landing_files": ["arrivals"], "outbox": ["gold"], "incidents": []}
    assert all(
        repository.asset_graph.get(key).automation_condition is None
        for key in repository.asset_graph.get_all_asset_keys()
    )


def test_loading_the_definitions_needs_no_database(tmp_path: Path) -> None:
    """PGHOST points where nothing listens; the code location must load all the same."""
    nowhere = {"PGHOST": "127.0.0.1", "PGPORT": "1", "PGUSER": "nobody", "EDU_HOME": str(tmp_path)}
    loaded = subprocess.run(
        [sys.executable, "-c", "from edu_assets.definitions import defs; print(len(defs.resolve_all_asset_specs()))"],
        env={**os.environ, **nowhere},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    assert int(loaded.stdout) > 40
    assert "Warning" not in loaded.stderr


def test_dagster_is_imported_nowhere_below_orchestration() -> None:
    """Loading and building work without Dagster, and a command with nothing to do never pays for its import."""
    program = (
        "import sys, edu_assets.cli, edu_assets.raw_zone, edu_assets.gold, edu_assets.sample, "
        "edu_assets.orchestration.pipeline; print('dagster' in sys.modules, 'dbt' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]


def test_a_gold_run_asks_the_checks_of_the_raw_tables_that_gold_reads_and_a_run_of_checks_all(
    dagster: Session, sample_platform: Platform
) -> None:
    def asked(job: str) -> set[dg.AssetKey]:
        graph = dagster.defs.resolve_job_def(job).asset_layer.asset_graph
        return {key.asset_key for key in graph.asset_check_keys if key.asset_key.path[0].startswith("raw_")}

    every = sent(sample_platform)
    read = {raw_asset_key(contract) for contract in registry().contracts.values() if contract.conforms_to}
    written = (path.read_text(encoding="utf-8") for path in (PROJECT / "dbt_project").glob("m*/**/*.sql"))
    read |= {dg.AssetKey(named) for text in written for named in re.findall(r"source\('(raw_\w+)', '(\w+)'\)", text)}
    assert asked("checks") == every
    assert asked("gold") == read & every
    assert {dg.AssetKey(["raw_zone", "oneroster__roles"]), dg.AssetKey(["raw_zone", "edfi__deletes"])} <= read
