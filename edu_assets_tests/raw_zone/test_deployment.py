"""The raw zone's tables follow contracts and network file, at any time and from several processes at once."""

from __future__ import annotations

import threading

import pytest
from psycopg import sql

from edu_assets.contracts import Registry, registry
from edu_assets.contracts.base import Column, ColumnType, Contract
from edu_assets.raw_zone import deploy, reapply
from edu_assets.raw_zone.tables import IncompatibleContract, partition_name
from edu_assets.warehouse import Role
from edu_assets_tests.raw_zone.exports import attendance
from edu_assets_tests.testbed import MakeNetwork, Platform

TABLE = "attendance__attendance_daily"


def with_columns(*columns: Column) -> Registry:
    """The registry with the attendance contract's columns exchanged."""
    declared = registry()
    contract = declared.contract(TABLE).model_copy(update={"columns": columns})
    contracts: list[Contract] = [contract if each.name == TABLE else each for each in declared.contracts.values()]
    return Registry(contracts, list(declared.entities.values()), list(declared.systems.values()))


def test_a_second_deployment_writes_nothing(platform: Platform) -> None:
    published = ("network", "feed", "school", "term", "school_term", "school_day", "counting_day", "term_day")
    state = " union all ".join(f"select xmin::text from etl.{table}" for table in published) + " order by 1"  # noqa: S608
    before = platform.query(state)
    deploy(platform.warehouse, platform.settings.network)
    assert platform.query(state) == before


def test_a_second_deployment_of_many_schools_takes_no_longer_than_the_first(make_network: MakeNetwork) -> None:
    """Each statement has seconds; every day of 150 schools compared with every other would take a minute."""
    shared = {"lea_id": "9", "lea_name": "LEA"}
    schools = [{"school_id": f"{number:03}", "name": f"School {number}", **shared} for number in range(150)]
    many = make_network(schools=schools)
    days = many.value("select count(*) from etl.school_day")
    assert days > 50_000
    with many.warehouse.connect(Role.ADMIN, autocommit=True) as admin:
        admin.execute(
            sql.SQL("alter database {} set statement_timeout = '5s'").format(sql.Identifier(many.warehouse.database))
        )
        admin.execute("delete from etl.school_day where school_id = '007'")
        admin.execute("update etl.school set school_name = 'another' where school_id = '008'")
    deploy(many.warehouse, many.settings.network)
    assert many.value("select count(*) from etl.school_day") == days
    assert many.value("select school_name from etl.school where school_id = '008'") == "School 8"


def test_deployments_at_once_take_turns(platform: Platform) -> None:
    failed: list[BaseException] = []

    def once() -> None:
        try:
            deploy(platform.warehouse, platform.settings.network)
        except Exception as error:  # noqa: BLE001  (told to the test, which fails)
            failed.append(error)

    threads = [threading.Thread(target=once) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_column_that_a_contract_gained_is_added_to_rows_and_history(platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0"))
    columns = registry().contract(TABLE).columns
    deploy(platform.warehouse, platform.settings.network, with_columns(*columns, Column(header="Reason")))
    for schema in ("raw_zone", "raw_history"):
        assert platform.query(f"select count(reason) from {schema}.{TABLE}") == [(0,)]  # noqa: S608
    assert platform.query(f"select attendance_code, reason from raw_zone.{TABLE}") == [("P", None)]  # noqa: S608


def test_a_column_of_another_type_is_refused_with_what_to_do(platform: Platform) -> None:
    columns = list(registry().contract(TABLE).columns)
    columns[-1] = columns[-1].model_copy(update={"type": ColumnType.INTEGER, "allowed": ()})
    with pytest.raises(IncompatibleContract, match="absence_value is numeric in the database and bigint"):
        deploy(platform.warehouse, platform.settings.network, with_columns(*columns))


def test_a_year_that_the_network_file_gained_takes_rows_at_once(make_network: MakeNetwork) -> None:
    platform = make_network(schools=[])
    sheet = attendance("01,1,2015-03-02,P,0")
    assert platform.deliver("attendance", "attendance_daily_1.csv", sheet).quarantined == 1
    network = platform.settings.network
    year = network.calendar.years["2013"].model_dump(mode="json")
    moved = {
        label: {name: day and day.replace("2013", "2015").replace("2014", "2016") for name, day in dates.items()}
        for label, dates in year["terms"].items()
    }
    declared = network.model_dump(mode="json")
    declared["calendar"]["years"]["2015"] = {"terms": moved}
    deploy(platform.warehouse, type(network).model_validate(declared))
    report = platform.deliver("attendance", "attendance_daily_1.csv", sheet)
    assert [(part.term_key, part.inserted) for part in report.slices] == [("2015|B", 1)]


def test_partitions_of_long_names_differ() -> None:
    contract = registry().contract(TABLE).model_copy(update={"table": "t" * 50})
    names = {partition_name(contract, f"2025-26|{'long label ' * 5}{n}") for n in range(3)}
    assert len(names) == 3
    assert {len(name) for name in names} == {63}


def test_a_slice_is_restored_from_the_archive(platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0", "01,2,2013-03-01,P,0"))
    platform.deliver("attendance", "attendance_daily_2.csv", attendance("01,1,2013-03-01,A,1", "01,2,2013-03-01,P,0"))
    content = f"select student_number, attendance_code from raw_zone.{TABLE} order by 1"  # noqa: S608
    before = platform.query(content)
    platform.query(f"delete from raw_zone.{TABLE}")  # noqa: S608
    reapply(platform.warehouse, platform.settings, TABLE, "2013|B")
    assert platform.query(content) == before == [("1", "A"), ("2", "P")]


def test_a_whole_slice_that_is_applied_again_changes_nothing(platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0", "01,2,2013-03-01,P,0"))
    platform.deliver("attendance", "attendance_daily_2.csv", attendance("01,1,2013-03-01,A,1", "01,2,2013-03-01,P,0"))
    state = f"select xmin::text, ctid::text, _load_id from raw_zone.{TABLE} order by 2"  # noqa: S608
    before = platform.query(state)
    reports = reapply(platform.warehouse, platform.settings, TABLE, "2013|B")
    assert {part.status for part in reports} == {"unchanged"}
    assert platform.query(state) == before
