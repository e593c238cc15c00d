"""Each small change of gold's SQL is made where it stands, alone, and is SQL; the run of them all is `make mutants`."""

from __future__ import annotations

import pytest
import sqlglot

from edu_assets.gold import manifest_content
from edu_assets_tests.gold.mutants import (
    CHANGES,
    DIALECT,
    NO_SQL,
    OF_AUDIT,
    SAME_QUERY,
    SURVIVED,
    UNIT_TEST,
    Trial,
    changed,
    changes_of,
    judged,
)

MADE = [
    ("select a.x >= 1", "boundary", "select a.x > 1"),
    ("select a.x < 1", "boundary", "select a.x <= 1"),
    ("select a.x between 1 and 2", "boundary", "select (a.x > 1 and a.x <= 2)"),
    ("select a.x between 1 and 2", "boundary", "select (a.x >= 1 and a.x < 2)"),
    ("select a.x - 1", "sign", "select a.x + 1"),
    ("select a.x - 1", "off by one", "select a.x - 2"),
    ("select sum(a.x) from a", "aggregate", "select max(a.x) from a"),
    ("select min(a.x) from a", "aggregate", "select max(a.x) from a"),
    ("select greatest(a.x, a.y)", "greatest is least", "select least(a.x, a.y)"),
    ("select a.x or a.y", "or is and", "select a.x and a.y"),
    ("select not a.x", "not dropped", "select a.x"),
    ("select count(*) filter (where a.x) from a", "filter dropped", "select count(*) from a"),
    ("select coalesce(a.x, 0)", "default dropped", "select a.x"),
    ("select 1 from a where a.x", "filter dropped", "select 1 from a"),
    ("select 1 from a group by a.x having a.x", "filter dropped", "select 1 from a group by a.x"),
    ("select 1 from a where a.x and a.y", "condition dropped", "select 1 from a where a.x"),
    ("select 1 from a where a.x and a.y", "condition dropped", "select 1 from a where a.y"),
    ("select 1 from a join b on a.x = b.x", "join widened", "select 1 from a join b on true"),
    ("select 1 from a inner join b on a.x = b.x", "join is left", "select 1 from a left join b on a.x = b.x"),
    ("select 1 from a left join b on a.x = b.x", "join is inner", "select 1 from a inner join b on a.x = b.x"),
    ("select distinct a.x from a", "distinct dropped", "select a.x from a"),
    ("select count(distinct a.x) from a", "distinct dropped", "select count(a.x) from a"),
    ("select a.x from a union select b.x from b", "distinct dropped", "select a.x from a union all select b.x from b"),
    ("select a.x from a order by a.x asc", "order", "select a.x from a order by a.x desc nulls last"),
    ("select case when a.x then 'a' when a.y then 'b' end", "case dropped", "select case when a.y then 'b' end"),
]

MEANINGLESS = [
    "select md5('school|' || coalesce(a.x, ''))",
    "with __dbt__cte__given as (select a.x from a where a.y >= 1) select given.x from __dbt__cte__given as given",
    "select distinct on (a.x) a.x, a.y from a order by a.x",
]


@pytest.mark.parametrize(("query", "kind", "expected"), MADE)
def test_a_change_is_made_where_it_stands(query: str, kind: str, expected: str) -> None:
    tree = parsed(query)
    made = [changed(tree, place) for place, change in enumerate(changes_of(tree)) if change.kind == kind]
    assert parsed(expected) in map(parsed, made)
    assert tree == parsed(query), "the query itself stays"


def test_every_kind_has_an_example() -> None:
    kinds = {type(node) for query, _, _ in MADE for node in parsed(query).walk()}
    assert set(CHANGES) - kinds == {
        sqlglot.exp.GT,
        sqlglot.exp.LTE,
        sqlglot.exp.Max,
        sqlglot.exp.Least,
        sqlglot.exp.Add,
    }


@pytest.mark.parametrize("query", MEANINGLESS)
def test_what_can_tell_of_nothing_is_left_alone(query: str) -> None:
    assert [change.kind for change in changes_of(parsed(query))] in ([], ["distinct dropped"])


def test_of_an_order_what_decides_is_changed() -> None:
    query = parsed("select distinct on (a.x) a.x from a order by a.x, a.y desc, a._load_id desc, a._feed")
    assert [change.was for change in changes_of(query) if change.kind == "order"] == ["a.y DESC", "a._load_id DESC"]
    [feed] = changes_of(parsed("select a.x from a order by a._feed"))
    assert feed.was == "a._feed"


def test_a_condition_that_is_true_already_is_not_widened() -> None:
    [inner] = changes_of(parsed("select a.x from a left join b on true"))
    assert inner.kind == "join is inner"


@pytest.mark.parametrize("model", ["fct_attendance_report", "mart_enrollment"])
def test_every_change_of_a_model_is_other_sql(model: str) -> None:
    code = manifest_content()["nodes"][f"model.edu_assets.{model}"]["compiled_code"]
    tree = parsed(code)
    made = [changed(tree, place) for place in range(len(changes_of(tree)))]
    assert len(made) > 50
    assert all(parsed(each) != tree for each in made)
    assert tree == parsed(code)


def test_the_same_query_of_two_models_is_judged_once() -> None:
    """As a macro makes it: of other rules, another term."""
    here = "select candidate.* from {0} as candidate inner join term on term.term_key = '{1}' and candidate.x >= term.x"
    [one, two] = [changes_of(parsed(here.format(*each))) for each in (("r1", "2025-26|T1"), ("r2", "2024-25|T3"))]
    outcomes = [[UNIT_TEST, SURVIVED, SURVIVED, NO_SQL], [SURVIVED, SURVIVED, UNIT_TEST, NO_SQL]]
    trials = [
        Trial(model, change, outcome)
        for model, changes, found in zip("ab", (one, two), outcomes, strict=True)
        for change, outcome in zip(changes, found, strict=True)
    ]
    assert [(each.model, each.outcome) for each in judged(trials)] == [
        *[("a", UNIT_TEST), ("a", SURVIVED), ("a", SAME_QUERY), ("a", NO_SQL)],
        *[("b", SAME_QUERY), ("b", UNIT_TEST), ("b", NO_SQL)],
    ]


def test_a_text_that_a_query_holds_twice_is_two_changes() -> None:
    changes = changes_of(parsed("select min(a.x) filter (where a.y), min(a.x) filter (where a.z) from a"))
    trials = [Trial("a", each, UNIT_TEST if not place else SURVIVED) for place, each in enumerate(changes)]
    assert [each.outcome for each in judged(trials)] == [each.outcome for each in trials]


def test_what_aggregates_loads_alone_is_listed_apart() -> None:
    changes = changes_of(parsed("select max(a._load_id), max(a.x) from a"))
    found = judged([Trial("a", each, SURVIVED) for each in changes])
    assert [each.outcome for each in found] == [OF_AUDIT, SURVIVED]


def parsed(query: str) -> sqlglot.exp.Expr:
    return sqlglot.parse_one(query, dialect=DIALECT)
