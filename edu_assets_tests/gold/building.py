"""How the tests of gold make a network, deploy and build its terms.

`deploy_gold` and `build_term` are the only ways from here to dbt; everything else speaks SQL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg import sql

from edu_assets.gold.generate import DBT_PROJECT, generate
from edu_assets.raw_zone import deploy, load_waiting
from edu_assets.sample import write_exports
from edu_assets.settings import PROJECT, Settings
from edu_assets.warehouse import Role, Warehouse

MAINTENANCE = "postgres"
MADE_BY_A_TERM = (
    "fct_enrollment",
    "fct_class_enrollment",
    "fct_attendance",
    "mart_enrollment",
    "mart_student_attendance",
    "mart_attendance_insights",
)
TESTED_ELSEWHERE = ("--exclude-resource-type", "unit_test")

Rows = list[tuple[Any, ...]]
_parsed: dict[str, Any] = {}


@dataclass(frozen=True)
class Node:
    """What became of a dbt node."""

    name: str
    resource_type: str
    status: str
    failures: int | None
    message: str


class Refused(Exception):
    """dbt refused the whole run; the message is what a person would read."""


@dataclass(frozen=True)
class Platform:
    """A network whose raw zone is loaded."""

    settings: Settings

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse.of(self.settings)

    @property
    def terms(self) -> list[str]:
        return [term.key for term in self.settings.network.calendar.ordered_terms()]

    def rows(self, query: str, parameters: Sequence[Any] = (), role: Role = Role.DBT) -> Rows:
        with self.warehouse.connect(role) as connection:
            return connection.execute(query.encode(), parameters or None).fetchall()

    def value(self, query: str, parameters: Sequence[Any] = ()) -> Any:
        return self.rows(query, parameters)[0][0]

    def change(self, statement: str, parameters: Sequence[Any] = (), role: Role = Role.ETL) -> int:
        """Change raw rows (or, as dbt_user, views) behind the loader's back; returns how many."""
        with self.warehouse.connect(role) as connection:
            return connection.execute(statement.encode(), parameters or None).rowcount


# -- networks -----------------------------------------------------------------------------------


def sample_network(folder: Path, name: str, students: int, seed: int) -> Path:
    """A network file like networks/sample.yaml, smaller and of another seed."""
    declared = yaml.safe_load((PROJECT / "networks" / "sample.yaml").read_text(encoding="utf-8"))
    declared |= {"name": name, "sample": {"students": students, "seed": seed}}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(declared, sort_keys=False), encoding="utf-8")
    return path


@contextmanager
def server(home: Path) -> Iterator[Path]:
    """An embedded server of the tests' own; it and its files are gone afterwards."""
    try:
        yield home
    finally:
        Warehouse.of(_settings(home, PROJECT / "networks" / "sample.yaml")).down(purge=True)


def load(home: Path, network_file: Path) -> Platform:
    """Bring a network's exports into its raw zone."""
    platform = Platform(_settings(home, network_file))
    platform.warehouse.up()
    deploy(platform.warehouse, platform.settings.network)
    if platform.settings.network.sample:
        write_exports(platform.settings.landing, platform.settings.network)
    load_waiting(platform.warehouse, platform.settings, settled=True)
    return platform


def _settings(home: Path, network_file: Path) -> Settings:
    own = {"pghost": None, "pgdatabase": None, "pguser": None, "pgpassword": None}
    return Settings(EDU_HOME=home, EDU_NETWORK=network_file, EDU_PG_FSYNC=False, **own)


def keep_copy(platform: Platform) -> None:
    """Keep the network's database as it is now, to be brought back by `bring_back`."""
    _copy(platform, source=platform.warehouse.database, target=_kept(platform))


def bring_back(platform: Platform) -> None:
    _copy(platform, source=_kept(platform), target=platform.warehouse.database)


def _kept(platform: Platform) -> str:
    return f"{platform.warehouse.database}_kept"


def _copy(platform: Platform, source: str, target: str) -> None:
    with platform.warehouse.connect(Role.ADMIN, database=MAINTENANCE, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(target)))
        copied = sql.SQL("create database {} template {}")
        admin.execute(copied.format(sql.Identifier(target), sql.Identifier(source)))


# -- dbt ----------------------------------------------------------------------------------------


def deploy_gold(platform: Platform) -> list[Node]:
    """Create tables, rules and views."""
    return run_dbt(platform, ["build", "--exclude-resource-type", "test", *TESTED_ELSEWHERE], {"EDU_DEPLOY": "1"})


def build_term(platform: Platform, term_key: str, select: str | None = None) -> list[Node]:
    """Build a term and run its tests; a node that fails is in the result."""
    selected = ["--select", select] if select else []
    return run_dbt(platform, ["build", *TESTED_ELSEWHERE, *selected], {"EDU_TERM": term_key})


def run_dbt(platform: Platform, arguments: list[str], variables: Mapping[str, str]) -> list[Node]:
    """Run dbt in this process. Raises Refused where it did not get as far as a node."""
    from dbt.cli.main import dbtRunner

    target = platform.settings.dbt_target
    folders = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    flags = [*folders, "--target-path", str(target), "--log-path", str(target), "--quiet"]
    with _environment(platform.warehouse.environment(Role.DBT) | dict(variables)):
        # dbt writes the database's name into its manifest, and into a manifest that it has run with much else
        if platform.warehouse.database not in _parsed:
            generate()
            _parsed[platform.warehouse.database] = dbtRunner().invoke(["parse", *flags]).result
        manifest = _parsed[platform.warehouse.database].deepcopy()
        outcome = dbtRunner(manifest=manifest).invoke([*arguments, *flags])
    if outcome.exception is not None:
        raise Refused(str(outcome.exception))
    return [
        Node(
            name=result.node.name,
            resource_type=str(result.node.resource_type),
            status=str(result.status),
            failures=result.failures,
            message=result.message or "",
        )
        for result in outcome.result
    ]


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    for name in ("EDU_TERM", "EDU_DEPLOY", *(key for key in before if key.startswith("PG"))):
        os.environ.pop(name, None)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def broken(nodes: list[Node]) -> list[Node]:
    """What was not built or found something; a warning is no breakage."""
    return [node for node in nodes if node.status not in ("success", "pass", "warn")]


# -- looking at gold ----------------------------------------------------------------------------


def digests(platform: Platform) -> dict[tuple[str, str], str]:
    """(table, term) → a hash of every row of it, in order."""
    found = {}
    with platform.warehouse.connect(Role.DBT) as connection:
        for table in MADE_BY_A_TERM:
            query = sql.SQL(
                "select term_key, md5(string_agg(row_text, '|' order by row_text)) from"
                " (select term_key, t::text as row_text from {} as t) as rows group by term_key"
            ).format(sql.Identifier("gold", table))
            found |= {(table, term): digest for term, digest in connection.execute(query)}
    return found


def left_behind(platform: Platform) -> list[str]:
    """Tables in gold that builds made for themselves and did not remove."""
    return [
        name
        for (name,) in platform.rows(
            "select relname from pg_class where relname like '%\\_\\_aside\\_%' and relkind = 'r'"
        )
    ]


def connect(platform: Platform, role: Role = Role.DBT) -> psycopg.Connection:
    return platform.warehouse.connect(role)
