"""How PostgreSQL makes each table of a term: time, rows, buffers, and the partitions that it looks into.

Belongs here: EXPLAIN of what dbt compiles for a term. Does not belong here: building (build.py); nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from psycopg import Connection
from pydantic import BaseModel

from edu_assets.gold.build import JOINS_BY_HASH, compiled_models
from edu_assets.settings import Settings
from edu_assets.warehouse import Role, Warehouse

PARTITIONS = """
select n.nspname, c.relname, substring(pg_get_expr(c.relpartbound, c.oid) from $$'(.*)'$$)
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relispartition and c.relkind = 'r'
"""

Plan = Mapping[str, Any]


class ModelPlan(BaseModel):
    """What PostgreSQL did for the rows of one model, without keys, indexes and the swap.

    seconds: planning and execution. buffers_found, buffers_read: blocks of 8 kB that were in memory, or were not.
    spilled: blocks written to temporary files. terms: terms of the partitions that were read.
    """

    model: str
    seconds: float
    rows: int
    buffers_found: int
    buffers_read: int
    spilled: int
    terms: list[str]


def profile(warehouse: Warehouse, settings: Settings, term_key: str) -> list[ModelPlan]:
    """The plans of all tables of a built term, the slowest first. Raises DeclarationError for what is no term."""
    settings.network.calendar.term(term_key)
    with warehouse.connect(Role.DBT, autocommit=True, application_name="edu profile") as connection:
        for name, value in JOINS_BY_HASH.items():
            connection.execute("select set_config(%s, %s, false)", [name, value])
        plans = [
            plan_of(connection, model, code) for model, code in compiled_models(warehouse, settings, term_key).items()
        ]
    return sorted(plans, key=lambda plan: plan.seconds, reverse=True)


def plan_of(connection: Connection, model: str, code: str) -> ModelPlan:
    """Run a SELECT and tell how."""
    term_of = {(schema, name): term for schema, name, term in connection.execute(PARTITIONS)}
    row = connection.execute(f"explain (analyze, buffers, verbose, format json) {code}".encode()).fetchone()
    assert row is not None
    [explained] = row[0]
    top = explained["Plan"]
    read = {(node.get("Schema"), node.get("Relation Name")) for node in _nodes(top) if node["Actual Loops"] > 0}
    return ModelPlan(
        model=model,
        seconds=round((explained["Planning Time"] + explained["Execution Time"]) / 1000, 4),
        rows=int(top["Actual Rows"]),
        buffers_found=top["Shared Hit Blocks"],
        buffers_read=top["Shared Read Blocks"],
        spilled=top["Temp Written Blocks"],
        terms=sorted({term_of[place] for place in read if place in term_of}),
    )


def _nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)
