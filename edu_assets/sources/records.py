"""What every reader of a file yields and how it refuses: sources of bytes, tables of text records, limits.

Belongs here: what CSV (csv_table.py), workbooks (workbook.py) and JSON (json_table.py) have in common. Does
not belong here: the reading of one kind of file, which kind a file is (files.py).

Every limit is far beyond what real exports hold and far below what would exhaust the machine.
"""

from __future__ import annotations

import codecs
import errno
import re
import stat
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from edu_assets.sources.line_reader import Malformed, Piece, Record

HEAD_BYTES = 4 << 20  # holds the longest header, MOST_COLUMNS of PostgreSQL's longest names, in every encoding
MOST_COLUMNS = 16_384  # Excel's own limit; more is a file read with the wrong delimiter
UNPACKED_BYTES = 64 << 20  # below this a package is unpacked whatever its ratio
UNPACKED_RATIO = 300  # exports pack 5 to 50 times smaller, a file of one byte a thousand times
MOST_MEMBERS = 1_000
UNDECODABLE = re.compile("[\udc00-\udcff]")


class FileRefused(Exception):
    """A file or package cannot be loaded at all; nothing of it was. The message names the mend."""


@dataclass(frozen=True)
class Source:
    """The bytes of one table: a file of its own or a member of a zip. `name` is the file name it has."""

    path: Path
    member: str | None
    name: str

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        if self.member is None:
            with self.path.open("rb") as stream:
                yield stream
            return
        with (
            sound(f"member {self.member}"),
            zipfile.ZipFile(self.path) as archive,
            archive.open(self.member) as stream,
        ):
            yield stream

    def head(self, size: int = HEAD_BYTES) -> bytes:
        with self.open() as stream:
            return stream.read(size)


@dataclass(frozen=True)
class Table(ABC):
    """A file as a table: a header, and records of as many cells.

    found: one sentence for each way in which the file is not written as the contract declares and was
    read all the same, because it is certain. contract: the name of the contract that claims it.
    repeated: names that the file gives to several columns; the first keeps it, the next is `name (2)`.
    """

    source: Source
    header: tuple[str, ...]
    found: tuple[str, ...] = ()
    contract: str | None = None
    repeated: frozenset[str] = frozenset()

    @property
    def path(self) -> Path:
        return self.source.path

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def member(self) -> str | None:
        return self.source.member

    @property
    def plain(self) -> bool:
        """Whether its bytes are lines of UTF-8 with commas, which PostgreSQL's CSV reader can take as they are."""
        return False

    @property
    def line_end(self) -> str:
        """How lines end, nearly always; it matters of plain tables."""
        return "\n"

    def pieces(self, sound: Any | None = None) -> Iterator[Piece]:  # noqa: ARG002
        """Every record after the header, in order, in a memory that does not grow with the file. Of a plain table,
        those that match `sound` (RE2's pattern of whole lines) as runs of lines."""
        return self.records()

    @abstractmethod
    def records(self) -> Iterator[Record | Malformed]:
        """Every record after the header by itself."""


@dataclass(frozen=True)
class Names:
    """The columns of a header by names that are each given once, and how that came about."""

    header: tuple[str, ...]
    repeated: frozenset[str]
    found: tuple[str, ...]


def named(sent: Sequence[str], where: str) -> Names:
    """Give every column a name of its own: the second `Score` is `Score (2)`, one without a name `column 17`."""
    if len(sent) > MOST_COLUMNS:
        raise FileRefused(
            f"{where}: the header has {len(sent):,} columns, more than {MOST_COLUMNS:,}: "
            "is the delimiter the one that the contract declares?"
        )
    sent = [name.replace("\0", "\\x00") for name in sent]  # which no text of PostgreSQL can hold
    taken = set(sent)
    counts: Counter[str] = Counter()
    header = []
    for place, name in enumerate(sent, 1):
        counts[name] += 1
        if not name.strip():
            name = _free(f"column {place}", taken)
        elif counts[name] > 1:
            name = _free(f"{name} ({counts[name]})", taken)
        header.append(name)
    repeated = frozenset(name for name, count in counts.items() if count > 1 and name.strip())
    nameless = [place for place, name in enumerate(sent, 1) if not name.strip()]
    found = []
    if repeated and may_hold_a_row(sent):
        found.append(f"{where}: the header gives {len(repeated):,} names more than once; each later one has its number")
    elif repeated:
        found.append(
            f"{where}: the header names {listed(sorted(repeated))} more than once; the second is called "
            f"{min(repeated) + ' (2)'!r} and so on"
        )
    if nameless:
        found.append(
            f"{where}: the header leaves out the names of {len(nameless):,} columns; the first is called "
            f"'column {nameless[0]}'"
        )
    return Names(tuple(header), repeated, tuple(found))


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "'"
    taken.add(name)
    return name


