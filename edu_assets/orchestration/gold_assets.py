"""Gold as assets: one a dbt model, dbt's tests as their checks, built warm in this process.

Belongs here: reading dbt's manifest into assets and checks, and running one term. Does not belong here:
SQL (dbt_project/), how dbt is run (gold/), the checks of raw tables (raw_checks.py).

The manifest is read as the documented JSON that it is. dagster-dbt would do the same through
`@dbt_assets`, but it imports dbt whole, some 2.5 s more for every process that only needs to know the
assets: the code server, the daemon's sensors, the command line.

Views (staging, conformed, reporting, some marts) are virtual assets: they carry the lineage from raw to
mart, show their columns and are never missing, because a deploy makes them and no run does. Rule tables
(seeds) and the published network file are external assets.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
from dagster._core.storage.tags import BACKFILL_ID_TAG
from dagster._utils.interrupts import raise_interrupts_as

from edu_assets.contracts import Registry
from edu_assets.gold import GoldBuild, NodeResult, build_term
from edu_assets.gold.generate import DBT_PROJECT
from edu_assets.gold.lineage import made_of, origins, relation
from edu_assets.network import Network
from edu_assets.orchestration.freshness import freshness_policy
from edu_assets.orchestration.outcomes import outcomes
from edu_assets.orchestration.partitions import one_term
from edu_assets.orchestration.raw_assets import POOL, WAREHOUSE, code_references
from edu_assets.orchestration.samples import gold_pictures
from edu_assets.warehouse import Role

Node = Mapping[str, Any]
Event = dg.MaterializeResult | dg.AssetCheckEvaluation | dg.Output[None]

OWNER = "team:data-engineering"
ALWAYS_UP_TO_DATE = {"view": "a deploy makes it; a run has nothing to do"}
"""What a view says of itself: once, and of a term in a back-fill, which would wait for it for ever. Runs tell nothing
more of views: of the events of a gold run they would be a fifth."""
PASSED = {"pass"}
BUILT = {"success"}


@dataclass(frozen=True)
class Manifest:
    """dbt's manifest, reduced to what is an asset or a check in this network.

    Left out is what hangs on switched-off systems alone: views all of whose raw tables are off.
    """

    content: Mapping[str, Any]
    raw_tables_on: frozenset[str]

    def node(self, unique_id: str) -> Node:
        return self.content["nodes"].get(unique_id) or self.content["sources"][unique_id]

    def parents(self, unique_id: str) -> list[str]:
        return [
            parent
            for parent in self.content["parent_map"].get(unique_id, [])
            if parent.split(".")[0] in ("model", "seed", "snapshot", "source")
        ]

    def _row_parents(self, unique_id: str) -> list[str]:
        """What a view's rows come from. A table of gold brings none to a staging view: it resolves their numbers."""
        beside = ("gold",) if self.node(unique_id)["schema"] == "staging" else ()
        return [
            parent
            for parent in self.parents(unique_id)
            if not parent.startswith("seed.")
            and self.node(parent).get("source_name") != "etl"
            and self.node(parent)["schema"] not in beside
        ]

    @cached_property
    def off(self) -> frozenset[str]:
        """Unique ids of raw tables that are switched off, and of the views that have rows from nothing else.

        Rules and the network file are read beside the rows and make no difference.
        """
        off = {
            unique_id
            for unique_id, source in self.content["sources"].items()
            if source["source_name"].startswith("raw_") and source["name"] not in self.raw_tables_on
        }
        grew = True
        while grew:
            more = {
                unique_id
                for unique_id in self.views
                if unique_id not in off and (rows := self._row_parents(unique_id)) and off.issuperset(rows)
            }
            off |= more
            grew = bool(more)
        return frozenset(off)

    @cached_property
    def models(self) -> dict[str, Node]:
        """Models and snapshots by unique id."""
        return {
            unique_id: node
            for unique_id, node in self.content["nodes"].items()
            if node["resource_type"] in ("model", "snapshot") and node["config"]["materialized"] != "ephemeral"
        }

    @cached_property
    def views(self) -> dict[str, Node]:
        return {unique_id: node for unique_id, node in self.models.items() if node["config"]["materialized"] == "view"}

    @cached_property
    def assets(self) -> dict[str, Node]:
        """What the multi-asset consists of: models that are on, views included."""
        return {unique_id: node for unique_id, node in self.models.items() if unique_id not in self.off}

    @cached_property
    def parents_first(self) -> list[str]:
        """The assets in an order in which Dagster takes their materialisations."""
        graph = {unique_id: set(self.parents(unique_id)) & set(self.assets) for unique_id in self.assets}
        return list(TopologicalSorter(graph).static_order())

    @cached_property
    def given(self) -> dict[str, Node]:
        """What assets read and nothing here builds: seeds, and sources other than raw tables."""
        read = {parent for unique_id in self.assets for parent in self.parents(unique_id)}
        return {
            unique_id: self.node(unique_id)
            for unique_id in sorted(read)
            if unique_id.startswith("seed.")
            or (unique_id.startswith("source.") and not self.node(unique_id)["source_name"].startswith("raw_"))
        }

    @cached_property
    def tests(self) -> dict[str, Node]:
        """Data tests by unique id that check an asset of this network."""
        return {
            unique_id: node
            for unique_id, node in self.content["nodes"].items()
            if node["resource_type"] == "test" and self.tested(node) in self.assets
        }

    def tested(self, test: Node) -> str | None:
        """The model that a test is about: the one whose yml holds it, else the last that it reads."""
        if test.get("attached_node"):
            return test["attached_node"]
        read = [unique_id for unique_id in test["depends_on"]["nodes"] if unique_id in self.models]
        return read[-1] if read else None


