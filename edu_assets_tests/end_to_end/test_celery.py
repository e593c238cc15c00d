"""Celery workers through a real Redis: steps spread, a killed worker costs half a minute, and gold is as ever."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import pytest

from edu_assets.orchestration.executor import LOST_SECONDS
from edu_assets.orchestration.instance import RUNS_AT_ONCE_WITH_WORKERS, STEPS_AT_ONCE
from edu_assets.orchestration.worker import MOST_LOST
from edu_assets.warehouse import Role, locks
from edu_assets.warehouse.locks import session_lock
from edu_assets_tests.end_to_end.conftest import Command
from edu_assets_tests.end_to_end.deployed import (
    RUN_SECONDS,
    Network,
    Worker,
    redis_server,
    start_worker,
    until_ready,
)
from edu_assets_tests.end_to_end.test_ui import free_port, running_ui, until

TERM = "2024-25|T1"
MOST_CONNECTIONS = 65
"""What instance.py reckons with for the runs and steps that it allows at once."""


@dataclass
class Deployment:
    """The processes of `edu ui` and two workers on one Redis."""

    network: Network
    port: int
    folder: Path
    workers: list[Worker]

    def add_worker(self) -> Worker:
        self.workers.append(start_worker(self.network.edu, self.folder))
        return self.workers[-1]

    def bring_to_two(self) -> None:
        self.workers = [worker for worker in self.workers if worker.process.poll() is None]
        while len(self.workers) < 2:
            self.add_worker()
        until_ready(*self.workers)

    def worker_of(self, run_id: str, step_key: str) -> Worker:
        """The worker that has the step in hand."""
        [*_, last] = self.names_of_workers(run_id, step_key)
        [found] = [worker for worker in self.workers if last.startswith(worker.name)]
        return found

    def names_of_workers(self, run_id: str, step_key: str) -> list[str]:
        events = self.network.events(run_id, dg.DagsterEventType.ENGINE_EVENT)
        return [
            str(entry.dagster_event.event_specific_data.metadata["Celery worker"].value)
            for entry in events
            if entry.step_key == step_key and "in celery worker" in entry.message
        ]


@pytest.fixture(scope="module")
def _deployment(long_running: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("celery")
    with redis_server(folder) as broker:
        network = Network(replace(long_running, more={"EDU_BROKER": broker}))
        port = free_port()
        deployment = Deployment(network, port, folder, [])
        try:
            deployment.add_worker()
            deployment.add_worker()
            with running_ui(network.edu, port):
                yield deployment
        finally:
            for worker in deployment.workers:
                worker.stop()
        password = broker.split(":")[2].split("@")[0]
        written = [path for path in (*folder.rglob("*.log"), *long_running.home.rglob("*.log")) if path.is_file()]
        assert written
        assert [path for path in written if password in path.read_text(errors="replace")] == []
        events = network.rows("select event from event_logs", database=network.warehouse.dagster_database)
        assert len(events) > 100
        assert not any(password in event for (event,) in events)


@pytest.fixture
def deployment(_deployment: Deployment) -> Deployment:
    """The deployment with two workers that are ready, whatever an earlier test has done to them."""
    _deployment.bring_to_two()
    return _deployment


def until_in_hand(deployment: Deployment, run_id: str, times: int) -> Worker:
    """The worker that builds gold of the term, once dbt is at work for the so-many-th time."""
    network = deployment.network
    until(lambda: len(deployment.names_of_workers(run_id, "build_gold")) == times, RUN_SECONDS)
    until(lambda: network.is_building(TERM), RUN_SECONDS)
    return deployment.worker_of(run_id, "build_gold")


@pytest.mark.parametrize("kill", [Worker.kill_with_all_it_started, Worker.kill_the_process_of_the_step])
def test_a_worker_that_is_killed_in_mid_build_is_replaced_in_the_same_run(
    deployment: Deployment, kill: Callable[[Worker], None]
) -> None:
    network = deployment.network
    undisturbed = network.gold_of(TERM)
    assert sum(rows for rows, _ in undisturbed.values()) > 1000
    run_id = network.launch(deployment.port, "gold", TERM)
    kill(until_in_hand(deployment, run_id, 1))
    assert network.until_ended(run_id).status is dg.DagsterRunStatus.SUCCESS
    assert len(deployment.names_of_workers(run_id, "build_gold")) == 2
    assert network.gold_of(TERM) == undisturbed
    assert network.locks() == []
    assert network.retries_of(run_id) == []
    built = network.rows("select status from gold.term_build where run_id = %s order by build_id", run_id)
    assert built[-1] == ("built",)
    told = [
        entry.dagster_event.asset_key
        for entry in network.events(run_id, dg.DagsterEventType.ASSET_MATERIALIZATION)
        if entry.dagster_event
    ]
    assert len(told) == len(set(told)) > 10, "each asset is reported once"


def test_a_step_that_takes_longer_than_a_worker_may_be_silent_is_begun_once(deployment: Deployment) -> None:
    """A load of the term holds gold up for one and a half times LOST_SECONDS; the worker waits, and says so."""
    network = deployment.network
    with (
        network.warehouse.connect(Role.ETL, autocommit=True, application_name="look") as load,
        session_lock(load, locks.TERM + TERM),
    ):
        run_id = network.launch(deployment.port, "gold", TERM)
        until(lambda: deployment.names_of_workers(run_id, "build_gold"), RUN_SECONDS)
        enough = time.monotonic() + 1.5 * LOST_SECONDS
        until(lambda: time.monotonic() > enough, 2 * LOST_SECONDS)
    assert network.until_ended(run_id).status is dg.DagsterRunStatus.SUCCESS
    assert len(deployment.names_of_workers(run_id, "build_gold")) == 1


def test_a_step_that_takes_its_workers_with_it_is_given_up_and_gold_stays(deployment: Deployment) -> None:
    network = deployment.network
    before = network.gold_of(TERM)
    run_id = network.launch(deployment.port, "gold", TERM)
    for times in range(1, MOST_LOST + 2):
        until_in_hand(deployment, run_id, times).kill_the_process_of_the_step()
    assert network.until_ended(run_id).status is dg.DagsterRunStatus.FAILURE
    # Dagster writes it a moment after the status
    assert until(lambda: network.run(run_id).tags.get("dagster/will_retry"), RUN_SECONDS) == "false"
    said = "".join(str(entry) for entry in network.events(run_id, dg.DagsterEventType.RUN_FAILURE))
    assert "each time its worker was killed" in said
    assert network.gold_of(TERM) == before
    assert network.locks() == []


def test_terms_spread_over_the_workers_and_connections_stay_bounded(deployment: Deployment) -> None:
    network = deployment.network
    terms = ["2024-25|T1", "2024-25|T2", "2024-25|T3", "2025-26|T1"]
    run_ids = [network.launch(deployment.port, "gold", term) for term in terms]
    most = {"connections": 0, "steps": 0, "runs": 0}

    def ended() -> bool:
        [(connections, steps)] = network.rows(
            "select count(*), count(*) filter (where application_name like 'edu gold %%') from pg_stat_activity"
            " where backend_type = 'client backend' and application_name <> 'look'"
        )
        status = [network.run(run_id).status for run_id in run_ids]
        most["connections"] = max(most["connections"], connections)
        most["steps"] = max(most["steps"], steps)
        most["runs"] = max(most["runs"], sum(each is dg.DagsterRunStatus.STARTED for each in status))
        return all(each in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE) for each in status)

    until(ended, 2 * RUN_SECONDS)
    assert {network.run(run_id).status for run_id in run_ids} == {dg.DagsterRunStatus.SUCCESS}
    names = [name for run_id in run_ids for name in deployment.names_of_workers(run_id, "build_gold")]
    assert len(names) == len(terms)
    assert len(set(names)) == 2
    assert 10 < most["connections"] <= MOST_CONNECTIONS
    assert 1 <= most["steps"] <= STEPS_AT_ONCE
    assert 1 < most["runs"] <= RUNS_AT_ONCE_WITH_WORKERS


def test_the_step_of_a_run_that_was_ended_meanwhile_is_passed_over(deployment: Deployment) -> None:
    """Nobody works; a run waits for a worker and is ended; a worker comes back. It must not build what nobody wants."""
    network = deployment.network
    for worker in deployment.workers:
        worker.stop()
    run_id = network.launch(deployment.port, "gold", TERM)

    def is_waiting() -> bool:
        events = network.events(run_id, dg.DagsterEventType.ENGINE_EVENT)
        return any("Submitting celery task" in entry.message for entry in events)

    until(is_waiting, RUN_SECONDS)
    with network.instance() as instance:
        instance.report_run_canceled(network.run(run_id))
    deployment.bring_to_two()
    later = network.launch(deployment.port, "gold", "2024-25|T2")
    assert network.until_ended(later).status is dg.DagsterRunStatus.SUCCESS
    assert network.events(run_id, dg.DagsterEventType.STEP_START) == []


@pytest.mark.parametrize("state", ["nobody listens", "nobody answers", "wrong password"])
def test_a_broker_that_cannot_be_used_is_one_sentence_and_an_exit_code(deployment: Deployment, state: str) -> None:
    edu = deployment.network.edu
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = {"nobody listens": free_port(), "nobody answers": silent.getsockname()[1]}.get(state)
        address = edu.more["EDU_BROKER"] if port is None else f"redis://:x@127.0.0.1:{port}/0"
        rest = address.rsplit("@", 1)[1]
        wrong = replace(edu, more={"EDU_BROKER": f"redis://:hunter2@{rest}"})
        for command in ("worker", "ui"):
            begun = time.monotonic()
            done = wrong.run(command, expect=3)
            assert "Redis at 127.0.0.1:" in done.stderr
            assert "Traceback" not in done.stderr
            assert "hunter2" not in done.stdout + done.stderr
            assert time.monotonic() - begun < 60
