"""The checks of raw tables as Dagster runs them, each on the partition of its run.

Belongs here: specs, and putting the questions of a run's term over one connection. Does not belong here: the
questions (raw_rules.py).
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg

from edu_assets.contracts import Registry
from edu_assets.contracts.base import Contract
from edu_assets.network import Network
from edu_assets.orchestration.outcomes import outcomes
from edu_assets.orchestration.partitions import one_term
from edu_assets.orchestration.raw_assets import POOL, WAREHOUSE, raw_asset_key
from edu_assets.orchestration.raw_rules import RULES, Slice
from edu_assets.warehouse import Role


def raw_check_specs(contract: Contract, partitions: dg.PartitionsDefinition) -> list[dg.AssetCheckSpec]:
    """The checks of a contract's asset."""
    return [
        dg.AssetCheckSpec(
            rule.name,
            asset=raw_asset_key(contract),
            description=rule.description,
            blocking=rule.blocking,
            partitions_def=partitions,
            metadata={"why": rule.why, "how_to_mend": rule.mend},
        )
        for rule in RULES
    ]


def check_slice(about: Slice, names: set[str]) -> Iterator[dg.AssetCheckResult]:
    """Put the named rules to one raw table and term."""
    for rule in RULES:
        if rule.name in names:
            yield rule.result(about.contract, rule.ask(about))


def raw_checks(network: Network, declared: Registry, partitions: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    """Every check of every raw table as one step: one connection, and gold waits for one step."""
    contracts = declared.switched_on(network)
    specs = [spec for contract in contracts for spec in raw_check_specs(contract, partitions)]
    blocking = [spec for spec in specs if spec.blocking]

    @dg.multi_asset_check(
        name="raw_checks",
        description="The checks of raw tables on the term of the run.",
        specs=specs,
        can_subset=True,
        required_resource_keys={WAREHOUSE},
        pool=POOL,
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
        term = network.calendar.term(one_term(context))
        now = datetime.now(ZoneInfo(network.timezone))
        keys = context.selected_asset_check_keys
        chosen = {
            contract.name: {key.name for key in keys if key.asset_key == raw_asset_key(contract)}
            for contract in contracts
        }
        with context.resources.warehouse.connect(Role.ETL, application_name="edu checks") as connection:
            results = (
                result
                for contract in contracts
                for result in check_slice(Slice(connection, network, contract, term, now), chosen[contract.name])
            )
            yield from outcomes(context, results, blocking)

    return check