def asset_key(node: Node) -> dg.AssetKey:
    """Schema and name: `gold/mart_enrollment`, `staging/stg_oneroster__users`, `raw_zone/oneroster__users`."""
    if node["resource_type"] == "source":
        return dg.AssetKey([node["source_name"], node["name"]])
    return dg.AssetKey([node["schema"], node["name"]])


def group_name(node: Node) -> str:
    """A group by the model's declared domain, else by its folder.

    Staging views stand with their system, so that a system's group reads from raw table to view.
    """
    declared = node["config"].get("meta", {}).get("domain")
    if declared:
        return f"gold_{declared}"
    if node["resource_type"] == "source":
        return "network_file"
    if node["resource_type"] == "seed":
        return "rules"
    folders = node["fqn"][1:-1]
    if folders[:1] == ["staging"] and len(folders) > 1:
        return folders[1]
    if folders[:1] == ["generated"]:
        return "conformed"
    return "_".join(folders) or "gold"


def column_schema(node: Node, lineage: Mapping[str, list[dg.TableColumnDep]] | None = None) -> dg.TableSchema:
    """The columns as the model's yml declares them, with constraints, personal-data class and what they are made of.

    Dagster's open user interface shows the lineage of columns nowhere, so the descriptions tell it too.
    """
    keys = [
        f"{constraint['type'].replace('_', ' ')} ({', '.join(constraint['columns'])})"
        + (f" references {constraint['to']}" if constraint.get("to") else "")
        for constraint in node.get("constraints", [])
        if constraint.get("columns")
    ]
    return dg.TableSchema(
        columns=[_column(column, (lineage or {}).get(column["name"], [])) for column in node["columns"].values()],
        constraints=dg.TableConstraints(other=keys),
    )


def _column(column: Mapping[str, Any], made_of: list[dg.TableColumnDep]) -> dg.TableColumn:
    sources = ", ".join(f"{'.'.join(source.asset_key.path)}.{source.column_name}" for source in made_of)
    told = [column.get("description") or "", f"← {sources}" if sources else ""]
    constraints = column.get("constraints") or []
    kinds = {constraint["type"] for constraint in constraints}
    meta = column.get("config", {}).get("meta", {}) or column.get("meta", {})
    return dg.TableColumn(
        column["name"],
        column.get("data_type") or "unknown",
        description=" ".join(filter(None, told)) or None,
        constraints=dg.TableColumnConstraints(
            nullable="not_null" not in kinds,
            unique="unique" in kinds,
            other=[constraint["expression"] for constraint in constraints if constraint["type"] == "check"],
        ),
        tags={"personal_data": meta.get("personal_data", "none")},
    )


