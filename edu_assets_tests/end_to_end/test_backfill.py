"""`edu backfill` is told to stop, or is killed, and goes on; nobody's rows are half a term."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

import dagster as dg
import pytest

from edu_assets.orchestration.launcher import EXECUTED_BY
from edu_assets_tests.end_to_end.conftest import Command
from edu_assets_tests.end_to_end.deployed import RUN_SECONDS, START_SECONDS, Network
from edu_assets_tests.end_to_end.test_ui import free_port, graphql, running_ui, until

pytestmark = pytest.mark.usefixtures("first_pipeline")

TERMS = ["2024-25|T1", "2024-25|T2"]
TERMINATE = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"


@pytest.fixture
def network(edu: Command) -> Network:
    return Network(edu)


def begun(edu: Command) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edu_assets.cli", "backfill", "--terms", ",".join(TERMS), "--json"],
        env=dict(edu.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def by_commands(network: Network, status: dg.DagsterRunStatus) -> list[dg.DagsterRun]:
    with network.instance() as instance:
        return list(instance.get_runs(dg.RunsFilter(tags={EXECUTED_BY: "command"}, statuses=[status])))


def test_a_back_fill_that_is_told_to_stop_keeps_old_rows_and_goes_on(network: Network) -> None:
    before = {term: network.gold_of(term) for term in TERMS}
    command = begun(network.edu)
    until(lambda: network.is_building(TERMS[1]), RUN_SECONDS)
    command.send_signal(signal.SIGINT)
    said, complained = command.communicate(timeout=START_SECONDS)
    report: dict[str, Any] = json.loads(said)
    assert command.returncode == 1
    assert complained == ""
    assert report["interrupted"]
    assert [run["term_key"] for run in report["runs"]] == TERMS[:1]
    assert report["left"] == TERMS[1:]
    assert network.rows("select 1 from pg_stat_activity where application_name = 'dbt'") == []
    assert network.locks() == []
    assert {term: network.gold_of(term) for term in TERMS} == before
    [cancelled] = by_commands(network, dg.DagsterRunStatus.CANCELED)[:1]
    assert cancelled.tags["dagster/partition"] == TERMS[1]
    goes_on = network.edu.json("backfill", "--resume")
    assert goes_on["backfill_id"] == report["backfill_id"]
    assert [run["term_key"] for run in goes_on["runs"]] == TERMS[1:]
    assert {term: network.gold_of(term) for term in TERMS} == before
    assert "nothing is left" in network.edu.run("backfill", "--resume", expect=1).stderr


def test_a_killed_back_fill_goes_on_with_the_term_that_it_was_at(network: Network) -> None:
    command = begun(network.edu)
    until(lambda: network.is_building(TERMS[1]), RUN_SECONDS)
    command.kill()
    command.communicate(timeout=START_SECONDS)
    goes_on = network.edu.json("backfill", "--resume")
    assert [run["term_key"] for run in goes_on["runs"]] == TERMS[1:]


def test_a_run_is_cancelled_from_the_user_interface_and_leaves_the_old_rows(network: Network) -> None:
    port, before = free_port(), network.gold_of(TERMS[0])
    with running_ui(network.edu, port):
        run_id = network.launch(port, "gold", TERMS[0])
        until(lambda: network.is_building(TERMS[0]), RUN_SECONDS)
        assert graphql(port, TERMINATE, id=run_id)["terminateRun"]["__typename"] == "TerminateRunSuccess"
        assert network.until_ended(run_id).status is dg.DagsterRunStatus.CANCELED
        until(lambda: not network.locks(), START_SECONDS)
    assert network.gold_of(TERMS[0]) == before
    assert network.retries_of(run_id) == []
    assert "gold" not in {incident["kind"] for incident in network.edu.json("incidents")}
