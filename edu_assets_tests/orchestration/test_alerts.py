"""Incidents: one message for what is wrong, however often it is looked at, tried again or restarted."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from edu_assets.orchestration.alerts import (
    STILL_THE_SAME,
    WAITS_ITS_TURN,
    Incident,
    NoSuchAddress,
    Trouble,
    keep,
    listed,
    look_for_incidents,
)
from edu_assets.orchestration.backfill import Session
from edu_assets.orchestration.instance import open_instance
from edu_assets.raw_zone import waiting_files
from edu_assets.warehouse import Role, Warehouse
from edu_assets_tests.conftest import MakeNetwork
from edu_assets_tests.raw_zone.exports import attendance
from edu_assets_tests.testbed import Platform, network_declaration, settings_for

SUMMER = datetime(2013, 7, 20, 15, tzinfo=UTC)
"""Nothing is silent: whatever else is wrong is what a test did."""
IN_TERM = datetime(2013, 9, 20, 15, tzinfo=UTC)
WHO = "Wilhelmina Quartz"


@dataclass
class Mailbox:
    """A real SMTP server on loopback, and what it was sent."""

    port: int = 0
    received: list[tuple[str, str]] = field(default_factory=list)
    refuses: bool = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802
        if self.refuses:
            return "451 try again later"
        message = message_from_bytes(envelope.content, policy=policy.default)
        text = message.get_body(("plain", "html"))
        self.received.append((str(message["Subject"]), text.get_content() if text else ""))
        return "250 taken"

    @property
    def address(self) -> str:
        return f"mailto://127.0.0.1:{self.port}/?from=platform@example.org&to=engineer@example.org&format=text"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox(free_port())
    server = Controller(box, hostname="127.0.0.1", port=box.port, loop=asyncio.new_event_loop())
    server.start()
    try:
        yield box
    finally:
        server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def telling(platform: Platform, *addresses: str) -> Warehouse:
    """The platform's warehouse with people to tell."""
    told = SecretStr(" ".join(addresses))
    return Warehouse.of(settings_for(platform.settings.home, platform.settings.network_file, EDU_ALERTS=told))


def look(warehouse: Warehouse, now: datetime) -> list[Incident]:
    """One look of a process that has just started."""
    with open_instance(warehouse) as instance:
        return look_for_incidents(instance, warehouse, now)


def named(incidents: list[Incident]) -> list[tuple[str, str]]:
    return [(incident.kind, incident.subject) for incident in incidents]


def every_incident(platform: Platform) -> list[Incident]:
    with platform.warehouse.connect(Role.ETL) as connection:
        return listed(connection, ended=True)


def test_a_refused_file_is_told_once_and_ends_when_it_is_taken_away(platform: Platform, mailbox: Mailbox) -> None:
    warehouse = telling(platform, mailbox.address)
    file = platform.drop("attendance", "attendance_daily_broken.csv", f"{WHO},01\n{WHO},02\n")
    platform.load_waiting()
    for minute in range(3):
        [incident] = look(warehouse, SUMMER + timedelta(minutes=minute))
        assert (incident.kind, incident.subject) == ("file", "attendance")
    [(subject, text)] = mailbox.received
    assert subject == "Test network: attendance needs a look (file)"
    assert "attendance_daily_broken.csv" in text
    assert "take it out of the landing place" in text
    assert WHO not in subject + text
    file.unlink()
    waiting_files(platform.warehouse, platform.settings)
    assert look(warehouse, SUMMER + timedelta(minutes=5)) == []
    [incident] = every_incident(platform)
    assert incident.ended_at == SUMMER + timedelta(minutes=5)
    assert len(mailbox.received) == 1


def test_a_file_that_was_sent_again_whole_ends_the_incident(platform: Platform, mailbox: Mailbox) -> None:
    warehouse = telling(platform, mailbox.address)
    platform.deliver("attendance", "attendance_daily_1.csv", "nonsense\n")
    assert named(look(warehouse, SUMMER)) == [("file", "attendance")]
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,S1,2013-02-04,P,0"))
    assert look(warehouse, SUMMER + timedelta(minutes=1)) == []


def test_a_file_outside_the_landing_places_is_the_matter_of_whoever_loads_it(platform: Platform) -> None:
    file = platform.settings.home / "attendance_daily_elsewhere.csv"
    file.write_text("nonsense\n", encoding="utf-8")
    [report] = platform.load(file, feed="attendance")
    assert report.status == "refused"
    assert look(platform.warehouse, SUMMER) == []