def check_names(tests: Mapping[str, Node], tested: Mapping[str, str]) -> dict[str, str]:
    """Names of checks by the unique id of their test: short where dbt made up a long one.

    dbt joins test, model and arguments and cuts the result; a reader wants the test and the column. Where
    two tests of one model would share a name, both keep dbt's.
    """
    short = {unique_id: _short_name(test) for unique_id, test in tests.items()}
    taken = Counter((tested[unique_id], name) for unique_id, name in short.items())
    return {
        unique_id: name if taken[tested[unique_id], name] == 1 else tests[unique_id]["name"]
        for unique_id, name in short.items()
    }


def _short_name(test: Node) -> str:
    generic = test.get("test_metadata")
    if not generic or not test["name"].startswith(f"{generic['name']}_"):
        return test["name"]
    return "_".join(filter(None, (generic["name"], test.get("column_name"))))


def column_lineage(manifest: Manifest, unique_id: str) -> dict[str, list[dg.TableColumnDep]]:
    """Of each column the columns of other assets that it is made of."""
    return {
        column: [dg.TableColumnDep(asset_key(manifest.node(above)), name) for above, name in found]
        for column in manifest.node(unique_id)["columns"]
        if (found := made_of(manifest.content, (unique_id, column), manifest.off))
    }


def file_columns(manifest: Manifest, unique_id: str, declared: Registry) -> dg.TableMetadataValue:
    """Of each column the columns of source files, rules and network file that its values come from."""
    records = []
    for column in manifest.node(unique_id)["columns"]:
        for above, name in origins(manifest.content, (unique_id, column), manifest.off):
            contract = declared.contracts.get(manifest.node(above)["name"])
            header = next((known.header for known in contract.columns if known.name == name), None) if contract else ""
            records.append(
                dg.TableRecord(
                    {
                        "column": column,
                        "made_of": f"{relation(manifest.content, above)}.{name}",
                        "file": ", ".join(contract.files) if contract and header else "",
                        "column_of_the_file": header or "",
                    }
                )
            )
    names = ("column", "made_of", "file", "column_of_the_file")
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name) for name in names]))


@dataclass(frozen=True)
class GoldGraph:
    """Gold as Dagster sees it: what a run builds, and what it finds."""

    assets: dg.AssetsDefinition
    external: list[dg.AssetSpec]


def gold_graph(
    content: Mapping[str, Any], network: Network, declared: Registry, partitions: dg.PartitionsDefinition
) -> GoldGraph:
    """Assets, checks and external assets from dbt's manifest."""
    contracts = declared.switched_on(network)
    manifest = Manifest(content, frozenset(contract.name for contract in contracts))
    patience = max((contract.freshness_days for contract in contracts), default=1)
    policy = freshness_policy(network, patience)
    return GoldGraph(
        assets=_gold_assets(manifest, declared, partitions, policy),
        external=[_external_spec(node) for node in manifest.given.values()],
    )


def _external_spec(node: Node) -> dg.AssetSpec:
    is_rule = node["resource_type"] == "seed"
    return dg.AssetSpec(
        asset_key(node),
        description=node["description"] or None,
        group_name=group_name(node),
        owners=[OWNER],
        kinds={"dbt", "csv"} if is_rule else {"postgres"},
        tags={"edu/layer": "rules" if is_rule else "network"},
        metadata={
            "dagster/table_name": f"{node['schema']}.{node['name']}",
            "dagster/column_schema": column_schema(node),
        },
    )


def _model_spec(
    manifest: Manifest,
    declared: Registry,
    unique_id: str,
    node: Node,
    partitions: dg.PartitionsDefinition,
    policy: dg.FreshnessPolicy,
) -> dg.AssetSpec:
    is_view = unique_id in manifest.views
    meta = node["config"].get("meta", {})
    lineage = column_lineage(manifest, unique_id)
    return dg.AssetSpec(
        asset_key(node),
        deps=[asset_key(manifest.node(parent)) for parent in manifest.parents(unique_id) if parent not in manifest.off],
        description=node["description"] or None,
        group_name=group_name(node),
        owners=[f"team:{meta['owner']}" if "owner" in meta else OWNER],
        kinds={"dbt", "postgres"} | ({"view"} if is_view else set()),
        tags={"edu/layer": node["schema"], **{f"dbt/{tag}": "" for tag in node.get("tags", [])}},
        metadata={
            "dagster/table_name": f"{node['schema']}.{node['name']}",
            "dagster/column_schema": column_schema(node, lineage),
            "dagster/column_lineage": dg.TableColumnLineage(lineage),
            "columns_come_from": file_columns(manifest, unique_id, declared),
            "dbt/unique_id": unique_id,
            "dbt/file": node["original_file_path"],
            **code_references(_files(node)),
        },
        code_version=node["checksum"]["checksum"],
        partitions_def=partitions,
        freshness_policy=None if is_view else policy,
        skippable=True,
        is_virtual=is_view,
    )


