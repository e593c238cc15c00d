"""Lineage: from a column of gold up to the columns of files that its values are made of.

Belongs here: walking the steps that stand in the manifest. Does not belong here: finding a step (column_sources.py),
assets (orchestration/).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from edu_assets.contracts import Registry
from edu_assets.errors import EduError

Manifest = Mapping[str, Any]
Place = tuple[str, str]
"""A column: dbt's unique id of its relation, and its name."""


class UnknownColumn(EduError):
    """There is no such table or column in gold; the message names the nearest."""


class ColumnStep(BaseModel):
    """A column with what it is made of, one step up. `files`: of a raw column the files and its header there.

    A column that is made of constants, or counts rows, has no sources.
    """

    relation: str
    column: str
    files: list[str] = []
    header: str | None = None
    made_of: list[ColumnStep] = []


def relation(manifest: Manifest, unique_id: str) -> str:
    """Schema and name, e.g. `gold.mart_enrollment`."""
    node = _node(manifest, unique_id)
    return f"{node['schema']}.{node['name']}"


def made_of(manifest: Manifest, place: Place, without: Collection[str] = ()) -> list[Place]:
    """One step up. without: unique ids of relations that are left out."""
    unique_id, column = place
    found = _node(manifest, unique_id).get("column_sources", {}).get(column, [])
    return [(above, name) for above, name in found if above not in without]


def origins(manifest: Manifest, place: Place, without: Collection[str] = ()) -> list[Place]:
    """All the way up: the columns that nothing in the project makes, sorted."""
    return sorted(set(_origins(manifest, place, without, set())))


def _origins(manifest: Manifest, place: Place, without: Collection[str], seen: set[Place]) -> Iterator[Place]:
    for above in made_of(manifest, place, without):
        if above in seen:
            continue
        seen.add(above)
        if above[0].startswith("source.") or above[0].startswith("seed."):
            yield above
        else:
            yield from _origins(manifest, above, without, seen)


def trace(manifest: Manifest, declared: Registry, named: str, raw_tables: Collection[str]) -> list[ColumnStep]:
    """The tree above `table.column`, or above each column of `table`, of the raw tables given; a schema may precede.

    Raises UnknownColumn.
    """
    tables = {
        unique_id: node
        for unique_id, node in {**manifest["nodes"], **manifest["sources"]}.items()
        if node["resource_type"] in ("model", "snapshot", "source")
    }
    for unique_id, node in tables.items():
        for spelled in (f"{node['schema']}.{node['name']}", node["name"]):
            if named == spelled:
                return [_step(manifest, declared, (unique_id, column), raw_tables) for column in node["columns"]]
            column = named.removeprefix(f"{spelled}.")
            if column != named and column in node["columns"]:
                return [_step(manifest, declared, (unique_id, column), raw_tables)]
    names = sorted(node["name"] for node in tables.values() if node["schema"] == "gold")
    raise UnknownColumn(f"{named!r} is no table or table.column of this project; gold has {', '.join(names)}")


def _step(manifest: Manifest, declared: Registry, place: Place, raw_tables: Collection[str]) -> ColumnStep:
    unique_id, name = place
    node = _node(manifest, unique_id)
    contract = declared.contracts.get(node["name"]) if node["resource_type"] == "source" else None
    found = {column.name: column.header for column in contract.columns} if contract else {}
    return ColumnStep(
        relation=relation(manifest, unique_id),
        column=name,
        files=list(contract.files) if contract and name in found else [],
        header=found.get(name),
        made_of=[
            _step(manifest, declared, above, raw_tables)
            for above in made_of(manifest, place)
            if _is_on(manifest, above[0], declared, raw_tables)
        ],
    )


def _is_on(manifest: Manifest, unique_id: str, declared: Registry, raw_tables: Collection[str]) -> bool:
    """Whether a relation has rows of one of the raw tables: what stages others alone is left out."""
    node = _node(manifest, unique_id)
    if node["resource_type"] == "source":
        contract = declared.contracts.get(node["name"])
        return contract is None or contract.name in raw_tables
    if node["schema"] != "staging":
        return True
    above = [up for up in manifest["parent_map"].get(unique_id, []) if up.startswith(("source.", "model."))]
    rows = [up for up in above if _brings_rows(_node(manifest, up))]
    return not rows or any(_is_on(manifest, up, declared, raw_tables) for up in rows)


def _brings_rows(node: Mapping[str, Any]) -> bool:
    """Whether rows of a staging view come from there: what stands in `etl` or in gold gives their names a meaning."""
    return node.get("source_name") != "etl" and node["schema"] != "gold"


def _node(manifest: Manifest, unique_id: str) -> Mapping[str, Any]:
    node: Mapping[str, Any] = manifest["nodes"].get(unique_id) or manifest["sources"][unique_id]
    return node
