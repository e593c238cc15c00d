"""Every load stays auditable: a table reads back as it stood after any load.

The property test runs random sequences of packages through the loader and through a model of the
semantics in a few lines of Python, and compares after every load and, at the end, as of every load and of a
moment between each two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edu_assets.contracts import registry
from edu_assets.raw_zone import compare
from edu_assets.raw_zone.as_of import NotATime, as_of_csv, as_of_query, instant, load_at
from edu_assets.warehouse import Role
from edu_assets_tests.raw_zone.exports import active, gone, org, package, student
from edu_assets_tests.testbed import MakeNetwork, Platform

ORGS = registry().contract("oneroster__orgs")
FEEDS = ("sis", "other_sis")
TERMS = ("2013|B", "2013|J")
FIRST_DAY = {"2013|B": "2013-02-01", "2013|J": "2013-09-02"}

Key = tuple[str, str, str]
Table = dict[Key, str]


def stands(platform: Platform, load_id: int | None = None) -> list[tuple[Any, ...]]:
    """The table with all its columns, now or as of a load."""
    with platform.warehouse.connect(Role.ETL) as connection:
        if load_id is None:
            query = "select * from raw_zone.oneroster__orgs order by term_key, _feed, sourced_id"
            return connection.execute(query).fetchall()
        return connection.execute(as_of_query(ORGS, load_id)).fetchall()


def test_the_state_as_of_every_load_is_what_stood_then(platform: Platform) -> None:
    snapshots = {}
    deliveries = [
        ("2013-02-05", {"orgs": [org(f"s{n}") for n in range(6)]}, ()),
        ("2013-02-06", {"orgs": [org(f"s{n}", "New") for n in range(1, 6)]}, ()),
        ("2013-09-05", {"orgs": [active(org("s1", "Newer")), gone(org("s2"))]}, ("orgs",)),
        ("2013-09-06", {"orgs": [active(org("s2", "Back"))]}, ("orgs",)),
    ]
    for day, tables, delta in deliveries:
        report = platform.deliver("sis", f"r_{day}.zip", package(tables, delta=delta))
        snapshots[max(part.load_id for part in report.slices)] = stands(platform)
    assert len(snapshots) == 4
    assert len({tuple(snapshot) for snapshot in snapshots.values()}) == 4
    for load_id, snapshot in snapshots.items():
        assert stands(platform, load_id) == snapshot


def stands_at(platform: Platform, at: datetime) -> list[tuple[Any, ...]]:
    with platform.warehouse.connect(Role.ETL) as connection:
        return connection.execute(as_of_query(ORGS, load_at(connection, at))).fetchall()


def test_a_time_without_an_offset_is_the_networks_own() -> None:
    local = instant("2014-01-15T08:00", "America/New_York")
    assert local == instant("2014-01-15T13:00Z", "Europe/London") == instant("2014-01-15 14:00+01:00", "Asia/Tokyo")


@pytest.mark.parametrize("text", ["2014-01-15", "20140115", "yesterday", "", "2014-13-01T00:00", "3"])
def test_what_names_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(NotATime, match="write it as"):
        instant(text, "America/New_York")


@pytest.mark.parametrize("text", ["2013-11-03T01:30", "2013-03-10T02:30"], ids=["twice", "never"])
def test_a_time_that_the_change_of_the_clocks_spoils_needs_an_offset(text: str) -> None:
    with pytest.raises(NotATime, match="add the offset"):
        instant(text, "America/New_York")
    assert instant(f"{text}-04:00", "America/New_York").utcoffset() == timedelta(hours=-4)


def test_a_time_to_come_is_refused() -> None:
    with pytest.raises(NotATime, match="still to come"):
        instant((datetime.now(UTC) + timedelta(minutes=1)).isoformat(), "UTC")


def test_before_the_first_load_nothing_stood(platform: Platform) -> None:
    before = datetime.now(UTC)
    assert stands_at(platform, before) == []
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org("s1")]}))
    assert stands(platform, 0) == []
    assert stands_at(platform, before) == []


def test_a_load_of_several_tables_stands_whole_or_not_at_all(platform: Platform) -> None:
    tables = {"orgs": [org("s1")], "users": [student("1")]}
    platform.deliver("sis", "r_2013-02-05.zip", package(tables))
    [(first, last)] = platform.query("select min(applied_at), max(applied_at) from etl.load_log")
    with platform.warehouse.connect(Role.ETL) as connection:
        found = [load_at(connection, at) for at in (first, last - timedelta(microseconds=1), last)]
    assert first < last
    assert found == [0, 0, 1]


def test_the_state_as_of_a_load_comes_as_csv_of_one_term(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org("s1", 'a "b"')]}))
    platform.deliver("sis", "r_2013-09-05.zip", package({"orgs": [org("s1", "other")]}))
    with platform.warehouse.connect(Role.ETL) as connection:
        text = b"".join(as_of_csv(connection, ORGS, 2, "2013|B")).decode()
    assert text.splitlines()[0].startswith("term_key,_feed,sourced_id")
    assert [line.split(",")[0] for line in text.splitlines()[1:]] == ["2013|B"]
    assert '"a ""b"""' in text


def test_a_changed_row_names_the_load_that_closed_it(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org("s1", "Old")]}))
    platform.deliver("sis", "r_2013-02-06.zip", package({"orgs": [org("s1", "New")]}))
    history = "select name, _load_id, _closed_by, _closed_at >= _ingested_at from raw_history.oneroster__orgs"
    assert platform.query(history) == [("Old", 1, 2, True)]
    assert platform.query("select name, _load_id from raw_zone.oneroster__orgs") == [("New", 2)]


