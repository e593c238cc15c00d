"""Running dbt: deploy, and one term a build, in this process with a parsed project that stays warm.

Belongs here: dbt's environment, its locks, what is recorded of a build and which terms are due for one.
Does not belong here: SQL (dbt_project/), what dbt learns from contracts (generate.py).

A dbt process needs some seven seconds before its first statement, nearly all of it imports and parsing,
so dbt is imported once a process and its parsed project is handed from one invocation to the next. What
changes between builds (the term, a deploy) is read from the environment while SQL runs, never while the
project is parsed; a changed variable would parse the project again.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb
from pydantic import BaseModel

from edu_assets.contracts import registry
from edu_assets.errors import EduError
from edu_assets.gold.generate import DBT_PROJECT, generate
from edu_assets.gold.rules import demand_known_authorities, demand_known_methods
from edu_assets.settings import Settings
from edu_assets.warehouse import Role, Warehouse, locks
from edu_assets.warehouse.locks import session_lock
from edu_assets.warehouse.placement import locked

DEPLOY_LOCK = "edu:deploy:gold"
STUDENT_ID_MERGE = "student_id_merge"
"""The entity to which tables of merged student numbers conform."""
MADE_BY_TERM = (
    *("config.materialized:term_partitioned", "config.materialized:dimension"),
    *("resource_type:snapshot", "test_type:data"),
)
"""What the run of a term has to do. Views stand since the deploy; to find each of them standing takes dbt longer than
to build the tables of a small network."""
MOST_TOLD = 20
"""Rows that a test found of which a check tells."""
PARSED = DBT_PROJECT / "target" / "any_network"
"""Where it is kept what dbt has parsed and compiled: the same for every network, and apart from what a person's own
dbt leaves in `target`."""
ANY_DATABASE = "any_network"
BUILT_SUFFIXES = (".sql", ".yml", ".csv")
NOT_BUILT = ("target", "logs")

LEDGER_DDL = """
create table if not exists gold.term_build (
    build_id bigint generated always as identity primary key,
    term_key text not null, status text not null check (status in ('building', 'built', 'failed')),
    built_from_load bigint not null, project_digest text not null, is_whole boolean not null,
    started_at timestamptz not null default clock_timestamp(), finished_at timestamptz,
    seconds numeric, models integer, checks jsonb not null default '{}', error text, run_id text
);
comment on table gold.term_build is
    'builds of gold: the last load that a build of a term had read, and the rules and models that it was made with';
create index if not exists term_build_latest on gold.term_build (term_key, build_id);
alter table gold.term_build add column if not exists numbers_changed boolean not null default false;
comment on column gold.term_build.numbers_changed is
    'whether merges of student numbers were loaded while it was built, so that its tables may have read different ones';
create table if not exists gold.deployment (
    project_digest text primary key, deployed_at timestamptz not null default clock_timestamp()
);
comment on table gold.deployment is 'versions of models, rules and network file of which tables and views stand';
"""


class GoldFailed(EduError):
    """dbt could not do what it was asked; the message names the node and the mend, never a value."""


class NodeResult(BaseModel):
    """What became of one dbt node.

    status: success, error, skipped (models, seeds), pass, warn, fail, error, skipped (tests).
    rows_affected: rows written for the term. failures: rows that a test found. found: of the first of these rows, what
    the test's `meta: {names: [columns]}` allows to be told, since no person stands in it.
    """

    unique_id: str
    name: str
    resource_type: str
    status: str
    seconds: float
    rows_affected: int | None = None
    failures: int | None = None
    found: list[str] = []
    message: str = ""

    @property
    def is_relation(self) -> bool:
        """Whether the node is a model or a snapshot, not a test or a rule."""
        return self.resource_type in ("model", "snapshot")


class GoldBuild(BaseModel):
    """One build of a term. `built_from`: the last load of the term that its rows have read."""

    term_key: str
    built_from: int
    seconds: float
    results: list[NodeResult]

    @property
    def failed(self) -> list[NodeResult]:
        """Models and snapshots that were not built."""
        return [result for result in self.results if result.is_relation and result.status in ("error", "fail")]

    def checks(self) -> dict[str, int]:
        """Tests by outcome: passed, warned, failed."""
        found = {"passed": 0, "warned": 0, "failed": 0}
        outcome = {"pass": "passed", "warn": "warned", "fail": "failed", "error": "failed"}
        for result in self.results:
            if result.resource_type == "test" and result.status in outcome:
                found[outcome[result.status]] += 1
        return found


class StaleTerm(BaseModel):
    """A term whose gold is behind.

    load_id: the last applied load of what it is behind: its own rows, or for merged numbers the merges of all terms.
    """

    term_key: str
    load_id: int
    reason: Literal["new rows", "new rules or models", "merged numbers"]


# -- what is built ------------------------------------------------------------------------------------


_parsed: dict[str, Any] = {}
"""The parsed project by its digest: one at most."""


@cache
def _runner_class() -> Any:
    """dbt's in-process entry; imported on first use, since it takes three seconds."""
    from dbt.cli.main import dbtRunner

    return dbtRunner


