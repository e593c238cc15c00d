"""Raw tables as assets: one a contract, everything on its page from the contract.

Belongs here: the translation of a contract into an asset, and what materialising one by hand does. Does
not belong here: how a file becomes rows (raw_zone/), the checks (raw_checks.py), reporting loads that
happened elsewhere (outbox.py).

Tables that no feed of the network sends exist, empty, in the database; as assets they would be rows of grey in
every view of the user interface, so they are left out until a feed sends them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from edu_assets.contracts import Registry
from edu_assets.contracts.base import Column, Contract, PersonalData
from edu_assets.network import Network
from edu_assets.orchestration.freshness import freshness_policy
from edu_assets.orchestration.partitions import one_term
from edu_assets.raw_zone import load_waiting, reapply

WAREHOUSE = "warehouse"
"""The resource that every op takes: the handle on the network's databases, with its settings."""

POOL = "postgresql"
"""The pool of every op: so many steps at once, whoever started them (instance.py), since each takes connections."""

LOAD_ID = "load_id"
"""Metadata of each materialisation: the load that it reports. The outbox reads it back."""

FIGURES = (
    "rows_read",
    "accepted",
    "inserted",
    "changed",
    "unchanged",
    "closed",
    "duplicates",
    "quarantined",
    "held",
    "withheld",
)

AUDIT_COLUMNS = {
    "term_key": ("text", "academic year and term of the slice"),
    "_feed": ("text", "system instance that sent the row"),
    "_extra": ("jsonb", "columns that the contract does not know"),
    "_source_file": ("text", "file in which the row was sent"),
    "_source_row": ("bigint", "line of the row in that file"),
    "_load_id": ("bigint", "load that brought this version of the row"),
    "_ingested_at": ("timestamptz", "when this version of the row first arrived"),
    "_row_hash": ("bigint", "hash by which versions of the row are compared"),
}

_STRICTNESS = list(PersonalData)


def raw_asset_key(contract: Contract) -> dg.AssetKey:
    """Schema and table, e.g. `raw_zone/oneroster__users`."""
    return dg.AssetKey([contract.raw_schema, contract.name])


def raw_asset_spec(
    contract: Contract, network: Network, partitions: dg.PartitionsDefinition, declared_in: str | None = None
) -> dg.AssetSpec:
    """The asset of a contract: key, group, owner, tags, columns, freshness and the file that declares it."""
    return dg.AssetSpec(
        raw_asset_key(contract),
        description=_description(contract),
        group_name=contract.system,
        owners=[f"team:{contract.owner}"],
        kinds={"postgres"},
        tags=_tags(contract, network),
        metadata={
            "dagster/table_name": contract.raw_table,
            "dagster/column_schema": column_schema(contract),
            "key": ", ".join(("term_key", "_feed", *contract.key)),
            "files": ", ".join(contract.files),
            "conforms_to": ", ".join(contract.conforms_to),
            **code_references({declared_in: "contract"} if declared_in else {}),
        },
        partitions_def=partitions,
        freshness_policy=freshness_policy(network, contract.freshness_days),
        skippable=True,
    )


def code_references(files: Mapping[str, str]) -> dict[str, Any]:
    """Metadata by which an asset's page links to the files, with a label each, that make it what it is."""
    references = [dg.LocalFileCodeReference(file_path=path, label=label) for path, label in files.items()]
    return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=references)} if references else {}


def _description(contract: Contract) -> str:
    scope = ", ".join(contract.scope) or "the whole term of the feed"
    return (
        f"{contract.description}\n\n"
        f"As the source sent it, nothing recoded. Term rule `{contract.term.rule}`; load mode "
        f"`{contract.mode.value}`; a full delivery states {scope}; late after {contract.freshness_days} days."
    )


def _tags(contract: Contract, network: Network) -> dict[str, str]:
    feeds = [name for name, feed in network.feeds.items() if feed.sends(contract)]
    return {
        "edu/layer": "raw",
        "edu/system": contract.system,
        "edu/term_rule": contract.term.rule,
        "edu/load_mode": contract.mode.value,
        "edu/personal_data": strictest_class(contract).value,
        **{f"edu/feed.{feed}": "" for feed in feeds},
    }


def strictest_class(contract: Contract) -> PersonalData:
    """The highest personal-data class among the columns that are stored."""
    return max((column.personal for column in contract.stored_columns), key=_STRICTNESS.index)


def column_schema(contract: Contract) -> dg.TableSchema:
    """The columns of the raw table with type, meaning, constraints and personal-data class."""
    declared = [
        dg.TableColumn(
            column.name,
            column.type.value,
            description=f"{column.description} (source column `{column.header}`)",
            constraints=_constraints(column),
            tags={"personal_data": column.personal.value},
        )
        for column in contract.stored_columns
    ]
    audit = [
        dg.TableColumn(name, kind, description=text, tags={"personal_data": PersonalData.NONE.value})
        for name, (kind, text) in AUDIT_COLUMNS.items()
    ]
    return dg.TableSchema(
        columns=declared + audit,
        constraints=dg.TableConstraints(other=[f"primary key (term_key, _feed, {', '.join(contract.key)})"]),
    )


def _constraints(column: Column) -> dg.TableColumnConstraints:
    other = []
    if column.known_values:
        other.append(f"one of {', '.join(column.known_values)}")
    if column.pattern:
        other.append(f"matches {column.pattern}")
    if column.formats and column.type.value in ("date", "timestamptz"):
        other.append(f"written {' or '.join(column.formats)}")
    return dg.TableColumnConstraints(nullable=not column.required, other=other)


def load_metadata(figures: Mapping[str, Any]) -> dict[str, Any]:
    """What a materialisation says of a load: its id, feed, status and row counts; no source value."""
    return {
        LOAD_ID: int(figures["load_id"]),
        "feed": figures["feed"],
        "mode": figures["mode"],
        "status": figures["status"],
        **{name: int(figures[name]) for name in FIGURES},
    }


def raw_assets(network: Network, declared: Registry, partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """One multi-asset a system, so that several tables of a term are one step and one process."""
    by_system: dict[str, list[Contract]] = {}
    for contract in declared.switched_on(network):
        by_system.setdefault(contract.system, []).append(contract)
    return [
        _of_system(
            system,
            contracts,
            [raw_asset_spec(one, network, partitions, declared.declared_in.get(one.name)) for one in contracts],
            partitions,
        )
        for system, contracts in by_system.items()
    ]


def _of_system(
    system: str, contracts: list[Contract], specs: list[dg.AssetSpec], partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    by_key = {raw_asset_key(contract): contract for contract in contracts}

    @dg.multi_asset(
        name=f"raw_{system}",
        description="Loads what waits for the network, then re-applies the archive of each chosen table and term.",
        specs=specs,
        can_subset=True,
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
        pool=POOL,
    )
    def materialise(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        term_key = one_term(context)
        warehouse = context.resources.warehouse
        for report in load_waiting(warehouse, warehouse.settings, run_id=context.run.run_id):
            context.log.info(f"{report.source_file}: {report.status}; {'; '.join(report.problems)}")
        for key, contract in by_key.items():
            if key not in context.selected_asset_keys:
                continue
            slices = reapply(warehouse, warehouse.settings, contract.name, term_key, run_id=context.run.run_id)
            context.log.info(f"{contract.name} {term_key}: {len(slices)} slices re-applied")
            for applied in slices:
                context.log.info(f"{applied.raw_table} {applied.feed}: {applied.status}")
            metadata = load_metadata(slices[-1].model_dump()) if slices else {}
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)

    return materialise