def listed(names: Sequence[str], most: int = 10) -> str:
    """Names for a message, `['a', 'b']`; of very many the first few."""
    if len(names) <= most:
        return str(list(names))
    return f"{list(names[:most])} and {len(names) - most:,} more"


VALUE = re.compile(r"\s*[-+]?\d[\d.,:/TZ -]*\s*|.*[@\"].*", re.DOTALL)
NAMELESS = re.compile(r"\s*|column \d+'*")


def may_hold_a_row(header: Sequence[str]) -> bool:
    """Whether a name is spelled like a number, a date, an instant or an address, or more than two have none.

    A row about a person holds one of these, or leaves several fields empty, so where a line break was lost the
    header does too: its names are then not to be repeated to anyone.
    """
    nameless = sum(NAMELESS.fullmatch(name) is not None for name in header)
    return nameless > 2 or any(VALUE.fullmatch(name) for name in header)


def bytes_as_surrogates(error: UnicodeError) -> tuple[str, int]:
    """Error handler of codecs: like surrogateescape, for every encoding: what is undecodable becomes surrogates that
    no decoder yields, as many as it has bytes."""
    assert isinstance(error, UnicodeDecodeError)
    return "".join(chr(0xDC00 + (byte | 0x80)) for byte in error.object[error.start : error.end]), error.end


codecs.register_error("bytes_as_surrogates", bytes_as_surrogates)


def printable(text: str) -> str:
    """The text of a record with what PostgreSQL cannot store, NUL and undecodable bytes, spelled out."""
    whole = UNDECODABLE.sub(lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", text)
    return whole.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00").rstrip("\r\n")


@contextmanager
def sound(where: str) -> Iterator[None]:
    """Turn what the zip reader finds wrong into a refusal."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise FileRefused(f"{where} is damaged ({error}); ask the sender for the package again") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # So a directory ends that names a place before the beginning of the file.
        raise FileRefused(f"{where} is damaged (its directory is wrong); ask the sender for it again") from error
    except (NotImplementedError, RuntimeError) as error:
        # So zipfile says that a member is encrypted or packed by a method that it does not know.
        raise FileRefused(f"{where} cannot be unpacked ({error}); ask the sender for a plain zip") from error


def require_harmless(where: str, infos: Sequence[zipfile.ZipInfo], packed_bytes: int) -> None:
    """Refuse, before anything is unpacked, a zip that is made to exhaust the machine or to reach out of itself.

    Sizes are those that the directory states: a member that unpacks to more is found damaged on reading.
    """
    if len(infos) > MOST_MEMBERS:
        raise FileRefused(f"{where} has {len(infos):,} members, more than {MOST_MEMBERS:,}: send tables, not a folder")
    unpacked = sum(info.file_size for info in infos)
    if unpacked > UNPACKED_BYTES and unpacked > UNPACKED_RATIO * packed_bytes:
        raise FileRefused(
            f"{where} would unpack to {unpacked:,} bytes, {unpacked // max(packed_bytes, 1):,} times its size: that is "
            f"a zip bomb. No export packs better than {UNPACKED_RATIO} times; nothing was unpacked; ask who sent it"
        )
    for info in infos:
        if stat.S_ISLNK(info.external_attr >> 16):
            raise FileRefused(f"{where}: {info.filename} is a symbolic link; a package must hold the files themselves")
        if info.filename.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", info.filename) or ":" in info.filename:
            raise FileRefused(
                f"{where}: member {info.filename!r} names a path outside of the package; nothing was unpacked; "
                "ask who sent it"
            )