def _files(node: Node) -> dict[str, str]:
    """The model's files with what they hold: its SQL, and what is said of it."""
    said = (node.get("patch_path") or "").partition("://")[2]
    files = {node["original_file_path"]: "SQL", said: "description and checks"}
    return {str(DBT_PROJECT / path): label for path, label in files.items() if path}


def _check_spec(name: str, test: Node, key: dg.AssetKey, partitions: dg.PartitionsDefinition) -> dg.AssetCheckSpec:
    explained = explanation(test)
    return dg.AssetCheckSpec(
        name,
        asset=key,
        description=explained["what"],
        metadata={**explained, "dbt/unique_id": test["unique_id"]},
        partitions_def=partitions,
    )


def explanation(test: Node) -> dict[str, str]:
    """What a test says, why it matters and how it is mended, from its `meta`."""
    meta = test["config"].get("meta", {}) or test.get("meta", {})
    return {
        "what": meta.get("what") or test.get("description") or f"dbt test {test['name']}",
        "why": meta.get("why", "The model's yml gives no reason."),
        "how_to_mend": meta.get("mend", f"Run the compiled SQL of dbt test {test['name']} for the term."),
    }


def _gold_assets(
    manifest: Manifest, declared: Registry, partitions: dg.PartitionsDefinition, policy: dg.FreshnessPolicy
) -> dg.AssetsDefinition:
    keys = {unique_id: asset_key(node) for unique_id, node in manifest.assets.items()}
    tested = {unique_id: str(manifest.tested(test)) for unique_id, test in manifest.tests.items()}
    checks = {
        unique_id: dg.AssetCheckKey(keys[tested[unique_id]], name)
        for unique_id, name in check_names(manifest.tests, tested).items()
    }

    @dg.multi_asset(
        name="build_gold",
        description="Builds gold for the term of the run with dbt, in this process, and runs the tests of the term.",
        specs=[
            _model_spec(manifest, declared, unique_id, node, partitions, policy)
            for unique_id, node in manifest.assets.items()
        ],
        check_specs=[
            _check_spec(key.name, manifest.tests[unique_id], key.asset_key, partitions)
            for unique_id, key in checks.items()
        ],
        can_subset=True,
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
        pool=POOL,
    )
    def build(context: dg.AssetExecutionContext) -> Iterator[Event]:
        chosen = {unique_id for unique_id, key in keys.items() if key in context.selected_asset_keys}
        chosen_checks = {unique_id for unique_id, key in checks.items() if key in context.selected_asset_check_keys}
        term_key = one_term(context)
        warehouse = context.resources.warehouse
        select = dbt_selection(manifest, chosen, chosen_checks)
        is_waited_for = BACKFILL_ID_TAG in context.run.tags
        if select == []:
            for unique_id in (each for each in manifest.parents_first if each in chosen and is_waited_for):
                yield dg.MaterializeResult(asset_key=keys[unique_id], metadata=ALWAYS_UP_TO_DATE)
            return
        with raise_interrupts_as(KeyboardInterrupt):  # the one interrupt upon which dbt cancels its queries
            built = build_term(warehouse, warehouse.settings, term_key, select=select, run_id=context.run.run_id)
        results = {result.unique_id: result for result in built.results}
        with warehouse.connect(Role.DBT, application_name=f"edu gold {term_key}") as connection:
            shown = {
                unique_id: gold_pictures(connection, manifest.node(unique_id), term_key)
                for unique_id in chosen.intersection(results)
                if results[unique_id].status in BUILT
            }
        if not built.failed:
            _tell_of_new_views(context.instance, {keys[each] for each in manifest.views if each in keys})
        # one entry for all: each is an event in the storage, which takes some milliseconds to write
        context.log.info("\n".join(_line(result) for result in built.results if result.is_relation))
        for unique_id in (each for each in manifest.parents_first if each in chosen):
            if unique_id in manifest.views and is_waited_for and not built.failed:
                yield dg.MaterializeResult(asset_key=keys[unique_id], metadata=ALWAYS_UP_TO_DATE)
            elif unique_id in shown:
                metadata = model_metadata(built, results[unique_id]) | shown[unique_id]
                yield dg.MaterializeResult(asset_key=keys[unique_id], metadata=metadata)
        yield from outcomes(
            context,
            (
                check_result(checks[unique_id], manifest.tests[unique_id], results[unique_id])
                for unique_id in chosen_checks.intersection(results)
                if results[unique_id].status != "skipped"
            ),
        )
        _fail_where_not_built(term_key, built.results)

    return build


