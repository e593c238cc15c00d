"""Places where files lie: local folders here; what an S3 bucket (s3.py) and an SFTP folder (sftp.py) share.

Belongs here: listing a place, looking at one file, reading it; retrying, and saying what is wrong with a place.
Does not belong here: which files are known and whether they are whole (raw_zone/archive.py), what is in
them (files.py), what the network file may declare (landing.py).
"""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_exponential_jitter

from edu_assets.errors import EduError
from edu_assets.landing import S3Landing, SftpLanding
from edu_assets.settings import Settings
from edu_assets.sources.files import FileRefused

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

BLOCK_BYTES = 1 << 20
MOST_FAULTS = 4
T = TypeVar("T")


class PlaceUnusable(EduError):
    """A remote place cannot be listed or read. `transient`: the next attempt may find it mended."""

    def __init__(self, sentence: str, *, transient: bool = False) -> None:
        super().__init__(sentence)
        self.transient = transient


def is_transient(error: BaseException) -> bool:
    return isinstance(error, PlaceUnusable) and error.transient


@dataclass(frozen=True)
class State:
    """What tells that a file has changed. Times are in nanoseconds, at the place's own resolution."""

    bytes: int
    modified_ns: int
    etag: str | None = None


class Place(Protocol):
    """Where files lie. An address is the file's absolute path, or its URL; it holds no secret."""

    @property
    def address(self) -> str: ...

    def files(self) -> dict[str, State]:
        """The files by address; one that is hidden, or in a hidden folder, does not count."""
        ...

    def state(self, address: str) -> State | None:
        """A file as it is now; None where there is none."""
        ...

    def blocks(self, address: str) -> Iterator[bytes]:
        """The bytes of a file in blocks of at most BLOCK_BYTES."""
        ...


