"""The three processes: they serve, a dropped file reaches gold by itself, and they stop together."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edu_assets.gold import stale_terms
from edu_assets.warehouse import Role, Warehouse
from edu_assets_tests.end_to_end.conftest import Command
from edu_assets_tests.testbed import settings_for

pytestmark = pytest.mark.usefixtures("first_pipeline")

START_SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], Any], seconds: float) -> Any:
    """The first true answer. A condition, looked at often, with an end."""
    deadline = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.2)
    return answer


def processes_of(home: Path) -> list[str]:
    """Command lines of live Dagster processes that belong to a home."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            variables = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if "dagster" in command and f"EDU_HOME={home}" in variables:
            found.append(command)
    return found


@contextmanager
def running_ui(edu: Command, port: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "edu_assets.cli", "ui", "--port", str(port)],
        env=dict(edu.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "http://" in line:
                break
        assert process.poll() is None, "the user interface did not start"
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def graphql(port: int, query: str, **variables: Any) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query, "variables": variables}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.loads(response.read())["data"]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=["kill", "Ctrl-C"])
def test_one_signal_stops_all_three_and_never_the_database(edu: Command, stop: signal.Signals) -> None:
    port = free_port()
    with running_ui(edu, port) as process:
        parts = " ".join(processes_of(edu.home))
        assert all(part in parts for part in ("code-server", "dagster_webserver", "dagster._daemon"))
        os.kill(process.pid, stop)
        assert process.wait(60) == 0
    assert processes_of(edu.home) == []
    assert edu.json("status")["running"]


def test_a_closed_terminal_stops_all_three_though_nobody_hears_of_it(edu: Command) -> None:
    with running_ui(edu, free_port()) as process:
        assert process.stdout is not None
        process.stdout.close()
        os.kill(process.pid, signal.SIGHUP)
        process.wait(60)
    assert processes_of(edu.home) == []


def test_a_process_that_ends_by_itself_ends_all_with_its_last_words(edu: Command) -> None:
    with running_ui(edu, free_port()) as process:
        [daemon] = [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and _is_daemon_of(entry, process.pid)
        ]
        os.kill(daemon, signal.SIGKILL)
        assert process.wait(60) == 1
        assert process.stdout is not None
        assert "the daemon ended by itself" in re.sub(r"\s+", " ", process.stdout.read())
    assert processes_of(edu.home) == []


def _is_daemon_of(entry: Path, parent: int) -> bool:
    try:
        status, command = (entry / "status").read_text(), (entry / "cmdline").read_text()
    except OSError:
        return False
    return f"PPid:\t{parent}\n" in status and "dagster._daemon" in command


def test_a_dropped_file_is_in_gold_by_itself_and_stands_in_the_user_interface(edu: Command) -> None:
    warehouse = Warehouse.of(settings_for(edu.home, edu.network_file))
    day, school = "2026-01-20", "01002"
    absent = (
        "select count(*) from gold.fct_attendance f join gold.dim_school s using (school_key)"
        " where f.term_key = '2025-26|T2' and f.attendance_date = %s and s.school_id = %s and f.is_absent_day"
    )

    def value(statement: str, *parameters: Any) -> Any:
        with warehouse.connect(Role.DBT, autocommit=True) as connection:
            row = connection.execute(statement, parameters).fetchone()
            return row[0] if row else None

    with warehouse.connect(Role.ETL) as connection:
        numbers = [
            row[0]
            for row in connection.execute(
                "select student_number from raw_zone.attendance__attendance_daily"
                " where attendance_date = %s and school_id = %s",
                [day, school],
            )
        ]
    assert numbers
    assert value(absent, day, school) < len(numbers)
    edu.json("pipeline")  # so that nothing but the file is new
    port = free_port()
    with running_ui(edu, port):
        sheet = "\n".join(f"{school},{number},{day},A,1" for number in numbers)
        header = "SchoolID,StudentNumber,AttendanceDate,AttendanceCode,AbsenceValue"
        landing = edu.home / "walked" / "landing" / "north_attendance"
        (landing / "attendance_daily_flu.csv").write_text(f"{header}\n{sheet}\n", encoding="utf-8")
        until(lambda: value(absent, day, school) == len(numbers), START_SECONDS)
        until(lambda: not stale_terms(warehouse, warehouse.settings), START_SECONDS)
        runs = until(lambda: _launched(port), START_SECONDS)
    assert runs == {"arrivals": {"SUCCESS"}, "gold": {"SUCCESS"}}


def test_terms_are_back_filled_from_the_user_interface_one_run_a_term(edu: Command) -> None:
    """Everything chosen, views included, as a person does who presses the button."""
    port, terms = free_port(), ["2024-25|T1", "2025-26|T3"]
    with running_ui(edu, port):
        nodes = graphql(port, "{ assetNodes { assetKey { path } isMaterializable } }")["assetNodes"]
        gold = [
            node["assetKey"] for node in nodes if node["isMaterializable"] and node["assetKey"]["path"][0] == "gold"
        ]
        launch = (
            "mutation($chosen: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $chosen) { __typename"
        )
        launched = graphql(
            port,
            launch + " ... on LaunchBackfillSuccess { backfillId } } }",
            chosen={"assetSelection": gold, "partitionNames": terms},
        )["launchPartitionBackfill"]
        look = "query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status"
        found = until(
            lambda: _ended(
                graphql(port, look + " runs(limit: 9) { tags { key value } } } } }", id=launched["backfillId"])
            ),
            2 * START_SECONDS,
        )
    assert found["status"] == "COMPLETED_SUCCESS"
    partitions = [tag["value"] for run in found["runs"] for tag in run["tags"] if tag["key"] == "dagster/partition"]
    assert sorted(partitions) == terms


def _ended(answer: Any) -> Any:
    found = answer["partitionBackfillOrError"]
    return found if found["status"].startswith(("COMPLETED", "FAILED", "CANCELED")) else None


def _launched(port: int) -> dict[str, set[str]] | None:
    """Runs that the daemon launched, by job, once all have ended."""
    found = graphql(
        port,
        "{ runsOrError { ... on Runs { results { jobName status tags { key value } } } } }",
    )["runsOrError"]["results"]
    launched = [run for run in found if any(tag["key"] == "dagster/sensor_name" for tag in run["tags"])]
    if not launched or any(run["status"] not in ("SUCCESS", "FAILURE") for run in launched):
        return None
    jobs = sorted({run["jobName"] for run in launched})
    return {job: {run["status"] for run in launched if run["jobName"] == job} for job in jobs}
