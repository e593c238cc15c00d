"""Figures that a mart's yml declares: headlines of a term, and points of a plot, pooled over the network.

Belongs here: reading the declarations and asking gold. Does not belong here: the figures themselves (`meta.headlines`
and `meta.plot` of the marts' yml), how they are shown (plots.py, report.py, orchestration/samples.py).

A figure of fewer than SMALLEST_GROUP is not told: `n` of a declaration says what it counts. That protects no one
against someone who subtracts published tables from each other; these pool the whole network and are for its own staff.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg import Connection, sql
from pydantic import BaseModel, ConfigDict

from edu_assets.plots import Point, Unit

SMALLEST_GROUP = 10

Node = Mapping[str, Any]


class Headline(BaseModel):
    """`meta.headlines` of a mart: SQL over its rows of a term. value: the figure; n: how many it is of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    value: str
    n: str
    unit: Unit = "count"


class Plot(BaseModel):
    """`meta.plot` of a mart: SQL over its rows of a term, whose alias is `mart`.

    x: the label of a bar; y: its height; n: how many it is of; order: by what bars stand, else by their labels.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    x: str
    y: str
    n: str
    where: str = "true"
    order: str = "1"
    unit: Unit = "number"


def meta(declared: Node) -> Mapping[str, Any]:
    """`meta` of a node or column of dbt's manifest."""
    found: Mapping[str, Any] = declared.get("config", {}).get("meta") or declared.get("meta") or {}
    return found


def plot_of(node: Node) -> Plot | None:
    declared = meta(node).get("plot")
    return Plot.model_validate(declared) if declared else None


def headlines_of(node: Node) -> list[Headline]:
    return [Headline.model_validate(declared) for declared in meta(node).get("headlines", [])]


def points(connection: Connection, node: Node, plot: Plot, term_key: str) -> list[Point]:
    """The bars of a plot in a term, by label; those of fewer than SMALLEST_GROUP are left out."""
    statement = sql.SQL(
        "select ({x})::text, ({y})::float8 from {table} as mart where term_key = %s and ({where}) group by 1"
        " having ({n}) >= %s and ({y}) is not null order by {order}"
    ).format(
        x=_sql(plot.x),
        y=_sql(plot.y),
        n=_sql(plot.n),
        where=_sql(plot.where),
        order=_sql(plot.order),
        table=sql.Identifier(node["schema"], node["name"]),
    )
    return connection.execute(statement, [term_key, SMALLEST_GROUP]).fetchall()


def by_term(connection: Connection, node: Node, headline: Headline) -> dict[str, float]:
    """A headline's figure in each term that has one, in no order."""
    statement = sql.SQL(
        "select term_key, ({value})::float8 from {table} group by 1 having ({n}) >= %s and ({value}) is not null"
    ).format(value=_sql(headline.value), n=_sql(headline.n), table=sql.Identifier(node["schema"], node["name"]))
    return dict(connection.execute(statement, [SMALLEST_GROUP]).fetchall())


def _sql(declared: str) -> sql.SQL:
    return sql.SQL(declared)  # from the project's own yml
