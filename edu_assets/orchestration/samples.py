"""What a page shows of a slice: some rows and a picture, free of personal data.

Belongs here: choosing columns, rows and points that tell of no person. Does not belong here: the figures of loads and
builds, which are written with them (raw_assets.py, gold_assets.py).

Rows show only columns of the class `none`. Marts have no sample: their counts of a grade are personal data where they
are small, and hiding small ones alone does not help; their picture pools the network (gold/figures.py).
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from psycopg import Connection, sql

from edu_assets.contracts.base import Contract, PersonalData, TermByDate
from edu_assets.gold.figures import meta, plot_of, points
from edu_assets.plots import Point, Unit, bars

SAMPLE_ROWS = 5
LOOKED_AT = 500
"""Rows among which different ones are sought: those of a class or day look alike without what tells of a person."""
SAMPLE_COLUMNS = 12


def raw_pictures(connection: Connection, contract: Contract, term_key: str) -> dict[str, Any]:
    """Sample and picture of a raw slice as metadata; the picture shows days without rows, where rows have days."""
    columns = [column.name for column in contract.stored_columns if column.personal is PersonalData.NONE]
    table = sql.Identifier(contract.raw_schema, contract.name)
    found = _sample(connection, table, columns, term_key)
    if isinstance(contract.term, TermByDate):
        day = sql.Identifier(contract.term.column)
        days = connection.execute(
            sql.SQL("select {}::date::text, count(*) from {} where term_key = %s group by 1 order by 1").format(
                day, table
            ),
            [term_key],
        ).fetchall()
        found |= _picture(f"rows by {contract.term.column}", [(label, float(count)) for label, count in days])
    return found


def gold_pictures(connection: Connection, node: Mapping[str, Any], term_key: str) -> dict[str, Any]:
    """Sample or picture of a gold table as metadata: of a mart only the picture that its yml declares."""
    if "term_key" not in node["columns"]:
        return {}
    table = sql.Identifier(node["schema"], node["name"])
    plot = plot_of(node)
    found: dict[str, Any] = {}
    if "marts" not in node["fqn"]:
        columns = [
            name for name, column in node["columns"].items() if meta(column).get("personal_data", "none") == "none"
        ]
        found = _sample(connection, table, columns, term_key)
    if plot:
        found |= _picture(plot.title, points(connection, node, plot, term_key), plot.unit)
    return found


def _sample(connection: Connection, table: sql.Identifier, columns: Sequence[str], term_key: str) -> dict[str, Any]:
    shown = list(columns)[:SAMPLE_COLUMNS]
    if not shown:
        return {}
    rows = connection.execute(
        sql.SQL("select distinct * from (select {} from {} where term_key = %s limit {}) looked_at limit {}").format(
            sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in shown),
            table,
            sql.Literal(LOOKED_AT),
            sql.Literal(SAMPLE_ROWS),
        ),
        [term_key],
    ).fetchall()
    if not rows:
        return {}
    records = [dg.TableRecord({name: cell or "" for name, cell in zip(shown, row, strict=True)}) for row in rows]
    return {"sample": dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name) for name in shown]))}


def _picture(title: str, drawn: Sequence[Point], unit: Unit = "count") -> dict[str, Any]:
    if len(drawn) < 2:
        return {}
    image = base64.b64encode(bars(title, drawn, unit).encode()).decode()
    return {"picture": dg.MetadataValue.md(f"![{title}](data:image/svg+xml;base64,{image})")}