def _tell_of_new_views(instance: dg.DagsterInstance, views: set[dg.AssetKey]) -> None:
    """Say once of each view that it is there. Of one that has no event the user interface believes that it is missing,
    and asks whoever builds what reads it whether they are sure."""
    known = {
        record.asset_entry.asset_key
        for record in instance.get_asset_records(list(views))
        if record.asset_entry.last_materialization_record is not None
    }
    for key in views - known:
        instance.report_runless_asset_event(dg.AssetMaterialization(key, metadata=ALWAYS_UP_TO_DATE))


def dbt_selection(manifest: Manifest, models: Iterable[str], tests: Iterable[str]) -> list[str] | None:
    """What dbt is told to build, by fully qualified names; None for the whole term.

    Views are never chosen by themselves: a deploy makes them.
    """
    tables, tests = set(models) - set(manifest.views), set(tests)
    if tables == set(manifest.assets) - set(manifest.views) and tests == set(manifest.tests):
        return None
    names = sorted(".".join(manifest.models[unique_id]["fqn"]) for unique_id in tables)
    return names + sorted(".".join(manifest.tests[unique_id]["fqn"]) for unique_id in tests)


def model_metadata(built: GoldBuild, result: NodeResult) -> dict[str, Any]:
    """Rows of the term, seconds, and the load up to which raw was read."""
    metadata: dict[str, Any] = {
        "seconds": dg.MetadataValue.float(round(result.seconds, 3)),
        "built_from_load": dg.MetadataValue.int(built.built_from),
    }
    if result.rows_affected is not None:
        metadata["dagster/partition_row_count"] = dg.MetadataValue.int(result.rows_affected)
    return metadata


def check_result(key: dg.AssetCheckKey, test: Node, result: NodeResult) -> dg.AssetCheckResult:
    """A dbt test's result with what it says, why it matters and how it is mended."""
    explained = explanation(test)
    failures = result.failures or 0
    if result.status in PASSED:
        found = f"Holds: {explained['what']}."
    elif result.status == "error":
        found = f"Could not be asked: {explained['what']}."
    else:
        found = f"Does not hold, {failures:,} rows say otherwise: {explained['what']}."
        if result.found:
            found += f" Found: {'; '.join(result.found)}."
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=result.status in PASSED,
        severity=dg.AssetCheckSeverity.WARN if result.status == "warn" else dg.AssetCheckSeverity.ERROR,
        description=found,
        metadata={**explained, "failing_rows": failures, "seconds": round(result.seconds, 3)},
    )


def _line(result: NodeResult) -> str:
    rows = "" if result.rows_affected is None else f", {result.rows_affected:,} rows"
    return f"{result.name}: {result.status}{rows} in {result.seconds:.2f} s"


def _fail_where_not_built(term_key: str, results: Iterable[NodeResult]) -> None:
    """Raise Failure where a model was not built, so that the run is red and the term stays stale."""
    broken = [result for result in results if result.is_relation and result.status == "error"]
    if not broken:
        return
    skipped = [result.name for result in results if result.status == "skipped"]
    raise dg.Failure(
        f"Gold of {term_key} is not built: {', '.join(result.name for result in broken)} failed"
        + (f" and {len(skipped)} nodes that follow were skipped" if skipped else "")
        + f". Nothing of the term was replaced by half. Reason of the first: {broken[0].message}",
        allow_retries=False,
    )
