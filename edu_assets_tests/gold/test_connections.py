"""dbt's nodes follow each other on one connection a thread, and each finds it as if it were new."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from dbt.adapters.postgres.connections import PostgresCredentials

from edu_assets.gold import build_term
from edu_assets.gold.connections import KeptConnections
from edu_assets.warehouse import Role
from edu_assets_tests.testbed import MakeNetwork, Platform

LEFT = """
set lock_timeout = '7s';
create temporary table left_behind (n integer);
select pg_advisory_lock(7);
"""
FOUND = """
select pg_backend_pid(), current_setting('lock_timeout'), to_regclass('pg_temp.left_behind') is not null,
    (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())
"""


@pytest.fixture
def connections(platform: Platform) -> Iterator[KeptConnections]:
    variables = platform.warehouse.environment(Role.DBT)
    credentials = PostgresCredentials(
        host=variables["PGHOST"],
        port=int(variables["PGPORT"]),
        user=variables["PGUSER"],
        password=variables["PGPASSWORD"],
        database=variables["PGDATABASE"],
        schema="gold",
    )
    profile: Any = SimpleNamespace(credentials=credentials)
    kept = KeptConnections(profile, multiprocessing.get_context("spawn"))
    yield kept
    kept.cleanup_all()


def found_by(connections: KeptConnections, node: str) -> tuple:
    connections.set_connection_name(node)
    _, cursor = connections.add_query(FOUND)
    return cursor.fetchone()


@pytest.mark.parametrize("how", ["in a transaction", "committed", "failed"])
def test_a_node_leaves_the_next_one_nothing_but_the_connection(connections: KeptConnections, how: str) -> None:
    process, *new = found_by(connections, "model.first")
    for statement in LEFT.strip().split("\n"):
        connections.add_query(statement)
    assert found_by(connections, "model.first")[1:] == ("7s", True, 1)
    if how == "committed":
        connections.commit()
    if how == "failed":
        with pytest.raises(Exception, match="division by zero"):
            connections.add_query("select 1 / 0")
    connections.release()
    assert found_by(connections, "model.second") == (process, *new) == (process, "0", False, 0)


def test_a_connection_that_was_cut_off_is_not_handed_on(connections: KeptConnections, platform: Platform) -> None:
    process, *new = found_by(connections, "model.first")
    platform.query("select pg_terminate_backend(%s, 5000)", [process])
    connections.release()
    other, *found = found_by(connections, "model.second")
    assert other != process
    assert found == new


def test_what_is_no_node_closes_its_connection(connections: KeptConnections) -> None:
    process, *_ = found_by(connections, "master")
    connections.release()
    assert found_by(connections, "master")[0] != process


def test_a_term_is_built_over_a_handful_of_connections(make_network: MakeNetwork) -> None:
    platform = make_network(deployed=True)
    build_term(platform.warehouse, platform.settings, "2013|B", select=["resource_type:model"])

    def sessions() -> int:
        return int(platform.value("select sessions from pg_stat_database where datname = current_database()"))

    before = sessions()
    build = build_term(platform.warehouse, platform.settings, "2013|B")
    assert len(build.results) > 100
    assert sessions() - before < 15
