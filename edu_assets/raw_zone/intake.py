"""Intake: the records of a source table into its staging tables, sound lines straight into typed columns.

Belongs here: reading a table's pieces once, COPY, the numbers of lines. Does not belong here: which lines are
sound (sound.py), what becomes of the others (stage.py).

Sound lines go over two connections at once, since reading a line, typing it and hashing it is work of
PostgreSQL's and a connection is one core. Every other record is spilled to a file first: only one COPY can run on
a connection, and a million of them must not fill the memory.
"""

from __future__ import annotations

import csv
import json
import queue
import re
import tempfile
import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO, Any

import psycopg
from psycopg import Connection, sql

from edu_assets.contracts.base import SECRETS
from edu_assets.errors import EduError
from edu_assets.raw_zone.tables import names
from edu_assets.sources.line_reader import Malformed, Piece, Record, SoundLines

SQL = sql.SQL
LANES = 2
CHUNK_BYTES = 2 << 20
GAP_LINES = 10_000  # between two sound lines of a chunk
NUMBERS = 2 * CHUNK_BYTES + GAP_LINES  # more than a chunk has lines
SPEAKS_OF_A_SECRET = re.compile("|".join(name.replace("_", "[_ -]?") for name in SECRETS), re.IGNORECASE)
RECORD = "_record"  # under this name quarantine keeps a record that has no cells


class RowsLost(EduError):
    """The rows of a delivery do not add up."""


@dataclass(frozen=True)
class Target:
    """Where the pieces go.

    fields: the columns of `typed` in the order of the file's fields. text_fields and null_fields: those of them in
    which an empty field is an empty text, and null. counted: the condition that tells a row from the line
    of separators that stands for a record which went elsewhere.
    """

    typed: sql.Identifier
    text: sql.Identifier
    bad: sql.Identifier
    lines: sql.Identifier  # the sequence of line numbers
    fields: list[str]
    text_fields: list[str]
    null_fields: list[str]
    counted: sql.Composable
    date_style: str
    delimiter: str = ","
    line_end: str = "\n"

    def copy(self, *, has_gaps: bool) -> sql.Composed:
        """COPY of sound lines; asking whether each is a placeholder costs time where there is none."""
        options = [SQL("format csv, delimiter {}, encoding 'UTF8'").format(sql.Literal(self.delimiter))]
        if self.text_fields:
            options.append(SQL("force_not_null ({})").format(names(self.text_fields)))
        if self.null_fields:
            options.append(SQL("force_null ({})").format(names(self.null_fields)))
        return SQL("copy {} ({}) from stdin with ({}) {}").format(
            self.typed,
            names(self.fields),
            SQL(", ").join(options),
            SQL("where {}").format(self.counted) if has_gaps else SQL(""),
        )

    @property
    def placeholder(self) -> bytes:
        return (self.delimiter * (len(self.fields) - 1) + self.line_end).encode()


@dataclass
class _Chunk:
    """Sound lines and, where other records stood between them, placeholders, so that lines keep their numbers."""

    line: int = 0
    next_line: int = 0
    sound: int = 0
    size: int = 0
    has_gaps: bool = False
    parts: list[bytes] = field(default_factory=list)

    def add(self, lines: SoundLines, placeholder: bytes) -> None:
        gap = lines.line - self.next_line if self.parts else 0
        if not self.parts:
            self.line = lines.line
        self.parts += [placeholder * gap, lines.data] if gap else [lines.data]
        self.has_gaps = self.has_gaps or gap > 0
        self.next_line = lines.line + lines.count
        self.sound += lines.count
        self.size += len(lines.data) + gap * len(placeholder)


