"""Small changes of gold's SQL, tried one by one: a threshold off by one, a join widened, a filter dropped.

Belongs here: which changes are tried, and whether a test notices. Does not belong here: the tests themselves
(dbt_project), what is right (recomputing.py). `make mutants` tries them all, or those of the models that `MODELS`
names.

A change is caught where a unit test of the model would fail: the rows that the test compares are not those that they
are without the change. Where none would, the model is made of the small sample network's terms, beside whose rules
stand those of others and of other times (elsewhere.py): rows that differ there are caught by the recomputation, as far
as it compares the model; of staging views it compares what gold makes of them, so theirs are counted apart. What is
left is listed, for a person to judge: a change may be equivalent.

Some changes can tell of nothing, and are not made: below `md5`, where a key is hashed (test_dimensions.py has keys); of
the order by which a `distinct on` groups, since the columns after those decide; of the feed after the load in an order,
since a load is of one feed; of a condition that is `true` already; of a union within a union; of the 1 that `exists`
selects. A macro that makes a whole query, such as the rule of a term, makes it in many models: a change of the same
query that is caught in one of them is caught, and one that is not is listed once. What aggregates `_load_id` tells
auditors whence a row came and decides nothing; it is listed apart.

dbt compiles each model and each unit test once; a change is made in what it has compiled, and PostgreSQL is asked
directly.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import sqlglot
from psycopg import errors, sql
from sqlglot import exp

from edu_assets.gold import build_term, deploy_gold
from edu_assets.gold.build import JOINS_BY_HASH
from edu_assets.gold.commands import nodes_of
from edu_assets.gold.project import parsed_manifest
from edu_assets.warehouse import Role
from edu_assets_tests.gold.elsewhere import ELSEWHERE, add_rows_elsewhere
from edu_assets_tests.testbed import Platform, sample_declaration

DIALECT = "postgres"
AUDIT = "_load_id"
FIXTURE = "__dbt__cte__"
TERMS = ("2024-25|T2", "2025-26|T3")
STATEMENT_SECONDS = 20
SNIPPET = 110
COMPARED = re.compile(r"(?:gold\.|\")((?:fct|fact|mart|bridge|dim)_\w+)")
"""Tables that a module of recomputation names, and so compares."""
DIFFERS = {re.compile(r"'[^']*\|[^']*'"): "'term'", re.compile(r"\S+ AS (candidate|own)\b"): r"rules AS \1"}
"""What differs where a macro makes the same query of another term or another table of rules."""


# -- what is changed ----------------------------------------------------------------------------------


class Change(NamedTuple):
    """One change that can be made at a node: its kind, what stands there, and making it."""

    kind: str
    what: Any
    make: Callable[[], Any]

    @property
    def was(self) -> str:
        return " ".join(self.what.sql(DIALECT).split())[:SNIPPET]

    @property
    def form(self) -> str:
        """Equal where the same is changed in the same query, in whichever model a macro made it."""
        query = self.what.find_ancestor(exp.Select)
        told = "|".join([self.kind, self.what.sql(DIALECT), query.sql(DIALECT) if query else ""])
        for differing, alike in DIFFERS.items():
            told = differing.sub(alike, told)
        return told

    @property
    def is_of_audit(self) -> bool:
        return self.kind == "aggregate" and {column.name for column in self.what.find_all(exp.Column)} == {AUDIT}


def _another(kind: str, other: type[exp.Expr]) -> Callable[[Any], Iterator[Change]]:
    """The node as one of another type."""

    def changes(node: Any) -> Iterator[Change]:
        given = {name: value for name, value in node.args.items() if value is not None}
        yield Change(kind, node, lambda: node.replace(other(**given)))

    return changes


def _without(kind: str) -> Callable[[Any], Iterator[Change]]:
    """What the node is about, without it."""

    def changes(node: Any) -> Iterator[Change]:
        yield Change(kind, node, lambda: node.replace(node.this))

    return changes


def _conditions(node: exp.And) -> Iterator[Change]:
    for dropped, kept in ((node.left, node.right), (node.right, node.left)):
        if not isinstance(dropped, exp.And):
            yield Change("condition dropped", dropped, partial(node.replace, kept))


def _filter(node: Any) -> Iterator[Change]:
    if not isinstance(node.this, exp.And) and not isinstance(node.parent, exp.Filter):
        yield Change("filter dropped", node, node.pop)


def _join(node: exp.Join) -> Iterator[Change]:
    on = node.args.get("on")
    if on is None:
        return
    if not isinstance(on, exp.And | exp.Boolean):
        yield Change("join widened", on, lambda: node.set("on", exp.true()))
    turned = {"side": None, "kind": "INNER"} if node.side == "LEFT" else {"side": "LEFT", "kind": None}
    kind = "join is inner" if node.side == "LEFT" else "join is left"
    yield Change(kind, on, lambda: [node.set(name, value) for name, value in turned.items()])


def _distinct(node: exp.Distinct) -> Iterator[Change]:
    if isinstance(node.parent, exp.Select):
        yield Change("distinct dropped", node, node.pop)
    elif len(node.expressions) == 1:
        yield Change("distinct dropped", node.parent, lambda: node.replace(node.expressions[0]))


def _union(node: exp.Union) -> Iterator[Change]:
    if node.args.get("distinct") and not (isinstance(node.parent, exp.Union) and node.parent.args.get("distinct")):
        yield Change("distinct dropped", node, lambda: node.set("distinct", False))


def _order(node: exp.Ordered) -> Iterator[Change]:
    if not (_is_grouped_by(node) or _is_feed_of_a_load(node)):
        yield Change("order", node, lambda: node.set("desc", not node.args.get("desc")))


def _is_grouped_by(node: exp.Ordered) -> bool:
    distinct = node.parent.parent.args.get("distinct") if node.parent and node.parent.parent else None
    on = distinct.args.get("on") if distinct else None
    return on is not None and node.this in set(on.find_all(exp.Column))


def _is_feed_of_a_load(node: exp.Ordered) -> bool:
    before = node.parent.expressions[: node.index] if node.parent else []
    return node.this.name == "_feed" and any(each.this.name == AUDIT for each in before)


def _between(node: exp.Between) -> Iterator[Change]:
    for above, below in ((exp.GT, exp.LTE), (exp.GTE, exp.LT)):
        yield Change("boundary", node, partial(_split, node, above, below))


def _split(node: exp.Between, above: type[exp.Expr], below: type[exp.Expr]) -> None:
    """The two conditions that `between` is, one of them without its bound."""
    conditions = [
        bound(this=node.this.copy(), expression=node.args[end].copy())
        for bound, end in ((above, "low"), (below, "high"))
    ]
    node.replace(exp.paren(exp.and_(*conditions)))


def _number(node: exp.Literal) -> Iterator[Change]:
    if node.is_int and not isinstance(node.parent, exp.Select):
        more = exp.Literal.number(int(node.this) + 1)
        yield Change("off by one", node.parent or node, lambda: node.replace(more))


def _case(node: exp.If) -> Iterator[Change]:
    if isinstance(node.parent, exp.Case) and len(node.parent.args["ifs"]) > 1:
        yield Change("case dropped", node, node.pop)


CHANGES: Mapping[type[exp.Expr], Callable[[Any], Iterator[Change]]] = {
    exp.GTE: _another("boundary", exp.GT),
    exp.GT: _another("boundary", exp.GTE),
    exp.LTE: _another("boundary", exp.LT),
    exp.LT: _another("boundary", exp.LTE),
    exp.Between: _between,
    exp.Add: _another("sign", exp.Sub),
    exp.Sub: _another("sign", exp.Add),
    exp.Sum: _another("aggregate", exp.Max),
    exp.Min: _another("aggregate", exp.Max),
    exp.Max: _another("aggregate", exp.Min),
    exp.Greatest: _another("greatest is least", exp.Least),
    exp.Least: _another("least is greatest", exp.Greatest),
    exp.Or: _another("or is and", exp.And),
    exp.Not: _without("not dropped"),
    exp.Filter: _without("filter dropped"),
    exp.Coalesce: _without("default dropped"),
    exp.And: _conditions,
    exp.Where: _filter,
    exp.Having: _filter,
    exp.Join: _join,
    exp.Distinct: _distinct,
    exp.Union: _union,
    exp.Ordered: _order,
    exp.Literal: _number,
    exp.If: _case,
}
"""Which changes are tried at which nodes of a query."""


def changes_of(tree: exp.Expr) -> list[Change]:
    """Every change of a compiled model, in the order of its SQL; what dbt put before it as given rows is left alone."""
    return [
        change
        for node in tree.dfs(prune=_is_left_alone)
        if type(node) in CHANGES and not _is_left_alone(node)
        for change in CHANGES[type(node)](node)
    ]


def _is_left_alone(node: exp.Expr) -> bool:
    return isinstance(node, exp.MD5) or (isinstance(node, exp.CTE) and node.alias.startswith(FIXTURE))


def changed(tree: exp.Expr, place: int) -> str:
    """The SQL with the change at a place of `changes_of` made."""
    copied = tree.copy()
    changes_of(copied)[place].make()
    return copied.sql(DIALECT)


# -- what notices -------------------------------------------------------------------------------------


@dataclass
class Question:
    """SQL whose rows tell of a change, and the columns that are compared (None: all)."""

    tree: exp.Expr
    columns: tuple[str, ...] | None
    answer: Any

    @cached_property
    def kinds(self) -> list[str]:
        return [change.kind for change in changes_of(self.tree)]


@dataclass
class Model:
    """A model of gold with what is asked of it: its unit tests, and its rows in terms of the sample."""

    name: str
    tests: list[Question] = field(default_factory=list)
    terms: list[Question] = field(default_factory=list)

    @property
    def is_staging(self) -> bool:
        return self.name.startswith("stg_")


class Trial(NamedTuple):
    """What became of a change in a model."""

    model: str
    change: Change
    outcome: str


UNIT_TEST = "caught by a unit test"
RECOMPUTATION = "caught by the recomputation"
STAGED = "changes rows that gold is recomputed from"
SAME_QUERY = "caught in the same query of another model"
NOT_COMPARED = "changes rows that nothing compares"
OF_AUDIT = "changes what auditors read alone"
SURVIVED = "survived"
NO_SQL = "no SQL"
CAUGHT = (UNIT_TEST, RECOMPUTATION, STAGED)
LISTED = (NOT_COMPARED, OF_AUDIT, SURVIVED)
Form = tuple[str, int]
OUTCOMES = (*CAUGHT, SAME_QUERY, *LISTED, NO_SQL)


def judged(trials: Sequence[Trial]) -> list[Trial]:
    """The trials with what only all models together tell: what is caught in another model, and what survives in the
    same query of several is there once."""
    forms = _forms(trials)
    caught = {form for form, trial in zip(forms, trials, strict=True) if trial.outcome in CAUGHT}
    found: list[Trial] = []
    listed: set[Form] = set()
    for form, trial in zip(forms, trials, strict=True):
        if trial.outcome not in LISTED:
            found.append(trial)
        elif form in caught:
            found.append(trial._replace(outcome=SAME_QUERY))
        elif form not in listed:
            listed.add(form)
            found.append(trial._replace(outcome=OF_AUDIT) if trial.change.is_of_audit else trial)
    return found


def _forms(trials: Sequence[Trial]) -> list[Form]:
    """The form of each trial, with how often its model had it before: a query may hold the same text twice."""
    before: Counter[tuple[str, str]] = Counter()
    forms = []
    for trial in trials:
        here = trial.model, trial.change.form
        forms.append((here[1], before[here]))
        before[here] += 1
    return forms


class Laboratory:
    """The small sample network, built, and every model of gold as dbt compiles it."""

    def __init__(self, platform: Platform, chosen: Sequence[str]) -> None:
        self.platform = platform
        self.chosen = set(chosen)
        self.compared = {
            table
            for path in Path(__file__).parent.glob("*recomput*.py")
            for table in COMPARED.findall(path.read_text(encoding="utf-8"))
        }
        self.connection = platform.warehouse.connect(Role.DBT, autocommit=True)
        self.connection.execute(f"set statement_timeout = '{STATEMENT_SECONDS}s'")
        for name, value in JOINS_BY_HASH.items():
            self.connection.execute("select set_config(%s, %s, false)", [name, value])

    def models(self) -> Iterator[Model]:
        """Each model that is compiled; those of one question are dropped where PostgreSQL reads sqlglot's spelling of
        it otherwise than dbt's."""
        found: dict[str, Model] = {}
        tests = {test.unique_id: test for test in parsed_manifest().unit_tests.values()}
        units = [f"{model},test_type:unit" for model in sorted(self.chosen)] or ["test_type:unit"]
        for node in self._compiled(["test", "--select", *units], {"EDU_DEPLOY": "1"}):
            if node.unique_id in tests and node.compiled_code:
                model = tests[node.unique_id].depends_on_nodes[0].rsplit(".", 1)[-1]
                self._ask(found, model, node.compiled_code, self._expected(tests[node.unique_id]))
        for term in TERMS:
            selected = sorted(self.chosen) or ["path:models/gold", *(name for name in found if found[name].is_staging)]
            for node in self._compiled(["compile", "--select", *selected], {"EDU_TERM": term}):
                if str(node.resource_type) == "model" and node.compiled_code:
                    self._ask(found, node.name, node.compiled_code, None)
        yield from (found[name] for name in sorted(found))

    def _compiled(self, arguments: list[str], variables: Mapping[str, str]) -> list[Any]:
        results = nodes_of(self.platform.warehouse, self.platform.settings, arguments, variables)
        return [result.node for result in results]

    def _expected(self, test: Any) -> tuple[str, ...]:
        rows = test.expect.rows
        if isinstance(rows, list):
            return tuple(rows[0]) if rows else ()
        asked = f"select * from ({rows or test.expect.fixture}) as given limit 0"  # noqa: S608
        cursor = self.connection.execute(asked.encode())
        return tuple(column.name for column in cursor.description or ())

    def _ask(self, found: dict[str, Model], name: str, code: str, columns: tuple[str, ...] | None) -> None:
        if self.chosen and name not in self.chosen:
            return
        model = found.setdefault(name, Model(name))
        tree = sqlglot.parse_one(code, dialect=DIALECT)
        spoken, given = self.rows(tree.sql(DIALECT), columns), self.rows(code, columns)
        if spoken != given:
            raise RuntimeError(f"{name}: sqlglot spells it otherwise")
        (model.terms if columns is None else model.tests).append(Question(tree, columns, given))

    def rows(self, code: str, columns: tuple[str, ...] | None) -> Any:
        """The rows as something that is equal where they are: a count and a sum of hashes, of all columns or some."""
        chosen = [sql.SQL("t.*")] if columns is None else [sql.Identifier("t", column) for column in columns]
        told = sql.SQL("select count(*), sum(hashtextextended(row({})::text, 0)) from (").format(
            sql.SQL(", ").join(chosen)
        )
        return self.connection.execute(f"{told.as_string(self.connection)}\n{code}\n) t".encode()).fetchone()

    def trials(self, model: Model) -> Iterator[Trial]:
        first = (*model.tests, *model.terms)[0]
        for place, change in enumerate(changes_of(first.tree)):
            yield Trial(model.name, change, self._outcome(model, place, first.kinds))

    def _outcome(self, model: Model, place: int, kinds: list[str]) -> str:
        is_sql = False
        seen_in_rows = STAGED if model.is_staging else RECOMPUTATION if model.name in self.compared else NOT_COMPARED
        for questions, outcome in ((model.tests, UNIT_TEST), (model.terms, seen_in_rows)):
            for question in (each for each in questions if each.kinds == kinds):
                answer = self._answer(question, place)
                if answer is not NO_SQL and answer != question.answer:
                    return outcome
                is_sql |= answer is not NO_SQL
        return SURVIVED if is_sql else NO_SQL

    def _answer(self, question: Question, place: int) -> Any:
        try:
            return self.rows(changed(question.tree, place), question.columns)
        except (errors.QueryCanceled, errors.CardinalityViolation, psycopg.DataError) as error:
            return type(error).__name__  # a build would fail
        except psycopg.Error:
            return NO_SQL


