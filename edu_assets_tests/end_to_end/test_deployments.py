"""Deployments on one machine: what is lost is noticed and starts again once, and `dagster dev` is another way in."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from edu_assets.orchestration.launcher import EXECUTED_BY
from edu_assets_tests.end_to_end.conftest import Command
from edu_assets_tests.end_to_end.deployed import RUN_SECONDS, START_SECONDS, Network, RunningUi
from edu_assets_tests.end_to_end.test_ui import free_port, graphql, processes_of, until

TERM = "2024-25|T1"
SCHOOL, DAY = "01001", "2025-05-06"
LOADING = "select 1 from runs where pipeline_name = 'arrivals' and status = 'STARTED'"


@pytest.fixture(scope="module")
def network(long_running: Command) -> Network:
    return Network(long_running)


@pytest.fixture(scope="module")
def ui(network: Network) -> Iterator[RunningUi]:
    running = RunningUi(network)
    yield running
    running.stop()


def pid_of(network: Network, run_id: str) -> int:
    """The process that executes a launched run, once Dagster has noted it."""

    def noted() -> list[int]:
        return [
            int(str(entry.dagster_event.event_specific_data.metadata["pid"].value))
            for entry in network.events(run_id, dg.DagsterEventType.ENGINE_EVENT)
            if entry.dagster_event and "Started process for run" in entry.message
        ]

    [pid] = until(noted, RUN_SECONDS)
    return pid


def the_retry_of(network: Network, run_id: str) -> dg.DagsterRun:
    until(lambda: network.retries_of(run_id), RUN_SECONDS)
    [retry] = network.retries_of(run_id)
    return network.until_ended(retry.run_id)


def test_a_run_whose_process_is_killed_starts_again_once(network: Network, ui: RunningUi) -> None:
    undisturbed = network.gold_of(TERM)
    run_id = network.launch(ui.up(), "gold", TERM)
    process = pid_of(network, run_id)
    until(lambda: network.is_building(TERM), RUN_SECONDS)
    os.kill(process, signal.SIGKILL)
    assert network.until_ended(run_id).status is dg.DagsterRunStatus.FAILURE
    assert the_retry_of(network, run_id).status is dg.DagsterRunStatus.SUCCESS
    assert network.gold_of(TERM) == undisturbed
    assert network.locks() == []
    builds = network.rows("select status, run_id from gold.term_build where term_key = %s order by build_id", TERM)
    assert ("failed", run_id) in builds


def test_what_is_wrong_with_a_term_is_a_persons_matter_and_does_not_start_again(
    network: Network, ui: RunningUi
) -> None:
    port = ui.up()
    with changed_raw_table(network):
        run_id = network.launch(port, "gold", TERM)
        assert network.until_ended(run_id).status is dg.DagsterRunStatus.FAILURE

    def is_judged() -> bool:
        events = network.events(run_id, dg.DagsterEventType.ENGINE_EVENT)
        return any("Not retrying run" in entry.message for entry in events)

    until(is_judged, RUN_SECONDS)
    assert network.retries_of(run_id) == []


@contextmanager
def changed_raw_table(network: Network) -> Iterator[None]:
    """A raw table that is not as its contract says: a check of the term blocks gold."""
    network.change("alter table raw_zone.oneroster__courses add column smuggled text")
    try:
        yield
    finally:
        network.change("alter table raw_zone.oneroster__courses drop column smuggled")


def test_a_machine_that_went_down_in_mid_run_takes_it_up_when_it_comes_back(network: Network, ui: RunningUi) -> None:
    undisturbed = network.gold_of(TERM)
    run_id = network.launch(ui.up(), "gold", TERM)
    until(lambda: network.is_building(TERM), RUN_SECONDS)
    ui.go_down()
    assert network.run(run_id).status is dg.DagsterRunStatus.STARTED, "nobody was there to notice"
    ui.up()
    assert network.until_ended(run_id).status is dg.DagsterRunStatus.FAILURE
    assert the_retry_of(network, run_id).status is dg.DagsterRunStatus.SUCCESS
    assert network.gold_of(TERM) == undisturbed


def test_a_restart_in_the_midst_of_a_load_loses_nothing_and_repeats_nothing(network: Network, ui: RunningUi) -> None:
    ui.up()
    before, text = network.last_load(), network.sheet(SCHOOL, DAY)
    (network.landing("north_attendance") / "attendance_daily_killed.csv").write_text(text, encoding="utf-8")
    until(lambda: network.rows(LOADING, database=network.warehouse.dagster_database), RUN_SECONDS)
    ui.go_down()
    ui.up()
    until(lambda: network.absent(SCHOOL, DAY) == len(text.splitlines()) - 1, 2 * RUN_SECONDS)
    until(network.is_settled, 2 * RUN_SECONDS)
    [(term, load_id)] = network.applied(before)
    assert network.told_of(before) == {(term, load_id): 1}
    assert network.gold_runs(before) == {term: 1}


def test_a_back_fill_that_is_killed_gives_its_term_free(network: Network, ui: RunningUi) -> None:
    def executed() -> list[dg.DagsterRun]:
        with network.instance() as instance:
            found = instance.get_runs(
                dg.RunsFilter(tags={EXECUTED_BY: "command"}, statuses=[dg.DagsterRunStatus.STARTED])
            )
            return list(found)

    port = ui.up()
    command = subprocess.Popen(
        [sys.executable, "-m", "edu_assets.cli", "backfill", "--terms", TERM],
        env=dict(network.edu.environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: network.is_building(TERM), RUN_SECONDS)
    [run] = executed()
    later = network.launch(port, "gold", TERM)
    command.kill()
    command.wait(START_SECONDS)
    ended = network.until_ended(run.run_id)
    assert ended.status is dg.DagsterRunStatus.FAILURE
    assert network.until_ended(later).status is dg.DagsterRunStatus.SUCCESS
    assert network.retries_of(run.run_id) == []


def test_a_living_back_fill_is_left_alone(network: Network, ui: RunningUi) -> None:
    """Run monitoring looks every ten seconds, so a year, which takes longer, is looked at."""
    ui.up()
    done = network.edu.json("backfill", "--terms", "2024-25")
    assert all(term["succeeded"] for term in done["runs"])


def test_dagster_dev_serves_the_network_as_the_read_me_says(network: Network, ui: RunningUi, tmp_path: Path) -> None:
    ui.stop()
    variables = dict(network.edu.environment)
    for line in network.edu.run("db", "env").stdout.splitlines():
        name, value = shlex.split(line.removeprefix("export "))[0].split("=", 1)
        variables[name] = value
    port, log = free_port(), tmp_path / "dagster_dev.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "--host", "127.0.0.1", "--port", str(port)],
            env=variables,
            cwd=network.edu.project,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Ctrl-C is for it, even where whoever runs the tests in the background is deaf to it
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
    query = """{ repositoriesOrError { ... on RepositoryConnection { nodes { location { name }
        sensors { name sensorState { status } } schedules { name } } } } }"""

    def served() -> Any:
        assert process.poll() is None, log.read_text()
        with suppress(OSError):
            return graphql(port, query)["repositoriesOrError"]["nodes"]

    try:
        [found] = until(served, RUN_SECONDS)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(START_SECONDS)
    assert found["location"] == {"name": "edu_assets"}
    states = {sensor["name"]: sensor["sensorState"]["status"] for sensor in found["sensors"]}
    assert states == {"landing_files": "RUNNING", "outbox": "RUNNING", "incidents": "RUNNING"}
    assert [schedule["name"] for schedule in found["schedules"]] == ["daily_checks"]
    until(lambda: not processes_of(network.edu.home), START_SECONDS)
