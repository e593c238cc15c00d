"""Rows of the code and rule tables that hold for somebody else or for another time, and say something else.

Belongs here: how they are made of those that hold. Does not belong here: what must not change by them
(test_rules_in_force.py, mutants.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from psycopg import Connection, sql

from edu_assets.gold.rules import SEEDS
from edu_assets.warehouse import Role
from edu_assets_tests.testbed import Platform

TIMELESS = {"grade_levels", "grade_level_aliases", "subgroups", "transportation_modes"}
"""Lists of names, which nothing dates."""
ELSEWHERE: dict[str, Mapping[str, str | None]] = {
    "of another system": {"system": "elsewhere"},
    "of another authority": {"authority": "elsewhere"},
    "of the past": {"effective_from": "1900-01-01", "effective_to": "1901-01-01"},
    "of the future": {"effective_from": "2999-01-01", "effective_to": None},
}


def add_rows_elsewhere(platform: Platform, whose: str) -> int:
    """Add each table's rows again for others, where it has such columns: to how many tables. Nothing is added to a
    table that does not tell such rows apart. Thresholds are higher by one and what is affirmed is denied, so that who
    takes them for his own errs even where of two rows for one code he takes one."""
    with platform.warehouse.connect(Role.ADMIN) as connection:
        added = [
            connection.execute(statement).rowcount
            for path in sorted(SEEDS.glob("*.csv"))
            for statement in _added(connection, path.stem, ELSEWHERE[whose])
        ]
    assert all(added)
    return len(added)


def _added(connection: Connection, table: str, values: Mapping[str, str | None]) -> Iterator[sql.Composed]:
    """An authority tells rules apart; of codes and of a scale's bands it is only whose reading they are."""
    columns = _columns(connection, table)
    of_authority = table.startswith("rule_") and table != "rule_proficiency_bands"
    if not set(values) <= set(columns) or ("authority" in values and not of_authority):
        return
    if "effective_from" in values and table in TIMELESS:
        return
    others = {name: said for name, kind in columns.items() if (said := _otherwise(name, kind))}
    others |= {"rule_version": sql.SQL("rule_version || '~'")}  # a version is of one rule
    others |= {name: sql.Literal(value) for name, value in values.items()}
    yield sql.SQL("insert into {table} ({columns}) select {taken} from {table} where {held}").format(
        table=sql.Identifier("gold", table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        taken=sql.SQL(", ").join(others.get(name, sql.Identifier(name)) for name in columns),
        held=sql.SQL("not rule_version like '%~'") if "rule_version" in columns else sql.SQL("true"),
    )


def _otherwise(name: str, kind: str) -> sql.Composed | None:
    if kind == "boolean":
        return sql.SQL("not {}").format(sql.Identifier(name))
    if kind in ("integer", "bigint", "numeric"):
        return sql.SQL("{} + 1").format(sql.Identifier(name))
    return None


def _columns(connection: Connection, table: str) -> dict[str, str]:
    """The type of each column, by name."""
    found = connection.execute(
        "select attname, atttypid::regtype::text from pg_attribute where attrelid = %s::regclass and attnum > 0"
        " and not attisdropped order by attnum",
        [f"gold.{table}"],
    )
    return dict(found.fetchall())
