"""Gold of one term: dbt builds its tables and runs its tests, with loads and other builds of the term waiting.

Belongs here: the run of a term, and the commands that dbt gets in a network's database. Does not belong here: SQL
(dbt_project/), what is recorded of a build (ledger.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import dict_row

from edu_assets.gold.commands import node_result, nodes_of
from edu_assets.gold.deploy import deploy_gold
from edu_assets.gold.ledger import GoldBuild, Ledger
from edu_assets.gold.project import GoldFailed, project_digest
from edu_assets.settings import Settings
from edu_assets.warehouse import Role, Warehouse, locks
from edu_assets.warehouse.locks import session_lock

MADE_BY_TERM = (
    *("config.materialized:term_partitioned", "config.materialized:dimension"),
    *("resource_type:snapshot", "test_type:data"),
)
"""What the run of a term has to do. Views stand since the deploy; to find each of them standing takes dbt longer than
to build the tables of a small network."""
JOINS_BY_HASH = {"enable_nestloop": "off", "enable_mergejoin": "off"}
"""How PostgreSQL joins what reads a whole term. Of rows that a query has made itself it knows next to nothing, so that
it would look through some hundred thousand rows once for each of others; by a hash of all columns of the join, the
worst case is near the best."""
MOST_TOLD = 20
"""Rows that a test found of which a check tells."""


def build_term(
    warehouse: Warehouse,
    settings: Settings,
    term_key: str,
    *,
    select: Sequence[str] | None = None,
    run_id: str | None = None,
) -> GoldBuild:
    """Build gold for one term and run the tests of the term; `select` narrows it to some nodes.

    Deploys first where this version does not stand. Loads and other builds of the term wait meanwhile. A model
    that fails leaves the term's old rows in place and is found in the result. Raises GoldFailed where dbt did
    not start at all.
    """
    settings.network.calendar.term(term_key)
    deploy_gold(warehouse, settings)
    digest = project_digest(settings)
    with (
        warehouse.connect(Role.DBT, autocommit=True, application_name=f"edu gold {term_key}") as connection,
        session_lock(connection, locks.TERM + term_key),
    ):
        ledger = Ledger.open(connection, term_key, digest, is_whole=select is None, run_id=run_id)
        begun = time.monotonic()
        try:
            nodes = nodes_of(
                warehouse,
                settings,
                [
                    "build",
                    "--exclude-resource-type",
                    "seed",
                    "--exclude-resource-type",
                    "unit_test",
                    *_selected(select),
                ],
                _of_term(term_key),
            )
            results = [node_result(node, _found(connection, node)) for node in nodes]
        except BaseException as error:
            ledger.failed(str(error) if isinstance(error, GoldFailed) else type(error).__name__)
            raise
        build = GoldBuild(
            term_key=term_key, built_from=ledger.built_from, seconds=time.monotonic() - begun, results=results
        )
        ledger.close(build)
        return build


def _of_term(term_key: str) -> dict[str, str]:
    """The environment in which dbt builds a term. PGOPTIONS is libpq's."""
    return {"EDU_TERM": term_key, "PGOPTIONS": " ".join(f"-c {name}={value}" for name, value in JOINS_BY_HASH.items())}


def _selected(select: Sequence[str] | None) -> list[str]:
    return ["--select", *(MADE_BY_TERM if select is None else select)]


def compiled_models(warehouse: Warehouse, settings: Settings, term_key: str) -> dict[str, str]:
    """The SELECT of each table that a term's run makes, by the model's name; of a dimension the rows of the term, as
    its materialisation asks for them."""
    deploy_gold(warehouse, settings)
    select = [made for made in MADE_BY_TERM if made.startswith("config.materialized")]
    nodes = nodes_of(warehouse, settings, ["compile", "--select", *select], _of_term(term_key))
    return {node.node.name: _asked(node.node, term_key) for node in nodes}


def _asked(model: Any, term_key: str) -> str:
    code: str = model.compiled_code
    if model.config.materialized != "dimension" or model.config.meta.get("scope") == "network":
        return code
    term = sql.Literal(term_key).as_string()
    return f"select * from (\n{code}\n) as member where term_key = {term}"  # noqa: S608 (dbt's own SELECT)


def _found(connection: Connection, node: Any) -> list[str]:
    """What a test that does not hold found, as far as its declaration allows to tell."""
    names = node.node.config.meta.get("names") if node.node.resource_type == "test" else None
    if not names or str(node.status) not in ("warn", "fail"):
        return []
    with connection.cursor(row_factory=dict_row) as cursor:
        found = f"select * from (\n{node.node.compiled_code}\n) as found limit {MOST_TOLD}"  # noqa: S608
        rows = cursor.execute(found.encode())
        return sorted(", ".join(str(row[name]) for name in names) for row in rows)
