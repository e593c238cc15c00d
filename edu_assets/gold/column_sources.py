"""Column lineage: the columns that the values of a model's column are made of, one step up.

Belongs here: reading compiled SQL. Does not belong here: whole paths from mart to file
(lineage.py), compiling (project.py).

A column that only filters, joins or sorts is no source, since its values do not arrive; of a count that is the
column which is counted. SQL is read by sqlglot, as dagster-dbt and dbt's own tools do: a parser of PostgreSQL's whole
language is nobody's side project.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

Node = Mapping[str, Any]
Sources = dict[str, list[tuple[str, str]]]
"""Of each column the (unique id, column) of those that it is made of, sorted."""

DIALECT = "postgres"
BOOKKEEPING = {"dimension": {"_is_dropped": "boolean"}}
"""Columns that a materialisation adds and that models read."""


def column_sources(manifest: Node, project: Path) -> dict[str, Sources]:
    """Sources of the columns of every compiled model, by unique id.

    A model whose SQL the parser does not understand has none; a column that is made of constants, or that only the
    materialisation adds, has an empty list.
    """
    relations = {**manifest["nodes"], **manifest["sources"]}
    by_name = {
        (node["schema"], _relation_name(node)): unique_id
        for unique_id, node in relations.items()
        if node["resource_type"] in ("model", "seed", "snapshot", "source")
    }
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for (database_schema, name), unique_id in by_name.items():
        if columns := _columns(relations[unique_id], project):
            schema.setdefault(database_schema, {})[name] = columns
    return {
        unique_id: sources
        for unique_id, node in manifest["nodes"].items()
        if node.get("compiled_code") and node["resource_type"] in ("model", "snapshot")
        if (sources := _sources(node, schema, by_name)) is not None
    }


def _relation_name(node: Node) -> str:
    return str(node.get("identifier") or node.get("alias") or node["name"])


def _columns(node: Node, project: Path) -> dict[str, str]:
    """Columns and types as far as they are declared; of a seed those of its file."""
    declared = {name: column.get("data_type") or "text" for name, column in node["columns"].items()}
    declared |= BOOKKEEPING.get(node.get("config", {}).get("materialized"), {})
    if node["resource_type"] != "seed":
        return declared
    with (project / node["original_file_path"]).open(encoding="utf-8", newline="") as file:
        return {name: declared.get(name, "text") for name in next(csv.reader(file))}


def _sources(node: Node, schema: dict[str, Any], by_name: Mapping[tuple[str, str], str]) -> Sources | None:
    try:
        parsed = sqlglot.parse_one(node["compiled_code"], dialect=DIALECT)
        for table in parsed.find_all(exp.Table):
            table.set("catalog", None)  # one database: its name is no part of a relation's here
        query = qualify(parsed, schema=schema, dialect=DIALECT, validate_qualify_columns=False)
        scope = build_scope(query)
        if scope is None or not isinstance(query, exp.Query):
            return None
        selected = set(query.named_selects)
        return {
            column: sorted(set(_leaves(column, query, scope, by_name))) if column in selected else []
            for column in node["columns"]
        }
    except SqlglotError:
        return None


def _leaves(
    column: str, query: exp.Query, scope: Scope, by_name: Mapping[tuple[str, str], str]
) -> Iterator[tuple[str, str]]:
    for step in lineage(column, query, {}, scope=scope, dialect=DIALECT, trim_selects=False).walk():
        if step.downstream or not isinstance(step.expression, exp.Table):
            continue
        unique_id = by_name.get((step.expression.db, step.expression.name))
        if unique_id is not None:
            yield unique_id, step.name.rsplit(".", 1)[-1].strip('"')
