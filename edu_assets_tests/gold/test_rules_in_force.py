"""What a rule table holds for somebody else, or for another time, changes no figure of a term, whichever model asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg import sql

from edu_assets.gold.rules import SEEDS
from edu_assets.warehouse import Role
from edu_assets_tests.gold.building import broken, build_term, digests
from edu_assets_tests.testbed import Platform

TERM = "2024-25|T2"
TIMELESS = {"grade_levels", "grade_level_aliases", "subgroups", "transportation_modes"}
"""Lists of names, which nothing dates."""
VARIED = {
    "of another system": {"system": "elsewhere"},
    "of another authority": {"authority": "elsewhere"},
    "of the past": {"effective_from": "1900-01-01", "effective_to": "1901-01-01"},
    "of the future": {"effective_from": "2999-01-01", "effective_to": None},
}


def _columns(own: Platform, table: str) -> list[str]:
    found = own.query(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
        " order by attnum",
        [f"gold.{table}"],
    )
    return [name for (name,) in found]


def _varied(own: Platform, table: str, values: dict[str, str | None]) -> Iterator[sql.Composed]:
    """The statement that adds the table's rows again with other values, where it has such columns. An authority tells
    rules apart; of codes and of a scale's bands it is only whose reading they are."""
    columns = _columns(own, table)
    of_authority = table.startswith("rule_") and table != "rule_proficiency_bands"
    if not set(values) <= set(columns) or ("authority" in values and not of_authority):
        return
    if "effective_from" in values and table in TIMELESS:
        return
    own_version = {"rule_version": sql.SQL("rule_version || '~'")}  # a version is of one rule
    others = own_version | {name: sql.Literal(value) for name, value in values.items()}
    taken = [others.get(name, sql.Identifier(name)) for name in columns]
    yield sql.SQL("insert into {table} ({columns}) select {taken} from {table}").format(
        table=sql.Identifier("gold", table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        taken=sql.SQL(", ").join(taken),
    )


@pytest.mark.parametrize("whose", VARIED)
def test_what_is_in_force_elsewhere_changes_no_figure(own: Platform, whose: str) -> None:
    before = digests(own)
    with own.warehouse.connect(Role.ADMIN) as connection:
        added = [
            connection.execute(statement).rowcount
            for path in sorted(SEEDS.glob("*.csv"))
            for statement in _varied(own, path.stem, VARIED[whose])
        ]
    assert len(added) > 5
    assert all(added)
    assert not [(node.name, node.message) for node in broken(build_term(own, TERM))]
    after = digests(own)
    assert {place for place in before if after.get(place) != before[place]} == set()
    assert set(after) == set(before)
