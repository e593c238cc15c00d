"""Dagster's three processes on one machine: code server, webserver, daemon.

Belongs here: starting them, watching them, stopping them together. Does not belong here: PostgreSQL, which
goes on when they stop.

Each process leads a session of its own, so that Ctrl-C reaches this process alone and it decides the order;
what a process has started (a run in progress) goes with it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from edu_assets.errors import EduError, Exit
from edu_assets.orchestration.instance import environment
from edu_assets.settings import PROJECT
from edu_assets.warehouse import Warehouse

HOST = "127.0.0.1"
START_SECONDS = 90
STOP_SECONDS = 20
POLL_SECONDS = 0.2
LOCATION = "edu_assets"
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ProcessEnded(EduError):
    """One of the three processes ended, or did not start; the message ends with what it said last."""


@dataclass
class _Part:
    """One of the processes: its log, and how it is asked whether it is ready."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return " / ".join(lines[-3:]) or "nothing"


def serve(warehouse: Warehouse, port: int, say: Callable[[str], None]) -> Exit:
    """Run until a signal or until one process ends. Raises ProcessEnded for the latter."""
    if not _is_free(port):
        raise EduError(f"port {port} on {HOST} is taken: stop what uses it, or choose another with --port")
    variables = {**os.environ, **environment(warehouse)}
    home = Path(variables["DAGSTER_HOME"])
    logs = warehouse.settings.network_home.resolve() / "logs"  # Dagster clears `logs` in its own home
    logs.mkdir(exist_ok=True)
    code_port = _free_port()
    workspace = _write_workspace(home, code_port)
    parts: list[_Part] = []
    with _until_told() as told:
        try:
            say("starting the code server")
            parts.append(_start("code server", _code_server(code_port), variables, logs))
            _wait(parts, told, lambda: not _is_free(code_port))
            say("starting webserver and daemon")
            parts.append(_start("webserver", _webserver(workspace, port), variables, logs))
            parts.append(_start("daemon", _daemon(workspace), variables, logs))
            _wait(parts, told, lambda: _answers(f"http://{HOST}:{port}/server_info"))
            if not told:
                say(f"Dagster: http://{HOST}:{port}  (logs in {logs}; Ctrl-C stops it, PostgreSQL goes on)")
            _wait(parts, told, lambda: False, seconds=float("inf"))
        finally:
            try:
                say("stopping")
            finally:  # also where nobody can be told, since the terminal was closed
                _stop(parts)
    return Exit.OK


def _python(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]


def _code_server(port: int) -> list[str]:
    module = ("--module-name", "edu_assets.definitions", "--working-directory", str(PROJECT))
    return _python("dagster", "code-server", "start", "--host", HOST, "--port", str(port), *module)


def _webserver(workspace: Path, port: int) -> list[str]:
    return _python("dagster_webserver", "--host", HOST, "--port", str(port), "--workspace", str(workspace))


def _daemon(workspace: Path) -> list[str]:
    return _python("dagster._daemon", "run", "--workspace", str(workspace))


def _write_workspace(home: Path, port: int) -> Path:
    path = home / "workspace.yaml"
    server = {"host": HOST, "port": port, "location_name": LOCATION}
    path.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}), encoding="utf-8")
    return path


def _start(name: str, command: list[str], variables: Mapping[str, str], logs: Path) -> _Part:
    log = logs / f"{name.replace(' ', '_')}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            env=dict(variables),
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return _Part(name, process, log)


@contextmanager
def _until_told() -> Iterator[list[int]]:
    """A list that receives the signals that say stop."""
    told: list[int] = []
    before = {number: signal.signal(number, lambda received, _: told.append(received)) for number in STOPPING}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(parts: list[_Part], told: list[int], is_ready: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Wait until ready or told to stop; a process that ends meanwhile ends it all."""
    deadline = time.monotonic() + seconds
    while not told and not is_ready():
        for part in parts:
            if part.process.poll() is not None:
                raise ProcessEnded(f"the {part.name} ended by itself; it said last: {part.last_words()} ({part.log})")
        if time.monotonic() > deadline:
            raise ProcessEnded(f"not ready after {seconds:.0f} s; the last said: {parts[-1].last_words()}")
        time.sleep(POLL_SECONDS)


def _stop(parts: list[_Part]) -> None:
    for part in reversed(parts):
        if part.process.poll() is None:
            part.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for part in reversed(parts):
        with suppress(subprocess.TimeoutExpired):
            part.process.wait(max(0.0, deadline - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(part.process.pid, signal.SIGKILL)
        part.process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) != 0


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
