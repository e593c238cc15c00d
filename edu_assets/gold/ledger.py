"""gold.term_build, the record of builds: what each has read, and so which terms are due for one.

Belongs here: writing the record, and judging by it. Does not belong here: building (build.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from pydantic import BaseModel

from edu_assets.contracts import registry
from edu_assets.gold.commands import NodeResult
from edu_assets.gold.project import project_digest
from edu_assets.settings import Settings
from edu_assets.warehouse import Role, Warehouse

STUDENT_ID_MERGE = "student_id_merge"
"""The entity to which tables of merged student numbers conform."""
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
comment on table gold.deployment is 'versions of models and rules of which tables and views stand';
"""
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


@dataclass
class Ledger:
    """The line of gold.term_build that records a build."""

    connection: Connection
    build_id: int
    built_from: int
    merges: int
    """The last merges of student numbers that every table of the build has read."""

    @classmethod
    def open(cls, connection: Connection, term_key: str, digest: str, *, is_whole: bool, run_id: str | None) -> Ledger:
        merges = last_merges(connection)
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
                last_merges(self.connection) > self.merges,
                self.build_id,
            ],
        )


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
                [digest, merged, last_merges(connection) if merged else 0],
            ).fetchall()


def _terms_with_merged_numbers(connection: Connection) -> list[str]:
    stands = connection.execute(
        "select bool_and(to_regclass(name) is not null) from unnest(%s::text[]) as name", [list(MERGED_NUMBERS_READ)]
    ).fetchone()
    if not (stands and stands[0]):
        return []
    return [term_key for (term_key,) in connection.execute(MERGED_NUMBERS)]


def last_merges(connection: Connection) -> int:
    """The last load of merges of student numbers, whatever their term: ids are in the order of commits."""
    tables = [contract.name for contract in registry().conforming(STUDENT_ID_MERGE)]
    row = connection.execute(
        "select coalesce(max(load_id), 0) from etl.load_log where raw_table = any(%s) and status = 'applied'", [tables]
    ).fetchone()
    assert row is not None
    return int(row[0])