def test_a_source_that_fails_all_day_is_one_incident(
    make_network: MakeNetwork, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket whose server is away, for a day."""
    monkeypatch.setenv("BUCKET_KEY", "k")
    monkeypatch.setenv("BUCKET_SECRET", "s")
    away = {
        "url": "s3://exports/attendance",
        "endpoint_url": f"http://127.0.0.1:{free_port()}",
        "secrets": {"key": "BUCKET_KEY", "secret": "BUCKET_SECRET"},
    }
    feeds = network_declaration()["feeds"] | {"attendance": {"system": "attendance", "landing": away}}
    platform = make_network(feeds=feeds)
    warehouse = telling(platform, mailbox.address)
    for hour in range(24):
        if hour % 8 == 0:
            assert waiting_files(platform.warehouse, platform.settings).unusable.keys() == {"attendance"}
        assert named(look(warehouse, SUMMER + timedelta(hours=hour))) == [("place", "attendance")]
    [(subject, text)] = mailbox.received
    assert subject == "Test network: attendance needs a look (place)"
    assert "exports" in text
    assert len(every_incident(platform)) == 1


def test_a_place_that_fails_for_a_moment_wakes_nobody(platform: Platform, mailbox: Mailbox) -> None:
    warehouse = telling(platform, mailbox.address)
    platform.change("insert into etl.landing_place (feed, failures, problem) values ('sis', 1, 'the host is away')")
    look(warehouse, SUMMER)
    look(warehouse, SUMMER + WAITS_ITS_TURN / 2)
    platform.change("update etl.landing_place set failures = 0, problem = null")
    assert look(warehouse, SUMMER + WAITS_ITS_TURN) == []
    assert mailbox.received == []
    assert [incident.told_at for incident in every_incident(platform)] == [None]


def test_a_silent_feed_is_one_incident_however_many_tables_it_owes(platform: Platform, mailbox: Mailbox) -> None:
    warehouse = telling(platform, mailbox.address)
    assert look(warehouse, SUMMER) == []
    for day in range(4):  # a weekend among them, on which nothing is late
        found = look(warehouse, IN_TERM + timedelta(days=day))
        assert named(found) == [("silent", "attendance"), ("silent", "sis"), ("silent", "other_sis")]
    assert len(mailbox.received) == len(found)
    in_summer = look(telling(platform), SUMMER + timedelta(days=365))
    assert [each.incident_id for each in in_summer] == [each.incident_id for each in found], "a summer mends nothing"


def test_nobody_is_woken_at_midnight_by_a_day_that_has_not_begun(platform: Platform) -> None:
    """The limit of attendance is passed on a day; before the hour of the exports the day before decides."""
    late = [
        any(
            incident.subject == "attendance"
            for incident in look(platform.warehouse, IN_TERM.replace(day=day, hour=hour))
        )
        for day in range(3, 12)
        for hour in (5, 15)  # 01:00 and 11:00 in New York
    ]
    first = late.index(True)
    assert first % 2 == 1, "the first look that finds it late is one by day"
    assert all(late[first:])


def test_a_term_that_cannot_be_built_is_an_incident_until_it_is(
    sample_platform: Platform, dagster: Session, mailbox: Mailbox
) -> None:
    warehouse, term, table = telling(sample_platform, mailbox.address), "2025-26|T2", "raw_zone.oneroster__courses"

    def is_told(now: datetime) -> bool:
        return ("gold", term) in named(look_for_incidents(dagster.instance, warehouse, now))

    assert dagster.build(term).succeeded
    sample_platform.change(f"delete from gold.term_build where term_key = '{term}'")  # noqa: S608
    assert not is_told(SUMMER), "a term that is behind and that nobody failed to build waits for its turn"
    sample_platform.change(f"alter table {table} add column smuggled text")
    try:
        assert not dagster.build(term).succeeded
    finally:
        sample_platform.change(f"alter table {table} drop column smuggled")
    for minute in range(2):
        assert is_told(SUMMER + timedelta(minutes=minute))
    assert dagster.build(term).succeeded
    assert not is_told(SUMMER + timedelta(minutes=2))
    assert [subject for subject, _ in mailbox.received if f"{term} needs a look (gold)" in subject] == [
        f"Sample school network: {term} needs a look (gold)"
    ]


def test_what_nobody_could_be_told_is_told_at_the_next_look(platform: Platform, mailbox: Mailbox) -> None:
    warehouse = telling(
        platform, mailbox.address, f"mailto://127.0.0.1:{free_port()}/?from=a@example.org&to=b@example.org"
    )
    platform.deliver("attendance", "attendance_daily_1.csv", "nonsense\n")
    mailbox.refuses = True
    assert [incident.told_at for incident in look(warehouse, SUMMER)] == [None]
    mailbox.refuses = False
    assert [incident.told_at for incident in look(warehouse, SUMMER + timedelta(minutes=1))] == [
        SUMMER + timedelta(minutes=1)
    ]
    look(warehouse, SUMMER + timedelta(minutes=2))
    assert len(mailbox.received) == 1


def test_an_address_that_is_none_is_named_by_its_place_and_never_repeated(platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", "nonsense\n")
    with pytest.raises(NoSuchAddress, match="address 1 of EDU_ALERTS") as refused:
        look(telling(platform, "pigeon://hunter2@roof"), SUMMER)
    assert "hunter2" not in str(refused.value)


NAMES = [("file", "north"), ("file", "south"), ("place", "north")]


@settings(max_examples=40, deadline=None)
@given(looks=st.lists(st.tuples(st.integers(0, 150), st.frozensets(st.sampled_from(NAMES))), min_size=1, max_size=30))
def test_incidents_are_the_times_in_which_something_was_wrong(
    incident_platform: Platform, looks: list[tuple[int, frozenset[tuple[str, str]]]]
) -> None:
    """Against a model: what goes and comes back within the hour is one, and what is over stays as it was."""
    incident_platform.change("truncate etl.incident")
    model: dict[tuple[str, str], list[list[datetime | None]]] = {name: [] for name in NAMES}
    now = SUMMER
    with incident_platform.warehouse.connect(Role.ETL, autocommit=True) as connection:
        for minutes, wrong in looks:
            now += timedelta(minutes=minutes)
            keep(connection, [Trouble(*name, "problem", "mend") for name in sorted(wrong)], now)
            for name, spans in model.items():
                last = spans[-1] if spans else None
                if name in wrong and (last is None or (last[1] is not None and now - last[1] > STILL_THE_SAME)):
                    spans.append([now, None])
                elif name in wrong and last is not None:
                    last[1] = None
                elif last is not None and last[1] is None:
                    last[1] = now
        kept = listed(connection, ended=True)
    for name, spans in model.items():
        found = [[each.began_at, each.ended_at] for each in kept if (each.kind, each.subject) == name]
        assert found == spans


@pytest.fixture(scope="module")
def incident_platform(make_session_network: MakeNetwork) -> Platform:
    return make_session_network(name="incidents")
