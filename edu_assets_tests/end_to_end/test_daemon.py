"""A real daemon: files come half, broken, of three terms at once; each load is gold, once.

The user interface runs all the while; what happened is read from the ledgers and from Dagster's own storage.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from edu_assets_tests.end_to_end.conftest import Command
from edu_assets_tests.end_to_end.deployed import RUN_SECONDS, START_SECONDS, Network
from edu_assets_tests.end_to_end.test_ui import free_port, graphql, running_ui, until

pytestmark = pytest.mark.usefixtures("first_pipeline")

NORTH, SOUTH = "01001", "02001"
DAYS = {"2024-25|T1": "2024-10-08", "2024-25|T2": "2025-01-28", "2024-25|T3": "2025-05-06"}


@pytest.fixture(scope="module")
def network(edu: Command) -> Network:
    return Network(edu)


@pytest.fixture(scope="module")
def port(network: Network) -> Iterator[int]:
    """Where the user interface runs."""
    port = free_port()
    with running_ui(network.edu, port):
        yield port


def test_a_file_that_is_still_written_waits_until_it_is_whole(network: Network, port: int) -> None:
    term, before = "2024-25|T1", network.last_load()
    text = network.sheet(NORTH, DAYS[term])
    path = network.landing("north_attendance") / "attendance_daily_slow.csv"
    pieces = [text[start : start + len(text) // 4 + 1] for start in range(0, len(text), len(text) // 4 + 1)]
    for piece in pieces:
        with path.open("a", encoding="utf-8") as file:
            file.write(piece)
        if piece is not pieces[-1]:
            looks = network.ticks("landing_files")
            until(lambda looks=looks: network.ticks("landing_files") > looks, START_SECONDS)
    until(lambda: network.absent(NORTH, DAYS[term]) == len(network.students(NORTH, DAYS[term])), RUN_SECONDS)
    deliveries = network.rows(
        "select status, rows_read, quarantined from etl.delivery where source_file = %s", path.name
    )
    assert deliveries == [("applied", len(text.splitlines()) - 1, 0)]
    until(network.is_settled, RUN_SECONDS)
    assert network.gold_runs(before) == {term: 1}
    assert newest_runs(port)["gold"] == newest_runs(port)["arrivals"] == "SUCCESS"


@pytest.mark.usefixtures("port")
def test_one_arrival_of_three_terms_makes_three_gold_runs(network: Network) -> None:
    before = network.last_load()
    text = network.sheet(SOUTH, *DAYS.values())
    (network.landing("south_attendance") / "attendance_daily_three_terms.csv").write_text(text, encoding="utf-8")
    for term, day in DAYS.items():
        expected = len(network.students(SOUTH, day))
        assert expected
        until(lambda term=term, expected=expected: network.absent(SOUTH, DAYS[term]) == expected, 2 * RUN_SECONDS)
    until(network.is_settled, RUN_SECONDS)
    assert network.gold_runs(before) == dict.fromkeys(DAYS, 1)


@pytest.mark.usefixtures("port")
def test_a_broken_file_of_one_school_leaves_the_others_fresh_and_is_one_incident(network: Network) -> None:
    term = "2024-25|T2"
    broken = network.landing("south_attendance") / "attendance_daily_broken.csv"
    broken.write_text("a page that says: log in again\n", encoding="utf-8")
    text = network.sheet(NORTH, DAYS[term], code="A,1")
    (network.landing("north_attendance") / "attendance_daily_sound.csv").write_text(text, encoding="utf-8")
    until(lambda: network.absent(NORTH, DAYS[term]) == len(text.splitlines()) - 1, 2 * RUN_SECONDS)
    until(network.is_settled, RUN_SECONDS)

    def incidents() -> list[tuple]:
        return network.rows("select ended_at is null from etl.incident where subject = 'south_attendance'")

    until(lambda: incidents() == [(True,)], RUN_SECONDS)
    broken.unlink()
    until(lambda: incidents() == [(False,)], RUN_SECONDS)


def test_terms_are_back_filled_from_the_user_interface_one_run_a_term(port: int) -> None:
    """Everything chosen, views included, as a person does who presses the button."""
    terms = ["2024-25|T1", "2025-26|T3"]
    nodes = graphql(port, "{ assetNodes { assetKey { path } isMaterializable } }")["assetNodes"]
    gold = [node["assetKey"] for node in nodes if node["isMaterializable"] and node["assetKey"]["path"][0] == "gold"]
    launch = "mutation($chosen: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $chosen) { __typename"
    launched = graphql(
        port,
        launch + " ... on LaunchBackfillSuccess { backfillId } } }",
        chosen={"assetSelection": gold, "partitionNames": terms},
    )["launchPartitionBackfill"]
    look = "query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status"
    found = until(
        lambda: _ended(graphql(port, look + " runs(limit: 9) { tags { key value } } } } }", id=launched["backfillId"])),
        4 * START_SECONDS,
    )
    assert found["status"] == "COMPLETED_SUCCESS"
    partitions = [tag["value"] for run in found["runs"] for tag in run["tags"] if tag["key"] == "dagster/partition"]
    assert sorted(partitions) == terms


def _ended(answer: Any) -> Any:
    found = answer["partitionBackfillOrError"]
    return found if found["status"].startswith(("COMPLETED", "FAILED", "CANCELED")) else None


def newest_runs(port: int) -> dict[str, str]:
    """The status of the newest run of each job, as the user interface has it."""
    found = graphql(port, "{ runsOrError { ... on Runs { results { jobName status } } } }")["runsOrError"]["results"]
    return {run["jobName"]: run["status"] for run in reversed(found)}
