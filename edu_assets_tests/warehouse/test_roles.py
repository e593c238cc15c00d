"""Who may do what: least privilege from the first table on."""

from __future__ import annotations

from itertools import product

import psycopg
import pytest
from psycopg import sql

from edu_assets.warehouse import Role, WarehouseUnreachable
from edu_assets_tests.raw_zone.exports import attendance
from edu_assets_tests.testbed import MakeNetwork, Platform

LOGIN = (Role.ETL, Role.DBT, Role.REPORTING, Role.AGENT)
READERS = (Role.REPORTING, Role.AGENT)
OWNERS = {
    "raw_zone": Role.ETL,
    "raw_lms": Role.ETL,
    "raw_billing": Role.ETL,
    "raw_cert": Role.ETL,
    "raw_history": Role.ETL,
    "etl": Role.ETL,
    "stage": Role.ETL,
    "gold": Role.DBT,
    "staging": Role.DBT,
    "reporting": Role.DBT,
}
HIDDEN = [schema for schema in OWNERS if schema != "reporting"]


@pytest.fixture(scope="module")
def filled(make_session_network: MakeNetwork) -> Platform:
    """A network with rows in raw, history, quarantine, gold and reporting."""
    platform = make_session_network(name="roles")
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0", "01,2,bad,P,0"))
    platform.deliver("attendance", "attendance_daily_2.csv", attendance("01,1,2013-03-01,A,1"))
    for schema in ("gold", "staging", "reporting"):
        platform.query(f"create table {schema}.example as select 1 as n", role=Role.DBT)
    return platform


def refused(platform: Platform, role: Role, statement: str | sql.Composed) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        platform.query(statement, role=role)


def tables(platform: Platform, schema: str) -> list[str]:
    found = platform.query(
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = %s and c.relkind in ('r', 'p', 'v') order by 1",
        [schema],
    )
    return [name for (name,) in found]


@pytest.mark.parametrize("role", READERS)
def test_readers_see_no_schema_but_reporting(filled: Platform, role: Role) -> None:
    seen = "select nspname from pg_namespace where has_schema_privilege(nspname, 'usage') and nspname = any(%s)"
    assert filled.query(seen, [list(OWNERS)], role=role) == [("reporting",)]
    assert filled.query("select n from reporting.example", role=role) == [(1,)]


@pytest.mark.parametrize("role", READERS)
def test_readers_can_read_no_hidden_table_partitions_included(filled: Platform, role: Role) -> None:
    hidden = [(schema, table) for schema in HIDDEN for table in tables(filled, schema)]
    assert ("raw_zone", "attendance__attendance_daily__2013_b") in hidden
    for schema, table in hidden:
        refused(filled, role, sql.SQL("select from {}").format(sql.Identifier(schema, table)))


@pytest.mark.parametrize("role", READERS)
def test_readers_write_nothing(filled: Platform, role: Role) -> None:
    for statement in ("insert into reporting.example values (2)", "delete from reporting.example"):
        refused(filled, role, statement)


@pytest.mark.parametrize(
    ("role", "schema"), [pair for pair in product(LOGIN, OWNERS) if OWNERS[pair[1]] is not pair[0]]
)
def test_only_the_owner_of_a_schema_makes_anything_in_it(filled: Platform, role: Role, schema: str) -> None:
    refused(filled, role, f"create table {schema}.mine (n integer)")
    refused(filled, role, f"create function {schema}.mine() returns int language sql as 'select 1'")


@pytest.mark.parametrize("role", LOGIN)
def test_no_role_makes_schemas_or_roles_or_uses_public(filled: Platform, role: Role) -> None:
    for statement in (
        "create schema mine",
        "create role mine",
        "create table public.mine (n int)",
        "create database x",
    ):
        refused(filled, role, statement)


@pytest.mark.parametrize("role", READERS)
def test_readers_make_no_temporary_tables(filled: Platform, role: Role) -> None:
    refused(filled, role, "create temporary table mine (n int)")


def test_dbt_reads_raw_and_the_load_log(filled: Platform) -> None:
    rows = "select count(*) from raw_zone.attendance__attendance_daily"
    assert filled.value(rows, role=Role.DBT) == 1
    assert filled.value("select count(*) from raw_history.attendance__attendance_daily", role=Role.DBT) == 1
    assert filled.value("select count(*) from etl.load_log", role=Role.DBT) == 2
    assert filled.value("select count(*) from etl.term", role=Role.DBT) == 4


@pytest.mark.parametrize("table", ["quarantine", "held_slice", "erased_person", "delivery", "landing_file"])
def test_dbt_does_not_read_what_holds_what_was_set_aside(filled: Platform, table: str) -> None:
    refused(filled, Role.DBT, f"select from etl.{table}")


def test_dbt_writes_no_raw_table(filled: Platform) -> None:
    for schema in ("raw_zone", "raw_history"):
        table = f"{schema}.attendance__attendance_daily"
        refused(filled, Role.DBT, f"delete from {table}")  # noqa: S608
        refused(filled, Role.DBT, f"update {table} set school_id = '1'")  # noqa: S608
        refused(filled, Role.DBT, f"insert into {table} select * from {table}")  # noqa: S608
        refused(filled, Role.DBT, f"truncate {table}")
        refused(filled, Role.DBT, f"drop table {table}")


def test_etl_sees_nothing_of_gold(filled: Platform) -> None:
    for schema in ("gold", "staging", "reporting"):
        refused(filled, Role.ETL, f"select from {schema}.example")


@pytest.mark.parametrize("role", LOGIN)
def test_no_role_has_an_administrators_attribute(filled: Platform, role: Role) -> None:
    attributes = "select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls from pg_roles"
    assert filled.query(f"{attributes} where rolname = current_user", role=role) == [(False,) * 5]
    assert filled.query("select pg_has_role(oid, 'member') from pg_roles where rolname <> current_user", role=role) == [
        (False,)
    ] * filled.value("select count(*) - 1 from pg_roles")


@pytest.mark.parametrize("role", LOGIN)
def test_no_role_of_the_data_enters_another_database(filled: Platform, role: Role) -> None:
    for database in (filled.warehouse.dagster_database, "postgres", "template1"):
        with pytest.raises(WarehouseUnreachable, match="permission denied"):
            filled.warehouse.connect(role, database=database)


def test_dagster_enters_no_database_but_its_own(filled: Platform) -> None:
    with pytest.raises(WarehouseUnreachable, match="permission denied"):
        filled.warehouse.connect(Role.DAGSTER, database=filled.warehouse.database)
    with filled.warehouse.connect(Role.DAGSTER) as connection:
        connection.execute("create table public.run_storage (n int)")


def test_two_networks_of_one_server_have_databases_of_their_own(filled: Platform, make_network: MakeNetwork) -> None:
    other = make_network()
    assert other.value("select count(*) from raw_zone.attendance__attendance_daily") == 0
    assert filled.value("select count(*) from raw_zone.attendance__attendance_daily") == 1


def test_a_new_partition_is_closed_to_readers_as_the_old_ones_are(make_network: MakeNetwork) -> None:
    platform = make_network()
    for day, partition in (("2013-03-01", "2013_b"), ("2014-10-01", "2014_j")):
        platform.deliver("attendance", f"attendance_daily_{day}.csv", attendance(f"01,1,{day},P,0"))
        assert f"attendance__attendance_daily__{partition}" in tables(platform, "raw_zone")
        refused(platform, Role.AGENT, f"select from raw_zone.attendance__attendance_daily__{partition}")
