"""A feed sends the tables that the network file names: others are refused, and nothing expects them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edu_assets.contracts import registry
from edu_assets.network import Network
from edu_assets.raw_zone import reapply, rehearse
from edu_assets.school_calendar import DeclarationError
from edu_assets_tests.raw_zone.exports import org, package, student
from edu_assets_tests.testbed import MakeNetwork, Platform, network_declaration

ROSTER = {"system": "oneroster", "landing": "sis", "tables": ["orgs", "users"]}
REFUSAL = (
    "demographics.csv is oneroster__demographics, which feeds.sis.tables of the network file does not name: "
    "add demographics there, or ask the sender to leave it out"
)


def network(**feeds: dict[str, Any]) -> Network:
    return Network.model_validate(network_declaration(feeds=feeds))


def declared_anew(platform: Platform, **changes: Any) -> Platform:
    """The network after its file was changed and deployed."""
    declaration = network_declaration(name=platform.settings.network.name) | changes
    return Platform.create(platform.settings.network_file.parent, declaration)


def test_a_package_of_what_a_feed_sends_is_loaded_and_one_with_more_is_refused_whole(
    make_network: MakeNetwork, tmp_path: Path
) -> None:
    platform = make_network(feeds={"sis": ROSTER})
    loaded = platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org("s1")], "users": [student("u1")]}))
    assert loaded.status == "applied"
    more = package({"orgs": [org("s1"), org("s2")], "demographics": [{"sourcedId": "u1", "sex": "female"}]})
    refused = platform.deliver("sis", "r_2013-02-06.zip", more)
    assert (refused.status, refused.problems) == ("refused", [REFUSAL])
    assert platform.value("select count(*) from raw_zone.oneroster__orgs") == 1
    (tmp_path / "r_2013-02-06.zip").write_bytes(more)
    rehearsed = rehearse(platform.warehouse, platform.settings, tmp_path / "r_2013-02-06.zip", feed="sis")
    assert (rehearsed.status, rehearsed.problems) == ("refused", [REFUSAL])


def test_what_a_feed_sent_before_it_was_said_to_send_less_is_applied_again(make_network: MakeNetwork) -> None:
    platform = make_network(feeds={"sis": ROSTER | {"tables": None}})
    content = package({"orgs": [org("s1")], "demographics": [{"sourcedId": "u1", "sex": "female"}]})
    platform.deliver("sis", "r_2013-02-05.zip", content)
    platform.change("delete from raw_zone.oneroster__orgs")
    narrower = declared_anew(platform, feeds={"sis": ROSTER})
    reapply(narrower.warehouse, narrower.settings, "oneroster__orgs", "2013|B")
    assert platform.value("select count(*) from raw_zone.oneroster__orgs") == 1


def test_of_two_feeds_of_a_system_the_one_that_sends_the_table_is_meant(make_network: MakeNetwork) -> None:
    people, rooms = ({"system": "sis", "landing": name, "tables": [name]} for name in ("students", "bell_schedules"))
    platform = make_network(feeds={"people": people, "rooms": rooms})
    path = platform.settings.network_file.parent / "students_2013-02-05.csv"
    path.write_text("nothing\n", encoding="utf-8")
    [report] = platform.load(path)
    assert report.feed == "people"


def test_a_feed_gives_the_entities_of_the_tables_that_it_sends(make_network: MakeNetwork) -> None:
    feeds = {
        "roster": ROSTER,
        "ods": {"system": "edfi", "landing": "ods", "tables": ["students"]},
        "office": {"system": "attendance", "landing": "office"},
    }
    platform = make_network(feeds=feeds)
    given = set(platform.query("select feed, entity from etl.feed_entity"))
    assert ("office", "daily_attendance") in given
    assert ("ods", "student") in given
    assert not {entity for feed, entity in given if feed == "ods"} & {"daily_attendance", "course_grade"}
    everything = declared_anew(platform, feeds=feeds | {"ods": {"system": "edfi", "landing": "ods"}})
    assert ("ods", "daily_attendance") in set(everything.query("select feed, entity from etl.feed_entity"))


def test_contracts_that_no_feed_sends_are_off() -> None:
    ods = {"system": "edfi", "landing": "ods"}
    on = registry().switched_on(network(one=ods | {"tables": ["students"]}, other=ods | {"tables": ["schools"]}))
    assert {contract.name for contract in on} == {"edfi__students", "edfi__schools"}
    assert registry().switched_on(network(ods=ods)) == registry().of_system("edfi")


@pytest.mark.parametrize(
    ("feed", "told"),
    [
        ({"system": "edfy"}, "feeds.ods: there is no system 'edfy'; known: access, act, "),
        ({"system": "edfi", "tables": ["students", "pupils"]}, "feeds.ods.tables: system edfi has no pupils; known: "),
    ],
)
def test_a_feed_of_what_is_not_declared_is_told_by_place(feed: dict[str, Any], told: str) -> None:
    with pytest.raises(DeclarationError) as refusal:
        registry().switched_on(network(ods={"landing": "ods"} | feed))
    assert str(refusal.value).startswith(told)