class _Lanes:
    """The connections over which chunks go: the caller's, and a second one as soon as there is a second chunk."""

    def __init__(self, connection: Connection, target: Target) -> None:
        self._target = target
        self._info = connection.info
        self._free: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self._free.put(connection)
        self._second: Connection | None = None
        self._numbering = threading.Lock()
        self._threads = ThreadPoolExecutor(LANES, "edu lane")
        self._pending: deque[Future[int]] = deque()
        self._rows = 0

    def __enter__(self) -> _Lanes:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)
        if self._second is not None:
            self._second.close()

    def put(self, chunk: _Chunk) -> None:
        """Copy a chunk, in time; raises what copying an earlier one raised."""
        if self._pending and self._second is None:
            known: dict[str, Any] = {**self._info.get_parameters(), "password": self._info.password or None}
            self._second = psycopg.connect(**known, autocommit=True)
            self._second.execute("set synchronous_commit to off")  # as the caller's
            self._free.put(self._second)
        self._pending.append(self._threads.submit(self._copy, chunk))
        if len(self._pending) > LANES + 1:  # one waits, so that no lane does
            self._rows += self._pending.popleft().result()

    def rows(self) -> int:
        """How many rows all chunks made."""
        while self._pending:
            self._rows += self._pending.popleft().result()
        return self._rows

    def _copy(self, chunk: _Chunk) -> int:
        connection = self._free.get()
        try:
            with connection.cursor() as cursor:
                self._number_from(cursor, chunk.line)
                with cursor.copy(self._target.copy(has_gaps=chunk.has_gaps)) as copy:
                    for part in chunk.parts:
                        copy.write(part)
                rows = cursor.rowcount
        finally:
            self._free.put(connection)
        if rows != chunk.sound:
            raise RowsLost(f"{chunk.sound} lines from line {chunk.line} on were copied and made {rows} rows")
        return rows

    def _number_from(self, cursor: psycopg.Cursor, line: int) -> None:
        """Let the sequence count a chunk's lines: each session draws from the numbers that it has cached, and the
        cache holds more than a chunk has lines."""
        cursor.execute(SQL("set datestyle to {}").format(sql.Literal(self._target.date_style)))
        sequence = sql.Literal(self._target.lines.as_string(None))
        with self._numbering:
            cursor.execute(SQL("select setval({}, {}, false)").format(sequence, sql.Literal(line - 1)))
            cursor.execute(SQL("select nextval({})").format(sequence))


@dataclass(frozen=True)
class Odd:
    """What of a record that is not a sound line is kept as text.

    cells: the 0-based fields of the columns of the text table, in its order. extra and original: header and field of
    the cells that the contract does not know, and of all that may be kept.
    """

    cells: list[int]
    extra: list[tuple[str, int]]
    original: list[tuple[str, int]]
    keeps_text: bool  # whether the text of a record without cells may be kept: not where it may hold a secret


def take_in(connection: Connection, target: Target, odd: Odd, pieces: Iterable[Piece]) -> int:
    """Bring every record in; how many there were. Raises psycopg.DataError where a line was not sound after all."""
    rows = 0
    with _Lanes(connection, target) as lanes, tempfile.TemporaryFile("w+", encoding="utf-8") as spill:
        chunk = _Chunk()
        for piece in pieces:
            if isinstance(piece, SoundLines):
                rows += piece.count
                if chunk.parts and piece.line - chunk.next_line > GAP_LINES:
                    lanes.put(chunk)
                    chunk = _Chunk()
                chunk.add(piece, target.placeholder)
                if chunk.size >= CHUNK_BYTES:
                    lanes.put(chunk)
                    chunk = _Chunk()
            else:
                rows += 1
                spill.write(json.dumps(_spilled(piece), ensure_ascii=False) + "\n")
        if chunk.parts:
            lanes.put(chunk)
        lanes.rows()
        spill.seek(0)
        _copy_odd(connection, target, odd, spill)
    return rows


def _spilled(piece: Record | Malformed) -> list[Any]:
    return [piece.line, piece.cells] if isinstance(piece, Record) else [piece.line, None, piece.text, piece.rule]


def _copy_odd(connection: Connection, target: Target, odd: Odd, spill: IO[str]) -> None:
    """Records with cells go into the text table, those without straight to the bad rows."""
    malformed = False
    with connection.cursor().copy(SQL("copy {} from stdin").format(target.text)) as copy:
        for line, cells, *rest in map(json.loads, spill):
            if rest:
                malformed = True
                continue
            extra = {header: cells[n] for header, n in odd.extra}
            original = {header: cells[n] for header, n in odd.original}
            copy.write_row(
                (line, *(cells[n] for n in odd.cells), json.dumps(extra) if extra else None, json.dumps(original))
            )
    if not malformed:
        return
    spill.seek(0)
    with connection.cursor().copy(SQL("copy {} (_line, rule, reason, original) from stdin").format(target.bad)) as copy:
        for line, _, *rest in map(json.loads, spill):
            if rest:
                text, reason = rest
                kept = text if odd.keeps_text and not SPEAKS_OF_A_SECRET.search(text) else None
                copy.write_row((line, "malformed", reason, json.dumps({RECORD: kept})))


def originals(pieces: Iterable[Piece], lines: Sequence[int], delimiter: str = ",") -> Iterator[Record]:
    """The records that start on some lines (ascending) of a table that is read again."""
    for piece in pieces:
        if isinstance(piece, SoundLines):
            wanted = lines[bisect_left(lines, piece.line) : bisect_left(lines, piece.line + piece.count)]
            if wanted:
                every = piece.data.split(b"\n")
                for line in wanted:
                    text = every[line - piece.line].decode().removesuffix("\r")
                    yield Record(line, next(csv.reader([text], delimiter=delimiter)))
