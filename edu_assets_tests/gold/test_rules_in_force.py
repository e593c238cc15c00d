"""What a rule table holds for somebody else, or for another time, changes no figure of a term, whichever model asks.
Where it holds nothing for this one, no row is lost: none names a version, which its table refuses."""

from __future__ import annotations

import re

import pytest
from psycopg import Connection, sql

from edu_assets.gold.build import JOINS_BY_HASH, compiled_models
from edu_assets.warehouse import Role
from edu_assets_tests.gold.building import broken, build_term, digests
from edu_assets_tests.gold.elsewhere import ELSEWHERE, add_rows_elsewhere
from edu_assets_tests.testbed import Platform

TERM = "2024-25|T2"
NAMES_NO_VERSION = {
    ("fct_assessment_result", "rule_proficiency_bands"),
    ("mart_early_warning", "rule_early_warning_gpa"),
    ("mart_early_warning", "rule_subject_performance"),
    ("mart_student_attendance", "rule_chronic_absence"),
    ("mart_student_demographics", "rule_headcount"),
}
"""Models that read a rule beside the one that their rows name: of the latter the facts below them were made."""
ROW_OF_A_RULE = "bridge_student_subgroup"
"""Its rows are what single rules find, so without rules there are fewer."""


@pytest.mark.parametrize("whose", ELSEWHERE)
def test_what_is_in_force_elsewhere_changes_no_figure(own: Platform, whose: str) -> None:
    before = digests(own)
    assert add_rows_elsewhere(own, whose) > 5
    assert not [(node.name, node.message) for node in broken(build_term(own, TERM))]
    after = digests(own)
    assert {place for place in before if after.get(place) != before[place]} == set()
    assert set(after) == set(before)


def test_without_a_rule_in_force_no_row_is_lost_and_none_names_a_version(small_two: Platform) -> None:
    """Asked of PostgreSQL directly, in a transaction that is taken back: a build stops at the first such table."""
    tried = set()
    codes = compiled_models(small_two.warehouse, small_two.settings, TERM)
    with small_two.warehouse.connect(Role.ADMIN) as connection:
        for name, value in JOINS_BY_HASH.items():
            connection.execute("select set_config(%s, %s, false)", [name, value])
        for model, code in codes.items():
            rows, named = _told(connection, code)
            for rule in sorted(set(re.findall(r'"gold"."(rule_\w+)"', code)) if named else ()):
                with connection.transaction(force_rollback=True):
                    connection.execute(
                        sql.SQL("update {} set effective_from = '2999-01-01', effective_to = null").format(
                            sql.Identifier("gold", rule)
                        )
                    )
                    found, still_named = _told(connection, code)
                assert found >= rows or model == ROW_OF_A_RULE, (model, rule)
                assert still_named == (named if (model, rule) in NAMES_NO_VERSION else 0), (model, rule)
                tried.add((model, rule))
    assert len(tried) > 25
    assert tried >= NAMES_NO_VERSION


def _told(connection: Connection, code: str) -> tuple[int, int]:
    """How many rows a query has, and how many of them name a rule version (0 where there is no such column)."""
    columns = connection.execute(f"select * from (\n{code}\n) as asked limit 0".encode()).description or ()  # noqa: S608
    named = "count(rule_version)" if "rule_version" in {column.name for column in columns} else "0"
    row = connection.execute(f"select count(*), {named} from (\n{code}\n) as asked".encode()).fetchone()  # noqa: S608
    assert row is not None
    return row[0], row[1]
