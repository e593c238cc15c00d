"""Commands of dbt in a network's database, and what became of each node.

Belongs here: running dbt as dbt_user. Does not belong here: which command is due (deploy.py, build.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from edu_assets.gold.project import (
    GoldFailed,
    dbt_environment,
    flags,
    manifest_of,
    reason,
    runner_class,
    without_values,
)
from edu_assets.settings import Settings
from edu_assets.warehouse import Role, Warehouse


class NodeResult(BaseModel):
    """What became of one dbt node.

    status: success, error, skipped (models, seeds), pass, warn, fail, error, skipped (tests).
    rows_affected: rows written for the term. failures: rows that a test found. found: of the first of these rows, what
    the test's `meta: {names: [columns]}` allows to be told, since no person stands in it.
    """

    unique_id: str
    name: str
    resource_type: str
    status: str
    seconds: float
    rows_affected: int | None = None
    failures: int | None = None
    found: list[str] = []
    message: str = ""

    @property
    def is_relation(self) -> bool:
        """Whether the node is a model or a snapshot, not a test or a rule."""
        return self.resource_type in ("model", "snapshot")


def run_dbt(
    warehouse: Warehouse, settings: Settings, arguments: list[str], variables: Mapping[str, str]
) -> list[NodeResult]:
    """Run one dbt command as dbt_user. Raises GoldFailed where it ends without results of nodes; KeyboardInterrupt,
    upon which dbt has cancelled what it asked of PostgreSQL."""
    return [node_result(node) for node in nodes_of(warehouse, settings, arguments, variables)]


def nodes_of(warehouse: Warehouse, settings: Settings, arguments: list[str], variables: Mapping[str, str]) -> list[Any]:
    """dbt's own results of the nodes of a command."""
    manifest = manifest_of(warehouse)
    settings.dbt_target.mkdir(parents=True, exist_ok=True)
    with dbt_environment({**warehouse.environment(Role.DBT), **variables}):
        outcome = runner_class()(manifest=manifest).invoke([*arguments, *flags(settings.dbt_target)])
    if outcome.exception is not None and not isinstance(outcome.exception, Exception):
        raise outcome.exception  # dbt hands an interrupt over like any error
    if outcome.exception is not None or outcome.result is None:
        raise GoldFailed(f"dbt {arguments[0]} ended early: {reason(outcome)}")
    for result in map(node_result, outcome.result.results):
        if result.resource_type == "operation" and result.status == "error":
            raise GoldFailed(f"dbt {arguments[0]} was refused: {result.message}")
    return list(outcome.result.results)


def node_result(node: Any, found: Sequence[str] = ()) -> NodeResult:
    response = node.adapter_response or {}
    return NodeResult(
        unique_id=node.node.unique_id,
        name=node.node.name,
        resource_type=str(node.node.resource_type),
        status=str(node.status),
        seconds=node.execution_time,
        rows_affected=response.get("rows_affected"),
        failures=node.failures,
        found=list(found),
        message=without_values(node.message or ""),
    )
