"""Small changes of gold's SQL, tried one by one: a threshold off by one, a join widened, a filter dropped.

Belongs here: which changes are tried, on models and macros, and whether a unit test of dbt notices. Does not belong
here: the tests themselves (dbt_project), what is right (recomputing.py). `make mutants` tries them all, or those of
the models and macros that `MODELS` names; what no unit test notices is listed with its line, for a person to judge: a
change may be equivalent, or seen by the recomputation alone.

A change is made in the parsed project, so that nothing is parsed again and no file is touched.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from edu_assets.gold import runner
from edu_assets.warehouse import Role
from edu_assets_tests.testbed import Platform, network_declaration

NOT_SQL = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|--[^\n]*|'[^'\n]*'", re.DOTALL)
"""What is left alone: calls of macros, comments, text. A macro's own SQL is changed in the macro."""


class Mutation(NamedTuple):
    """A kind of change: what it is called, where it can be made, what is put there."""

    name: str
    pattern: re.Pattern[str]
    put: Callable[[re.Match[str]], str]


def _words(name: str, pattern: str, put: str) -> Mutation:
    return Mutation(name, re.compile(pattern), lambda _found: put)


MUTATIONS = (
    _words("boundary", r" >= ", " > "),
    _words("boundary", r" > ", " >= "),
    _words("boundary", r" <= ", " < "),
    _words("boundary", r" < ", " <= "),
    _words("join", r"\binner join\b", "left join"),
    _words("join", r"\bleft join\b", "inner join"),
    _words("rows counted twice", r"count\(distinct ", "count("),
    _words("rows counted twice", r"\bunion\n", "union all\n"),
    _words("negation", r"\bis not null\b", "is null"),
    _words("negation", r"(?<!is )\bnot (?=\w+\.)", ""),
    _words("logic", r"\bor\b", "and"),
    _words("arithmetic", r" \+ ", " - "),
    _words("arithmetic", r" - ", " + "),
    _words("aggregate", r"\bsum\(", "max("),
    _words("aggregate", r"\bmin\(", "max("),
    _words("order", r"\basc\b", "desc"),
    _words("order", r"\bdesc\b", "asc"),
    _words("filter dropped", r" filter \(where [^()]*\)", ""),
    _words("filter dropped", r"(?m)^ *where [^\n]*\n(?! *and )", ""),
    _words("condition dropped", r"(?m)^ *and [^\n(]*\n", ""),
    _words("condition dropped", r" and [^\n(]*(?=\n)", ""),
    Mutation("off by one", re.compile(r"(?<![\w.])\d+(?![\w.])"), lambda found: str(int(found[0]) + 1)),
)


@dataclass(frozen=True)
class Mutant:
    """One change of one model or macro. `line` counts from 1, in the text that dbt has parsed."""

    unique_id: str
    mutation: str
    line: int
    was: str
    text: str


def mutants_of(unique_id: str, text: str) -> Iterator[Mutant]:
    """Every change of a text, in its order."""
    masked = NOT_SQL.sub(lambda found: re.sub(r"[^\n]", "\u00a7", found[0]), text)
    for mutation in MUTATIONS:
        for found in mutation.pattern.finditer(masked):
            start, end = found.span()
            changed = text[:start] + mutation.put(found) + text[end:]
            line = masked.count("\n", 0, start + len(found[0]) - len(found[0].lstrip())) + 1
            yield Mutant(unique_id, mutation.name, line, " ".join(text[start:end].split()), changed)


class Trial(NamedTuple):
    """How a mutant fared: caught by a unit test, survived, or no SQL at all."""

    mutant: Mutant
    outcome: str


@dataclass(frozen=True)
class Laboratory:
    """Gold deployed in an empty network, with the project parsed."""

    platform: Platform
    manifest: Any

    @classmethod
    def of(cls, platform: Platform) -> Laboratory:
        runner.deploy_gold(platform.warehouse, platform.settings)
        return cls(platform, runner.parsed_manifest())

    def texts(self) -> dict[str, str]:
        """Models with unit tests, and macros that they use: unique id → its text."""
        tested = {node for test in self.manifest.unit_tests.values() for node in test.depends_on_nodes}
        models = {unique_id: self.manifest.nodes[unique_id].raw_code for unique_id in tested}
        macros = {
            name: macro.macro_sql
            for name, macro in self.manifest.macros.items()
            if macro.package_name == self.manifest.metadata.project_name and self._tests_of(name)
        }
        return dict(sorted(models.items())) | dict(sorted(macros.items()))

    def try_out(self, mutant: Mutant) -> Trial:
        manifest = runner.manifest_of(self.platform.warehouse)
        if mutant.unique_id in manifest.macros:
            manifest.macros[mutant.unique_id].macro_sql = mutant.text
        else:
            manifest.nodes[mutant.unique_id].raw_code = mutant.text
        statuses = self._run(manifest, self._tests_of(mutant.unique_id))
        if "fail" in statuses:
            return Trial(mutant, "caught")
        return Trial(mutant, "no SQL" if "error" in statuses else "survived")

    def _run(self, manifest: Any, tests: Sequence[str]) -> list[str]:
        platform = self.platform
        arguments = ["test", "--select", *tests, *runner._flags(platform.settings.dbt_target)]
        with runner._environment({**platform.warehouse.environment(Role.DBT), "EDU_DEPLOY": "1"}):
            outcome = runner._runner_class()(manifest=manifest).invoke(arguments)
        if outcome.result is None:
            raise RuntimeError(f"dbt ended early: {outcome.exception}")
        return [str(result.status) for result in outcome.result.results]

    def _tests_of(self, unique_id: str) -> list[str]:
        """Unit tests of a model, or of the models that use a macro."""
        of_models = self._models_by_macro().get(unique_id, {unique_id})
        return sorted(
            ".".join(test.fqn)
            for test in self.manifest.unit_tests.values()
            if of_models.intersection(test.depends_on_nodes)
        )

    def _models_by_macro(self) -> Mapping[str, set[str]]:
        above: dict[str, set[str]] = {}
        for unique_id, node in self.manifest.nodes.items():
            waiting = list(node.depends_on.macros)
            seen: set[str] = set()
            while waiting:
                macro = waiting.pop()
                if macro not in seen and macro in self.manifest.macros:
                    seen.add(macro)
                    waiting += self.manifest.macros[macro].depends_on.macros
            for macro in seen:
                above.setdefault(macro, set()).add(unique_id)
        return above


def main(chosen: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="edu_mutants_") as home:
        platform = Platform.create(Path(home), network_declaration(name="mutants"))
        try:
            laboratory = Laboratory.of(platform)
            total: dict[str, int] = {}
            for unique_id, text in laboratory.texts().items():
                name = unique_id.rsplit(".", 1)[-1]
                if chosen and name not in chosen:
                    continue
                trials = [laboratory.try_out(mutant) for mutant in mutants_of(unique_id, text)]
                counts = {outcome: sum(trial.outcome == outcome for trial in trials) for outcome in OUTCOMES}
                total = {outcome: total.get(outcome, 0) + count for outcome, count in counts.items()}
                sys.stdout.write(f"{name}: {_told(counts)}\n")
                for trial in trials:
                    if trial.outcome == "survived":
                        sys.stdout.write(f"    line {trial.mutant.line}: {trial.mutant.mutation}: {trial.mutant.was}\n")
                sys.stdout.flush()
            sys.stdout.write(f"all: {_told(total)}\n")
        finally:
            platform.warehouse.down(purge=True)


OUTCOMES = ("caught", "survived", "no SQL")


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


if __name__ == "__main__":
    main(sys.argv[1:])
