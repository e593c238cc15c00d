"""A platform of its own for a test: a network with its database, its landing folders and its loader.

Belongs here: what tests of every layer need to put files in and look at what came of them. Does not
belong here: fixtures (conftest.py), what a source system exports (raw_zone/exports.py).
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from psycopg import sql

from edu_assets.raw_zone import DeliveryReport, deploy, load_paths, load_waiting
from edu_assets.sample import write_exports
from edu_assets.settings import PROJECT, Settings
from edu_assets.warehouse import Role, Warehouse

NETWORK: dict[str, Any] = {
    "name": "test",
    "title": "Test network",
    "timezone": "America/New_York",
    "calendar": {
        "terms": ["B", "J"],
        "years": {
            "2013": {
                "terms": {
                    "B": {"first_day": "2013-02-01", "last_day": "2013-06-14"},
                    "J": {"starts": "2013-07-01", "first_day": "2013-09-02", "last_day": "2013-12-20"},
                }
            },
            "2014": {
                "last_day": "2014-12-31",
                "terms": {
                    "B": {"starts": "2014-01-01", "first_day": "2014-02-03", "last_day": "2014-06-13"},
                    "J": {"starts": "2014-07-01", "first_day": "2014-09-01", "last_day": "2014-12-19"},
                },
            },
        },
    },
    "schools": [
        {"school_id": "01", "name": "School One", "lea_id": "9", "lea_name": "LEA"},
        {
            "school_id": "02",
            "name": "School Two",
            "lea_id": "9",
            "lea_name": "LEA",
            "calendar": {"terms": {"2013|B": {"first_day": "2013-02-01", "last_day": "2013-07-12"}}},
        },
    ],
    "feeds": {
        "sis": {"system": "oneroster", "landing": "sis"},
        "other_sis": {"system": "oneroster", "landing": "other_sis"},
        "attendance": {"system": "attendance", "landing": "attendance"},
        "ou": {"system": "oulad", "landing": "ou"},
        "other_ou": {"system": "oulad", "landing": "other_ou"},
    },
}
"""A small network on which contracts of all four term rules work: its terms are spelled as OULAD's are,
but tile the calendar. School 02 stays in 2013|B until 12 July, when the network is in 2013|J already."""

LOGS = (
    *("landing_file", "landing_place", "delivery", "load_log", "quarantine", "held_slice", "outbox", "incident"),
    "erased_person",
)
"""Tables of schema `etl` that loads fill; the others are the network file's."""

SHARED_DATA = PROJECT.parent / "shared" / "data"


def shared_data(folder: str) -> Path:
    """A folder of the data that lies beside the project. A test that needs it fails without it."""
    path = SHARED_DATA / folder
    assert path.is_dir(), f"{path} is missing: this test reads data that is kept beside the project, not in it"
    return path


def network_declaration(**changes: Any) -> dict[str, Any]:
    """The network file of the tests as a dictionary, with top-level entries changed."""
    return copy.deepcopy(NETWORK) | changes


def sample_declaration(
    *, students: int = 60, seed: int = 7, systems: Collection[str] | None = None, **changes: Any
) -> dict[str, Any]:
    """The sample network's file with few students, the feeds of some systems (None: of all), and top-level entries
    changed. What the other systems would send costs a term's run half its time."""
    declared = yaml.safe_load((PROJECT / "networks" / "sample.yaml").read_text(encoding="utf-8"))
    if systems is not None:
        declared["feeds"] = {name: feed for name, feed in declared["feeds"].items() if feed["system"] in systems}
    return declared | {"sample": {"students": students, "seed": seed}} | changes


def settings_for(home: Path, network_file: Path, **more: Any) -> Settings:
    """Settings that the environment has no part in; `more` are fields of Settings by their aliases."""
    isolated: dict[str, Any] = {
        "EDU_HOME": home,
        "EDU_NETWORK": network_file,
        "EDU_PG_FSYNC": False,
        "pghost": None,
        "pgport": 5432,
        "pgdatabase": None,
        "pguser": None,
        "pgpassword": None,
        "pgsslmode": None,
    }
    return Settings(**isolated | more)