def project_digest(settings: Settings) -> str:
    """A hash of everything that decides what gold looks like: models, rules, macros, and the network file."""
    digest = hashlib.sha256(settings.network_file.read_bytes())
    digest.update(models_digest().encode())
    return digest.hexdigest()[:16]


def models_digest() -> str:
    """A hash of the dbt project alone, the same for every network."""
    generate()
    digest = hashlib.sha256()
    for path in sorted(DBT_PROJECT.rglob("*")):
        below = path.relative_to(DBT_PROJECT)
        if path.suffix in BUILT_SUFFIXES and below.parts[0] not in NOT_BUILT:
            digest.update(f"{below.as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def manifest_content() -> Mapping[str, Any]:
    """dbt's manifest as JSON, with `column_sources` on each model (column_sources.py): the same for every network, but
    for the database in which relations stand, which nobody reads there. Needs no server.

    Written again only where the project has changed.
    """
    PARSED.mkdir(parents=True, exist_ok=True)
    with locked(PARSED / "lock"):
        digest = models_digest()
        if not _is_written(digest):
            _write_manifest(digest)
        return json.loads((PARSED / "manifest.json").read_text(encoding="utf-8"))


def _is_written(digest: str) -> bool:
    stamp = PARSED / "manifest.digest"
    return (PARSED / "manifest.json").exists() and stamp.exists() and stamp.read_text() == digest


def _write_manifest(digest: str) -> None:
    """Compile the project as a deploy would, since lineage is read from SQL without macros, and note the columns."""
    from edu_assets.gold.column_sources import column_sources  # its parser is imported where something has changed only

    path = PARSED / "manifest.json"
    _invoke(["compile", "--no-introspect", "--no-populate-cache"], _invoke(["parse"], None), writes=True)
    content = json.loads(path.read_text(encoding="utf-8"))
    for unique_id, sources in column_sources(content, DBT_PROJECT).items():
        content["nodes"][unique_id]["column_sources"] = sources
    path.write_text(json.dumps(content), encoding="utf-8")
    (PARSED / "manifest.digest").write_text(digest)


def _invoke(command: list[str], manifest: Any, *, writes: bool = False) -> Any:
    """Have dbt do what needs no server. The names of relations hold a database, so there is one for all networks: what
    is parsed for one would have to be parsed again for the next."""
    with _environment({"PGDATABASE": ANY_DATABASE, "EDU_DEPLOY": "1"}):
        outcome = _runner_class()(manifest=manifest).invoke([*command, *_flags(PARSED, writes=writes)])
    if not outcome.success:
        raise GoldFailed(f"the dbt project does not parse: {_reason(outcome)}")
    return outcome.result


def parsed_manifest() -> Any:
    """dbt's own manifest, parsed once a process and project version; not to be run, which would change it."""
    digest = models_digest()
    if digest not in _parsed:
        PARSED.mkdir(parents=True, exist_ok=True)
        with locked(PARSED / "lock"):
            manifest = _invoke(["parse"], None)
        _parsed.clear()
        _parsed[digest] = manifest
    return _parsed[digest]


def manifest_of(warehouse: Warehouse) -> Any:
    """A copy of the parsed manifest whose relations stand in the network's database, for one run of dbt."""
    manifest = parsed_manifest().deepcopy()
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        node.database = warehouse.database
        if node.relation_name:
            node.relation_name = node.relation_name.replace(f'"{ANY_DATABASE}".', f'"{warehouse.database}".', 1)
    return manifest


# -- deploy -------------------------------------------------------------------------------------------


def is_deployed(connection: Connection, digest: str) -> bool:
    """Whether tables, rules and views of this version stand; asked as dbt_user."""
    exists = connection.execute("select to_regclass('gold.deployment') is not null").fetchone()
    if not (exists and exists[0]):
        return False
    last = connection.execute("select project_digest from gold.deployment order by deployed_at desc limit 1").fetchone()
    return last is not None and last[0] == digest


def gold_stands(warehouse: Warehouse, settings: Settings) -> bool:
    """Whether a deploy would find nothing to do."""
    with warehouse.connect(Role.DBT, autocommit=True, application_name="edu deploy gold") as connection:
        return is_deployed(connection, project_digest(settings))


def deploy_gold(warehouse: Warehouse, settings: Settings) -> list[NodeResult]:
    """Create or alter the gold tables, load the rule tables, make the views, run the unit tests.

    Does nothing where this version stands already, and then returns no results. Processes that deploy at once
    take turns. Raises GoldFailed where a node or a unit test fails; rows stay as they were, and no term is built
    until that is mended. Raises UnknownAuthority or UnknownMethod where the network file names one that no rule
    knows.
    """
    demand_known_authorities(settings.network)
    demand_known_methods(settings.network)
    digest = project_digest(settings)
    with (
        warehouse.connect(Role.DBT, autocommit=True, application_name="edu deploy gold") as connection,
        session_lock(connection, DEPLOY_LOCK),
    ):
        if is_deployed(connection, digest):
            return []
        connection.execute(LEDGER_DDL)
        deployed = run_dbt(
            warehouse,
            settings,
            ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"],
            {"EDU_DEPLOY": "1"},
        )
        _demand(deployed, "deploying gold failed")
        tested = _unit_tests(warehouse, settings)
        connection.execute(
            "insert into gold.deployment (project_digest) values (%s)"
            " on conflict (project_digest) do update set deployed_at = clock_timestamp()",
            [digest],
        )
        return deployed + tested


def _unit_tests(warehouse: Warehouse, settings: Settings) -> list[NodeResult]:
    """Run those of dbt's unit tests that have not passed as they are now: they bring their own rows, so what passed in
    one network has passed in all of this home."""
    record = (settings.home / "unit_tests.passed").resolve()
    with locked(record.with_suffix(".lock")):  # whoever comes second finds them passed
        return _due_unit_tests(warehouse, settings, record)


def _due_unit_tests(warehouse: Warehouse, settings: Settings, record: Path) -> list[NodeResult]:
    passed = set(record.read_text(encoding="utf-8").split()) if record.exists() else set()
    tests = unit_test_versions(parsed_manifest())
    due = {name: version for name, version in tests.items() if version not in passed}
    if not due:
        return []
    select = ["test_type:unit"] if len(due) == len(tests) else sorted(due)
    tested = run_dbt(warehouse, settings, ["test", "--select", *select], {"EDU_DEPLOY": "1"})
    _demand(tested, "a unit test of gold fails, so no term is built with these models")
    with record.open("a", encoding="utf-8") as file:
        file.writelines(f"{version}\n" for version in due.values())
    return tested


def unit_test_versions(manifest: Any) -> dict[str, str]:
    """Unit tests by their qualified name, each with a hash of all that decides its outcome: what it gives and expects,
    its model, the macros, and all that the model is made of, from which the given rows have the types of columns."""
    project = manifest.metadata.project_name
    macros = _hash(
        *(macro.macro_sql for name, macro in sorted(manifest.macros.items()) if macro.package_name == project)
    )

    @cache
    def version(unique_id: str) -> str:
        node = manifest.nodes.get(unique_id) or manifest.sources[unique_id]
        columns = [f"{name} {column.data_type}" for name, column in node.columns.items()]
        if unique_id in manifest.sources:
            return _hash(unique_id, *columns)
        config = json.dumps(node.config.to_dict(), sort_keys=True, default=str)
        return _hash(unique_id, node.checksum.checksum, config, *columns, *map(version, sorted(node.depends_on_nodes)))

    return {
        ".".join(test.fqn): _hash(test.checksum, macros, *map(version, sorted(test.depends_on_nodes)))
        for test in manifest.unit_tests.values()
    }


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _demand(results: Sequence[NodeResult], what: str) -> None:
    broken = [result for result in results if result.status in ("error", "fail")]
    if broken:
        raise GoldFailed(f"{what}: {'; '.join(f'{node.name}: {node.message}' for node in broken[:3])}")


# -- one term -----------------------------------------------------------------------------------------


MERGED_NUMBERS_READ = ("gold.bridge_student_identifier", "gold.dim_student_number", "staging.student_number_in_force")
"""What tells which built terms hold a number that was merged since. Before the first deploy none of it stands."""

MERGED_NUMBERS = """
with in_force as materialized (select student_number, student_id from staging.student_number_in_force),
known as (select student_number from gold.dim_student_number union select student_number from in_force)
select distinct b.term_key from known left join in_force i using (student_number)
join gold.bridge_student_identifier b on b.identifier = known.student_number
where case when i.student_id is null then b.is_merged else b.student_key <> md5('student|' || i.student_id) end
union
select b.term_key from (
    select distinct on (term_key) term_key, numbers_changed from gold.term_build
    where status = 'built' and is_whole order by term_key, build_id desc
) b where b.numbers_changed
"""
"""Terms whose rows name a student otherwise than the merges of today do; the hash is that of the macro edu_key.

What a build has read is told by its bridge, so that chains, later decisions and merges that were taken back are judged
alike. The numbers that are or ever were given up are few, and in each partition of the bridge the key begins with the
identifier, so that this costs milliseconds."""


def stale_terms(warehouse: Warehouse, settings: Settings) -> list[StaleTerm]:
    """Terms that have loads which their last whole build has not read, were built by other rules, or name students by
    numbers that were merged otherwise since; in term order."""
    digest = project_digest(settings)
    with warehouse.connect(Role.DBT, autocommit=True, application_name="edu stale") as connection:
        connection.execute("set client_min_messages = warning")
        connection.execute(LEDGER_DDL)
        merged = _terms_with_merged_numbers(connection)
        with connection.cursor(row_factory=class_row(StaleTerm)) as cursor:
            return cursor.execute(
                "with loaded as (select term_key, max(load_id) as load_id from etl.load_log where status = 'applied'"
                " group by term_key), built as (select distinct on (term_key) term_key, built_from_load, project_digest"
                " from gold.term_build where status = 'built' and is_whole order by term_key, build_id desc),"
                " judged as (select l.term_key, l.load_id, case"
                " when b.term_key is null or b.built_from_load < l.load_id then 'new rows'"
                " when b.project_digest <> %s then 'new rules or models'"
                " when l.term_key = any(%s) then 'merged numbers' end as reason"
                " from loaded l left join built b using (term_key))"
                " select j.term_key, j.reason,"
                " case when j.reason = 'merged numbers' then %s else j.load_id end as load_id"
                " from judged j join etl.term t using (term_key) where j.reason is not null order by t.ordinal",
                [digest, merged, _last_merges(connection) if merged else 0],
            ).fetchall()


def _terms_with_merged_numbers(connection: Connection) -> list[str]:
    stands = connection.execute(
        "select bool_and(to_regclass(name) is not null) from unnest(%s::text[]) as name", [list(MERGED_NUMBERS_READ)]
    ).fetchone()
    if not (stands and stands[0]):
        return []
    return [term_key for (term_key,) in connection.execute(MERGED_NUMBERS)]


def _last_merges(connection: Connection) -> int:
    """The last load of merges of student numbers, whatever their term: ids are in the order of commits."""
    tables = [contract.name for contract in registry().conforming(STUDENT_ID_MERGE)]
    row = connection.execute(
        "select coalesce(max(load_id), 0) from etl.load_log where raw_table = any(%s) and status = 'applied'", [tables]
    ).fetchone()
    assert row is not None
    return int(row[0])


def build_term(
    warehouse: Warehouse,
    settings: Settings,
    term_key: str,
    *,
    select: Sequence[str] | None = None,
    run_id: str | None = None,
) -> GoldBuild:
    """Build gold for one term and run the tests of the term; `select` narrows it to some nodes.

    Deploys first where this version does not stand. Loads and other builds of the term wait meanwhile. A model
    that fails leaves the term's old rows in place and is found in the result. Raises GoldFailed where dbt did
    not start at all.
    """
    settings.network.calendar.term(term_key)
    deploy_gold(warehouse, settings)
    digest = project_digest(settings)
    with (
        warehouse.connect(Role.DBT, autocommit=True, application_name=f"edu gold {term_key}") as connection,
        session_lock(connection, locks.TERM + term_key),
    ):
        ledger = _Ledger.open(connection, term_key, digest, is_whole=select is None, run_id=run_id)
        begun = time.monotonic()
        try:
            nodes = _nodes_of(
                warehouse,
                settings,
                [
                    "build",
                    "--exclude-resource-type",
                    "seed",
                    "--exclude-resource-type",
                    "unit_test",
                    *_selected(select),
                ],
                {"EDU_TERM": term_key},
            )
            results = [_result(node, _found(connection, node)) for node in nodes]
        except BaseException as error:
            ledger.failed(str(error) if isinstance(error, GoldFailed) else type(error).__name__)
            raise
        build = GoldBuild(
            term_key=term_key, built_from=ledger.built_from, seconds=time.monotonic() - begun, results=results
        )
        ledger.close(build)
        return build


def _selected(select: Sequence[str] | None) -> list[str]:
    return ["--select", *(MADE_BY_TERM if select is None else select)]


@dataclass
class _Ledger:
    """The line of gold.term_build that records a build."""

    connection: Connection
    build_id: int
    built_from: int
    merges: int
    """The last merges of student numbers that every table of the build has read."""

    @classmethod
    def open(cls, connection: Connection, term_key: str, digest: str, *, is_whole: bool, run_id: str | None) -> _Ledger:
        merges = _last_merges(connection)
        connection.execute(  # the lock of the term is ours, so nobody is building it
            "update gold.term_build set status = 'failed', finished_at = clock_timestamp(),"
            " error = 'the process that built it was killed' where term_key = %s and status = 'building'",
            [term_key],
        )
        row = connection.execute(
            "insert into gold.term_build (term_key, status, built_from_load, project_digest, is_whole, run_id)"
            " values (%s, 'building', (select coalesce(max(load_id), 0) from etl.load_log"
            " where term_key = %s and status = 'applied'), %s, %s, %s) returning build_id, built_from_load",
            [term_key, term_key, digest, is_whole, run_id],
        ).fetchone()
        assert row is not None
        build_id, built_from = row
        return cls(connection, build_id, built_from, merges)

    def close(self, build: GoldBuild) -> None:
        failed = build.failed
        self._finish(
            "failed" if failed else "built",
            build.seconds,
            sum(result.is_relation and result.status == "success" for result in build.results),
            build.checks(),
            f"{failed[0].name}: {failed[0].message}" if failed else None,
        )

    def failed(self, reason: str) -> None:
        if not self.connection.broken:
            self._finish("failed", None, 0, {}, reason)

    def _finish(
        self, status: str, seconds: float | None, models: int, checks: dict[str, int], error: str | None
    ) -> None:
        self.connection.execute(
            "update gold.term_build set status = %s, finished_at = clock_timestamp(), seconds = %s, models = %s,"
            " checks = %s, error = %s, numbers_changed = %s where build_id = %s",
            [
                status,
                seconds,
                models,
                Jsonb(checks),
                error,
                _last_merges(self.connection) > self.merges,
                self.build_id,
            ],
        )


# -- dbt ----------------------------------------------------------------------------------------------


def run_dbt(
    warehouse: Warehouse, settings: Settings, arguments: list[str], variables: Mapping[str, str]
) -> list[NodeResult]:
    """Run one dbt command as dbt_user. Raises GoldFailed where it ends without results of nodes; KeyboardInterrupt,
    upon which dbt has cancelled what it asked of PostgreSQL."""
    return [_result(node) for node in _nodes_of(warehouse, settings, arguments, variables)]


def compiled_models(warehouse: Warehouse, settings: Settings, term_key: str) -> dict[str, str]:
    """The SELECT of each table that a term's run makes, by the model's name."""
    deploy_gold(warehouse, settings)
    select = [made for made in MADE_BY_TERM if made.startswith("config.materialized")]
    nodes = _nodes_of(warehouse, settings, ["compile", "--select", *select], {"EDU_TERM": term_key})
    return {node.node.name: node.node.compiled_code for node in nodes}


def _nodes_of(
    warehouse: Warehouse, settings: Settings, arguments: list[str], variables: Mapping[str, str]
) -> list[Any]:
    """dbt's own results of the nodes of a command."""
    manifest = manifest_of(warehouse)
    settings.dbt_target.mkdir(parents=True, exist_ok=True)
    with _environment({**warehouse.environment(Role.DBT), **variables}):
        outcome = _runner_class()(manifest=manifest).invoke([*arguments, *_flags(settings.dbt_target)])
    if outcome.exception is not None and not isinstance(outcome.exception, Exception):
        raise outcome.exception  # dbt hands an interrupt over like any error
    if outcome.exception is not None or outcome.result is None:
        raise GoldFailed(f"dbt {arguments[0]} ended early: {_reason(outcome)}")
    for result in map(_result, outcome.result.results):
        if result.resource_type == "operation" and result.status == "error":
            raise GoldFailed(f"dbt {arguments[0]} was refused: {result.message}")
    return list(outcome.result.results)


def _flags(target: Path, *, writes: bool = False) -> list[str]:
    """dbt's log would quote statements and failing rows, so it has none; results are taken from memory."""
    return [
        *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
        *("--target-path", str(target), "--log-path", str(target)),
        *("--log-level", "none", "--log-level-file", "none", "--no-use-colors", "--no-version-check"),
        "--write-json" if writes else "--no-write-json",
    ]


def _found(connection: Connection, node: Any) -> list[str]:
    """What a test that does not hold found, as far as its declaration allows to tell."""
    names = node.node.config.meta.get("names") if node.node.resource_type == "test" else None
    if not names or str(node.status) not in ("warn", "fail"):
        return []
    with connection.cursor(row_factory=dict_row) as cursor:
        found = f"select * from (\n{node.node.compiled_code}\n) as found limit {MOST_TOLD}"  # noqa: S608
        rows = cursor.execute(found.encode())
        return sorted(", ".join(str(row[name]) for name in names) for row in rows)


def _result(node: Any, found: Sequence[str] = ()) -> NodeResult:
    response = node.adapter_response or {}
    return NodeResult(
        unique_id=node.node.unique_id,
        name=node.node.name,
        resource_type=str(node.node.resource_type),
        status=str(node.status),
        seconds=node.execution_time,
        rows_affected=response.get("rows_affected"),
        failures=node.failures,
        found=list(found),
        message=without_values(node.message or ""),
    )


def without_values(message: str) -> str:
    """A database message without the lines in which PostgreSQL quotes the values of a row."""
    hidden = ("DETAIL:", "Failing row", "Key (", "CONTEXT:")
    kept = [line.strip() for line in message.splitlines() if not line.strip().startswith(hidden)]
    return " ".join(line for line in kept if line)


def _reason(outcome: Any) -> str:
    return without_values(str(outcome.exception or "no reason given"))


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables for the time of a dbt command; the password among them is gone afterwards."""
    unset = ("EDU_TERM", "EDU_DEPLOY", "PGPASSWORD")
    before = {name: os.environ.get(name) for name in (*variables, *unset)}
    for name in unset:
        os.environ.pop(name, None)
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