# -- a model ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """A package: of orgs alone. rows: key → name, None deletes (delta) or is left out (bulk)."""

    feed: str
    term: str
    delta: bool
    rows: dict[str, str | None]


@dataclass
class Model:
    """What must stand after each package. Each package is effective a day after the one before."""

    table: Table = field(default_factory=dict)
    loaded: set[tuple[str, str]] = field(default_factory=set)
    content: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def receive(self, sent: Sent) -> bool:
        """Apply a package. False where it is held."""
        place = (sent.term, sent.feed)
        before = self._slice(*place)
        start = before if place in self.loaded or not sent.delta else self._previous(*place)
        after = dict(start) if sent.delta else {}
        for key, name in sent.rows.items():
            after.pop(key, None)
            if name is not None:
                after[key] = name
        if after != before and self._digest(sent) in self.content.get(place, []):
            return False
        if not sent.delta or place in self.loaded or start or after:
            self._remember(place, sent, changed=after != before)
        self.table = {key: name for key, name in self.table.items() if key[:2] != place}
        self.table |= {(*place, key): name for key, name in after.items()}
        return True

    def _slice(self, term: str, feed: str) -> dict[str, str]:
        return {key[2]: name for key, name in self.table.items() if key[:2] == (term, feed)}

    def _previous(self, term: str, feed: str) -> dict[str, str]:
        earlier = TERMS[: TERMS.index(term)]
        return self._slice(earlier[-1], feed) if earlier and self.content.get((earlier[-1], feed)) else {}

    def _remember(self, place: tuple[str, str], sent: Sent, *, changed: bool) -> None:
        self.loaded.add(place)
        if changed:
            self.content.setdefault(place, []).append(self._digest(sent))

    @staticmethod
    def _digest(sent: Sent) -> Any:
        lines = {(key, name, sent.delta and (name is None)) for key, name in sent.rows.items()}
        return frozenset((key, "" if name is None else name, sent.delta, dead) for key, name, dead in lines)


def packages_of(sent: Sent, day: int) -> tuple[str, bytes]:
    year, month, _ = FIRST_DAY[sent.term].split("-")
    name = f"r_{year}-{month}-{day + 2:02}.zip"
    if sent.delta:
        lines = [
            active(org(key, value)) if value is not None else gone(org(key, "")) for key, value in sent.rows.items()
        ]
        lines = [line | ({"name": "x"} if not line["name"] else {}) for line in lines]
        return name, package({"orgs": lines}, delta=["orgs"])
    return name, package({"orgs": [org(key, value) for key, value in sent.rows.items() if value is not None]})


def sequences() -> st.SearchStrategy[list[Sent]]:
    names = st.sampled_from(["v1", "v2", "v3"])
    keys = st.sampled_from(["a", "b", "c", "d"])
    delta = st.builds(
        Sent,
        feed=st.sampled_from(FEEDS),
        term=st.sampled_from(TERMS),
        delta=st.just(True),
        rows=st.dictionaries(keys, st.one_of(st.none(), names), min_size=1),
    )
    bulk = st.builds(
        Sent,
        feed=st.sampled_from(FEEDS),
        term=st.sampled_from(TERMS),
        delta=st.just(False),
        rows=st.dictionaries(keys, names, min_size=1),
    )
    return st.lists(st.one_of(delta, bulk), min_size=2, max_size=7)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.parametrize("worth_comparing", [0, 1_000])
@given(sequence=sequences())
def test_any_sequence_of_packages_leaves_what_the_model_says_and_reads_back(
    make_network: MakeNetwork, sequence: list[Sent], worth_comparing: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare, "WORTH_COMPARING", worth_comparing)
        run_and_read_back(make_network, sequence)


def run_and_read_back(make_network: MakeNetwork, sequence: list[Sent]) -> None:
    # A share of 1 holds no loss, so that what is tested here is what is applied.
    platform = make_network(feeds={feed: {"system": "oneroster", "landing": feed, "hold_share": 1.0} for feed in FEEDS})
    model, snapshots, moments = Model(), {}, {}
    for day, sent in enumerate(sequence):
        report = platform.deliver(sent.feed, *packages_of(sent, day))
        applied = model.receive(sent)
        assert (report.status == "held") == (not applied), report
        found = platform.query("select term_key, _feed, sourced_id, name from raw_zone.oneroster__orgs")
        assert {row[:3]: row[3] for row in found} == model.table
        snapshots[platform.value("select max(load_id) from etl.load_log")] = stands(platform)
        moments[platform.value("select clock_timestamp()")] = stands(platform)
    for load_id, snapshot in snapshots.items():
        assert stands(platform, load_id) == snapshot
    for moment, snapshot in moments.items():
        assert stands_at(platform, moment) == snapshot
    platform.remove()


def test_history_has_the_columns_of_the_raw_table_and_two_more(platform: Platform) -> None:
    columns = (
        "select array_agg(column_name::text order by ordinal_position) from information_schema.columns"
        " where table_schema = %s and table_name = %s"
    )
    for name, contract in registry().contracts.items():
        raw = platform.value(columns, [contract.raw_schema, name])
        assert platform.value(columns, ["raw_history", name]) == [*raw, "_closed_by", "_closed_at"]