@dataclass(frozen=True)
class Platform:
    """One network that a test has to itself."""

    settings: Settings
    warehouse: Warehouse

    @classmethod
    def create(cls, home: Path, declaration: dict[str, Any], like: Platform | None = None, **more: Any) -> Platform:
        """Write the network file, create the database, deploy the raw zone. `like`: an empty network whose database is
        copied, so that what was deployed there is deployed here. `more`: fields of Settings."""
        network_file = home / f"{declaration['name']}.yaml"
        network_file.write_text(yaml.safe_dump(declaration, sort_keys=False), encoding="utf-8")
        settings = settings_for(home, network_file, **more)
        platform = cls(settings, Warehouse.of(settings))
        if like:
            with like.warehouse.connect(Role.ADMIN, database="postgres", autocommit=True) as admin:
                copied = (sql.Identifier(each.warehouse.database) for each in (platform, like))
                admin.execute(sql.SQL("create database {} template {} strategy file_copy").format(*copied))
        platform.warehouse.up()
        deploy(platform.warehouse, settings.network)
        return platform

    def pristine(self) -> list[tuple]:
        """What an empty network is, to tell whether one is as it was made: tables, columns, owners, grants."""
        tables = (
            "select n.nspname, c.relname, c.relkind, c.relowner, c.relacl::text, (select string_agg("
            "concat(attname, atttypid, attnotnull), ',' order by attnum) from pg_attribute where attrelid = c.oid"
            " and attnum > 0 and not attisdropped) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1, 2"
        )
        with self.warehouse.connect(Role.ADMIN, database=self.warehouse.dagster_database) as dagster:
            return self.query(tables) + dagster.execute(tables.encode()).fetchall()

    def empty(self) -> None:
        """Take back what loads did: rows, partitions, staging, files, numbers."""
        made = (
            "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.relkind = 'r' and (c.relispartition or n.nspname = 'stage')"
        )
        filled = (
            "select format('%I.%I', schemaname, relname) from pg_stat_user_tables"
            " where schemaname = 'raw_history' and pg_relation_size(relid) > 0"
        )
        with self.warehouse.connect(Role.ADMIN, autocommit=True) as admin:
            gone, old = ([sql.SQL(name) for (name,) in admin.execute(query)] for query in (made, filled))
            if gone:
                admin.execute(sql.SQL("drop table {}").format(sql.SQL(", ").join(gone)))
            logs = [sql.Identifier("etl", name) for name in LOGS]
            admin.execute(sql.SQL("truncate {} restart identity cascade").format(sql.SQL(", ").join([*logs, *old])))
            admin.execute("alter sequence etl.load_id restart")
        shutil.rmtree(self.settings.network_home, ignore_errors=True)

    def remove(self) -> None:
        """Drop the databases and delete what the network kept in files."""
        with self.warehouse.connect(Role.ADMIN, database="postgres", autocommit=True) as admin:
            for database in (self.warehouse.database, self.warehouse.dagster_database):
                admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database)))
        shutil.rmtree(self.settings.network_home, ignore_errors=True)
        self.settings.network_file.unlink(missing_ok=True)

    def load_sample(self) -> None:
        """Write what the sample network's systems export, and load it."""
        write_exports(self.settings.landing, self.settings.network)
        self.load_waiting()

    def drop(self, feed: str, name: str, content: str | bytes) -> Path:
        """Put a file into the landing folder of a feed."""
        path = self.settings.landing_of(feed) / name
        assert path.is_relative_to(self.settings.home), "a test writes into no folder that is not its own"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(self, *paths: Path | str, **options: Any) -> list[DeliveryReport]:
        return load_paths(self.warehouse, self.settings, list(paths), **options)

    def load_waiting(self, *, settled: bool = True) -> list[DeliveryReport]:
        return load_waiting(self.warehouse, self.settings, settled=settled)

    def deliver(self, feed: str, name: str, content: str | bytes, **options: Any) -> DeliveryReport:
        """Put one file into the landing folder of a feed and load it."""
        [report] = self.load(self.drop(feed, name, content), **options)
        return report

    def query(
        self, statement: str | sql.Composed, parameters: Sequence[Any] = (), *, role: Role = Role.ADMIN
    ) -> list[tuple]:
        """Run a statement as a role; the rows that it returns, none for a command."""
        with self.warehouse.connect(role, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def change(self, statement: str, parameters: Sequence[Any] = (), *, role: Role = Role.ADMIN) -> int:
        """Change something behind the platform's back; how many rows."""
        with self.warehouse.connect(role, autocommit=True) as connection:
            return connection.execute(statement.encode(), parameters or None).rowcount

    @property
    def terms(self) -> list[str]:
        return [term.key for term in self.settings.network.calendar.ordered_terms()]

    def value(self, statement: str, parameters: Sequence[Any] = (), *, role: Role = Role.ADMIN) -> Any:
        """The one value of a query of one row and column."""
        [[value]] = self.query(statement, parameters, role=role)
        return value


ROSTER_AND_ATTENDANCE = ("oneroster", "attendance")
"""Systems whose files the tests of processes, commands and runs follow; the others are tests' of gold."""

MakeNetwork = Callable[..., Platform]
"""The fixture that makes networks: its arguments are top-level entries of the network file, and `deployed`: whether
gold stands in it."""
