"""A deploy of gold: tables, rules and views of this version of the project, and its unit tests.

Belongs here: whether a version stands, and making it stand. Does not belong here: rows of a term (build.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from psycopg import Connection

from edu_assets.gold.commands import NodeResult, run_dbt
from edu_assets.gold.ledger import LEDGER_DDL
from edu_assets.gold.project import GoldFailed, models_digest, parsed_manifest
from edu_assets.gold.rules import demand_known_authorities, demand_known_methods
from edu_assets.settings import Settings
from edu_assets.warehouse import Role, Warehouse
from edu_assets.warehouse.locks import session_lock
from edu_assets.warehouse.placement import locked

DEPLOY_LOCK = "edu:deploy:gold"


def is_deployed(connection: Connection, digest: str) -> bool:
    """Whether tables, rules and views of this version stand; asked as dbt_user."""
    exists = connection.execute("select to_regclass('gold.deployment') is not null").fetchone()
    if not (exists and exists[0]):
        return False
    last = connection.execute("select project_digest from gold.deployment order by deployed_at desc limit 1").fetchone()
    return last is not None and last[0] == digest


def gold_stands(warehouse: Warehouse) -> bool:
    """Whether a deploy would find nothing to do."""
    with warehouse.connect(Role.DBT, autocommit=True, application_name="edu deploy gold") as connection:
        return is_deployed(connection, models_digest())


def deploy_gold(warehouse: Warehouse, settings: Settings) -> list[NodeResult]:
    """Create or alter the gold tables, load the rule tables, make the views, run the unit tests.

    Does nothing where this version stands already, and then returns no results; the network file has no part in it.
    Processes that deploy at once take turns. Raises GoldFailed where a node or a unit test fails; rows stay as they
    were, and no term is built until that is mended. Raises UnknownAuthority or UnknownMethod where the network file
    names one that no rule knows.
    """
    demand_known_authorities(settings.network)
    demand_known_methods(settings.network)
    digest = models_digest()
    with (
        warehouse.connect(Role.DBT, autocommit=True, application_name="edu deploy gold") as connection,
        session_lock(connection, DEPLOY_LOCK),
    ):
        if is_deployed(connection, digest):
            return []
        connection.execute(LEDGER_DDL)
        deployed = run_dbt(
            warehouse,
            settings,
            ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"],
            {"EDU_DEPLOY": "1"},
        )
        _demand(deployed, "deploying gold failed")
        tested = _unit_tests(warehouse, settings)
        connection.execute(
            "insert into gold.deployment (project_digest) values (%s)"
            " on conflict (project_digest) do update set deployed_at = clock_timestamp()",
            [digest],
        )
        return deployed + tested


def _unit_tests(warehouse: Warehouse, settings: Settings) -> list[NodeResult]:
    """Run those of dbt's unit tests that have not passed as they are now: they bring their own rows, so what passed in
    one network has passed in all of this home."""
    record = (settings.home / "unit_tests.passed").resolve()
    with locked(record.with_suffix(".lock")):  # whoever comes second finds them passed
        return _due_unit_tests(warehouse, settings, record)


def _due_unit_tests(warehouse: Warehouse, settings: Settings, record: Path) -> list[NodeResult]:
    passed = set(record.read_text(encoding="utf-8").split()) if record.exists() else set()
    tests = unit_test_versions(parsed_manifest())
    due = {name: version for name, version in tests.items() if version not in passed}
    if not due:
        return []
    select = ["test_type:unit"] if len(due) == len(tests) else sorted(due)
    tested = run_dbt(warehouse, settings, ["test", "--select", *select], {"EDU_DEPLOY": "1"})
    _demand(tested, "a unit test of gold fails, so no term is built with these models")
    with record.open("a", encoding="utf-8") as file:
        file.writelines(f"{version}\n" for version in due.values())
    return tested


def unit_test_versions(manifest: Any) -> dict[str, str]:
    """Unit tests by their qualified name, each with a hash of all that decides its outcome: what it gives and expects,
    its model, the macros, and all that the model is made of, from which the given rows have the types of columns."""
    project = manifest.metadata.project_name
    macros = _hash(
        *(macro.macro_sql for name, macro in sorted(manifest.macros.items()) if macro.package_name == project)
    )

    @cache
    def version(unique_id: str) -> str:
        node = manifest.nodes.get(unique_id) or manifest.sources[unique_id]
        columns = [f"{name} {column.data_type}" for name, column in node.columns.items()]
        if unique_id in manifest.sources:
            return _hash(unique_id, *columns)
        config = json.dumps(node.config.to_dict(), sort_keys=True, default=str)
        return _hash(unique_id, node.checksum.checksum, config, *columns, *map(version, sorted(node.depends_on_nodes)))

    return {
        ".".join(test.fqn): _hash(test.checksum, macros, *map(version, sorted(test.depends_on_nodes)))
        for test in manifest.unit_tests.values()
    }


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _demand(results: Sequence[NodeResult], what: str) -> None:
    broken = [result for result in results if result.status in ("error", "fail")]
    if broken:
        raise GoldFailed(f"{what}: {'; '.join(f'{node.name}: {node.message}' for node in broken[:3])}")
