"""What the checks of raw tables ask for and what they do not."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from edu_assets.contracts import registry
from edu_assets.orchestration.raw_checks import check_slice
from edu_assets.orchestration.raw_rules import Slice
from edu_assets.warehouse import Role
from edu_assets_tests.raw_zone.exports import org, package
from edu_assets_tests.testbed import MakeNetwork, Platform


@pytest.fixture
def two_systems(make_network: MakeNetwork) -> Platform:
    feeds = {name: {"system": "oneroster", "landing": name} for name in ("sends_orgs", "sends_nothing")}
    return make_network(feeds=feeds)


@pytest.mark.parametrize(
    ("table", "owing"), [("orgs", {"sends_orgs", "sends_nothing"}), ("demographics", {"sends_nothing"})]
)
def test_a_feed_owes_the_tables_that_it_has_sent_and_all_while_it_has_sent_none(
    two_systems: Platform, table: str, owing: set[str]
) -> None:
    two_systems.deliver("sends_orgs", "r_2013-02-05.zip", package({"orgs": [org("s1")]}))
    two_systems.change("update etl.load_log set finished_at = '2013-02-05'")
    network = two_systems.settings.network
    now = datetime(2013, 4, 1, tzinfo=ZoneInfo(network.timezone))
    with two_systems.warehouse.connect(Role.ETL) as connection:
        about = Slice(
            connection, network, registry().contract(f"oneroster__{table}"), network.calendar.term("2013|B"), now
        )
        [result] = check_slice(about, {"is_fresh"})
    assert not result.passed
    assert set(result.metadata["days_silent_by_feed"].value) == owing


def test_a_table_that_no_feed_sends_is_not_late(make_network: MakeNetwork) -> None:
    platform = make_network(feeds={"sis": {"system": "oneroster", "landing": "sis"}})
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org("s1")]}))
    network = platform.settings.network
    now = datetime(2013, 4, 1, tzinfo=ZoneInfo(network.timezone))
    with platform.warehouse.connect(Role.ETL) as connection:
        contract = registry().contract("oneroster__results")
        [result] = check_slice(Slice(connection, network, contract, network.calendar.term("2013|B"), now), {"is_fresh"})
    assert result.passed


def test_a_feed_owes_no_table_that_the_network_file_does_not_name(make_network: MakeNetwork) -> None:
    platform = make_network(feeds={"sis": {"system": "oneroster", "landing": "sis", "tables": ["orgs"]}})
    network = platform.settings.network
    now = datetime(2013, 4, 1, tzinfo=ZoneInfo(network.timezone))
    owed = {}
    with platform.warehouse.connect(Role.ETL) as connection:
        for table in ("orgs", "demographics"):
            contract = registry().contract(f"oneroster__{table}")
            about = Slice(connection, network, contract, network.calendar.term("2013|B"), now)
            [result] = check_slice(about, {"is_fresh"})
            owed[table] = result.passed
    assert owed == {"orgs": False, "demographics": True}
