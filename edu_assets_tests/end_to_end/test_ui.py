"""The three processes: they serve and stop together. What they do meanwhile is test_daemon.py's."""

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

from edu_assets_tests.end_to_end.conftest import Command

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
