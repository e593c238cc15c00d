"""What a page shows of a slice: some rows and a picture, free of personal data.

Belongs here: choosing columns, rows and points that tell of no person. Does not belong here: the figures of loads and
builds, which are written with them (raw_assets.py, gold_assets.py).

Rows show only columns of the class `none`. Marts have no sample: their counts of a grade are personal data where they
are small, and hiding small ones alone does not help; their picture pools the network, and a point of fewer than
SMALLEST_GROUP is left out.
"""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import dagster as dg
from psycopg import Connection, sql

from edu_assets.contracts.base import Contract, PersonalData, TermByDate

SAMPLE_ROWS = 5
LOOKED_AT = 500
"""Rows among which different ones are sought: those of a class or day look alike without what tells of a person."""
SAMPLE_COLUMNS = 12
SMALLEST_GROUP = 10
LABELLED = 24
"""More bars than that carry no labels but the first and the last."""

Point = tuple[str, float]


def raw_pictures(connection: Connection, contract: Contract, term_key: str) -> dict[str, Any]:
    """Sample and picture of a raw slice as metadata; the picture shows days without rows, where rows have days."""
    columns = [column.name for column in contract.stored_columns if column.personal is PersonalData.NONE]
    table = sql.Identifier(contract.raw_schema, contract.name)
    found = _sample(connection, table, columns, term_key)
    if isinstance(contract.term, TermByDate):
        day = sql.Identifier(contract.term.column)
        points = connection.execute(
            sql.SQL("select {}::text, count(*) from {} where term_key = %s group by 1 order by 1").format(day, table),
            [term_key],
        ).fetchall()
        found |= _picture(f"rows by {contract.term.column}", [(label, float(count)) for label, count in points])
    return found


def gold_pictures(connection: Connection, node: Mapping[str, Any], term_key: str) -> dict[str, Any]:
    """Sample or picture of a gold table as metadata: of a mart only the picture that its yml declares in
    `meta.plot`: `title`, `x`, `y` and `n` (SQL over the table), `where`."""
    if "term_key" not in node["columns"]:
        return {}
    table = sql.Identifier(node["schema"], node["name"])
    plot = _meta(node).get("plot")
    found: dict[str, Any] = {}
    if "marts" not in node["fqn"]:
        columns = [
            name for name, column in node["columns"].items() if _meta(column).get("personal_data", "none") == "none"
        ]
        found = _sample(connection, table, columns, term_key)
    if plot:
        points = connection.execute(
            sql.SQL(
                "select ({x})::text, ({y})::float8 from {table} where term_key = %s and ({where}) group by 1"
                " having ({n}) >= %s and ({y}) is not null order by 1"
            ).format(
                x=sql.SQL(plot["x"]),
                y=sql.SQL(plot["y"]),
                n=sql.SQL(plot["n"]),
                where=sql.SQL(plot.get("where", "true")),
                table=table,
            ),
            [term_key, SMALLEST_GROUP],
        ).fetchall()
        found |= _picture(plot["title"], points)
    return found


def _meta(declared: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = declared.get("config", {}).get("meta") or declared.get("meta") or {}
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


def _picture(title: str, points: Sequence[Point]) -> dict[str, Any]:
    if len(points) < 2:
        return {}
    image = base64.b64encode(bars(title, points).encode()).decode()
    return {"picture": dg.MetadataValue.md(f"![{title}](data:image/svg+xml;base64,{image})")}


def bars(title: str, points: Sequence[Point]) -> str:
    """A bar a point, from zero, as SVG."""
    width, height, top, left, foot = 640, 240, 28, 52, 40
    most = max(value for _, value in points) or 1.0
    step = (width - left) / len(points)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="11" fill="#333">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{left}" y="16" font-size="13">{escape(title)}</text>',
    ]
    for share in (0, 0.5, 1):
        y = height - foot - share * (height - foot - top)
        parts.append(f'<line x1="{left}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{_short(share * most)}</text>')
    for n, (label, value) in enumerate(points):
        tall = value / most * (height - foot - top)
        x = left + n * step
        parts.append(
            f'<rect x="{x + step * 0.1:.1f}" y="{height - foot - tall:.1f}" width="{step * 0.8:.1f}"'
            f' height="{tall:.1f}" fill="#4f7cac"><title>{escape(label)}: {_short(value)}</title></rect>'
        )
        if len(points) <= LABELLED or n in (0, len(points) - 1):
            anchor = "start" if n == 0 and len(points) > LABELLED else "end" if len(points) > LABELLED else "middle"
            at = x + step / 2 if anchor == "middle" else x if anchor == "start" else x + step
            parts.append(
                f'<text x="{at:.1f}" y="{height - foot + 16}" text-anchor="{anchor}">{escape(label[:12])}</text>'
            )
    return "".join([*parts, "</svg>"])


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