def main(chosen: Sequence[str]) -> None:
    """Try every change of the chosen models, or of all, and tell what no test notices."""
    with tempfile.TemporaryDirectory(prefix="edu_mutants_") as home:
        platform = Platform.create(Path(home), sample_declaration(name="mutants", seed=20260901))
        try:
            _tell(f"a small sample network, {', '.join(TERMS)}")
            platform.load_sample()
            deploy_gold(platform.warehouse, platform.settings)
            for term in platform.terms:
                build_term(platform.warehouse, platform.settings, term)
            for whose in ELSEWHERE:
                add_rows_elsewhere(platform, whose)
            laboratory = Laboratory(platform, chosen)
            trials: list[Trial] = []
            for model in laboratory.models():
                trials += laboratory.trials(model)
                _tell(f"{model.name}: {_told(trials, model.name)}")
            report(judged(trials))
        finally:
            platform.warehouse.down(purge=True)


def report(trials: Sequence[Trial]) -> None:
    """What no test notices, by how little it is noticed and by model, and how many there are of each outcome."""
    for outcome in LISTED:
        _tell(f"\n{outcome}:")
        for model, found in groupby((each for each in trials if each.outcome == outcome), key=attrgetter("model")):
            _tell(f"  {model}")
            for trial in found:
                _tell(f"    {trial.change.kind}: {trial.change.was}")
    _tell(f"\nall: {_told(trials)}")


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _told(trials: Sequence[Trial], model: str | None = None) -> str:
    counts = Counter(trial.outcome for trial in trials if model in (None, trial.model))
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome])


if __name__ == "__main__":
    main(sys.argv[1:])