@dataclass(frozen=True)
class LocalFolder:
    """A folder of this machine. A file in it has one address, also where the folder is a link."""

    folder: Path

    @property
    def address(self) -> str:
        return str(self.folder)

    def files(self) -> dict[str, State]:
        found = {}
        for path in sorted(self.folder.rglob("*")):
            if not _is_hidden(path.relative_to(self.folder).parts):
                address = local_address(path)
                state = self.state(address)
                if state is not None:
                    found[address] = state
        return found

    def state(self, address: str) -> State | None:
        path = Path(address)
        try:
            if not path.is_file():
                return None
            found = path.stat()
        except FileNotFoundError:  # its sender took it away meanwhile
            return None
        return State(found.st_size, found.st_mtime_ns)

    def blocks(self, address: str) -> Iterator[bytes]:
        """Raises FileRefused for a link: a folder into which others write must be no way to read outside of it."""
        try:
            descriptor = os.open(address, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            raise FileRefused(
                f"{Path(address).name} is a symbolic link, and what it leads to may lie outside of the landing folder: "
                "put the file itself there"
            ) from error
        with open(descriptor, "rb") as source:
            while block := source.read(BLOCK_BYTES):
                yield block


def local_address(path: Path) -> str:
    return str(path.parent.resolve() / path.name)


def _is_hidden(parts: Sequence[str]) -> bool:
    return any(part.startswith(".") for part in parts)


class RemotePlace(ABC):
    """What S3 and SFTP have in common: one connection, opened when it is needed and again after a fault.

    `explain` turns a library's error into a sentence: libraries' own texts may hold what must not be told.
    """

    faults: tuple[type[Exception], ...]
    """What the library raises."""
    reading: Mapping[str, Any] = MappingProxyType({})
    """fsspec's options for opening a file, so that what is read ahead does not grow with it."""

    def __init__(self, url: str) -> None:
        self.address = url
        self._connection: AbstractFileSystem | None = None
        self._faults_in_a_row = 0
        self._silent: PlaceUnusable | None = None

    @abstractmethod
    def connect(self) -> AbstractFileSystem:
        """Log in. Raises PlaceUnusable where the declaration cannot work, one of `faults` where the place does not."""

    @abstractmethod
    def listed(self, connection: AbstractFileSystem) -> dict[str, dict[str, Any]]:
        """What fsspec tells of every file, by address, in as few calls as the protocol allows."""

    @abstractmethod
    def path_of(self, address: str) -> str:
        """The name under which fsspec knows a file."""

    @abstractmethod
    def explain(self, error: Exception) -> PlaceUnusable:
        """What is wrong and how it is mended, in a sentence without a secret."""

    def files(self) -> dict[str, State]:
        """Raises PlaceUnusable, after a few attempts where the fault may pass."""
        attempts = Retrying(
            retry=retry_if_exception(is_transient),
            wait=wait_exponential_jitter(multiplier=0.5, max=4),
            stop=stop_after_attempt(3) | stop_after_delay(10),
            reraise=True,
        )
        self._faults_in_a_row, self._silent = 0, None
        found = attempts(self._asked, self.listed)
        return {
            address: _state(info)
            for address, info in sorted(found.items())
            if not _is_hidden(address.removeprefix(self.address).split("/"))
        }

    def state(self, address: str) -> State | None:
        def look(connection: AbstractFileSystem) -> State | None:
            try:
                return _state(connection.info(self.path_of(address)))
            except FileNotFoundError:
                return None

        return self._asked(look)

    def blocks(self, address: str) -> Iterator[bytes]:
        def begin(connection: AbstractFileSystem) -> IO[bytes] | None:
            try:
                return connection.open(self.path_of(address), "rb", **self.reading)
            except FileNotFoundError:
                return None

        source = self._asked(begin)
        if source is None:
            raise FileRefused(f"{address}: no such file any more")
        try:
            while block := self._asked(lambda _: source.read(BLOCK_BYTES)):
                yield block
            self._faults_in_a_row = 0
        finally:
            with suppress(*self.faults):
                source.close()

    def _asked(self, question: Callable[[AbstractFileSystem], T]) -> T:
        """The answer of the place. Raises PlaceUnusable for whatever the library raises, whose own error
        is not chained to it; the next question then connects anew. A place that does not answer time and
        again is asked no more: each file that waits there would wait for timeouts of its own."""
        if self._silent is not None:
            raise self._silent
        try:
            self._connection = self._connection or self.connect()
            answer = question(self._connection)
        except self.faults as error:
            explained = self.explain(error)
        else:
            return answer
        self._connection = None
        self._faults_in_a_row += 1
        if self._faults_in_a_row >= MOST_FAULTS and explained.transient:
            self._silent = PlaceUnusable(str(explained))
        raise explained


def _state(info: Mapping[str, Any]) -> State:
    """Whole seconds: S3 tells a listing and a single file the time at different resolutions."""
    modified: datetime = info.get("LastModified") or info["mtime"]
    return State(info["size"], int(modified.timestamp()) * 10**9, (info.get("ETag") or "").strip('"') or None)


def places_of(settings: Settings) -> dict[str, Place]:
    """Where the files of each feed arrive. Nothing is connected yet."""
    return {feed: _place_of(settings, feed) for feed in settings.network.feeds}


def _place_of(settings: Settings, feed: str) -> Place:
    """The libraries take half a second to import, so a network without remote places does without."""
    declared = settings.network.feeds[feed].landing
    if isinstance(declared, S3Landing):
        from edu_assets.sources.s3 import S3Place

        return S3Place(settings, declared)
    if isinstance(declared, SftpLanding):
        from edu_assets.sources.sftp import SftpPlace

        return SftpPlace(settings, declared)
    return LocalFolder(settings.landing_of(feed))


def secret_of(settings: Settings, variable: str | None) -> str | None:
    """A declared secret, for a library's argument and nothing else. Raises PlaceUnusable where it is not set."""
    if variable is None:
        return None
    secret = settings.secret(variable)
    if secret is None:
        raise PlaceUnusable(f"the environment variable {variable}, which the network file names, is not set")
    return secret.get_secret_value()
