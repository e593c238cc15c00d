"""Lines of CSV, read once: runs of sound lines as bytes, every other record by itself.

Belongs here: finding line ends and records in a stream. Does not belong here: which lines are sound (the caller's
pattern), which file it is (files.py).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

BLOCK_BYTES = 1 << 18  # what the second cache of a core holds
RECORD_BYTES = 1 << 20
csv.field_size_limit(RECORD_BYTES)  # a record is longer than its longest field
SHOWN_BYTES = 1000  # of a line that is too long to keep
BOM = b"\xef\xbb\xbf"
NOT_UTF_8 = "is not UTF-8"
LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class SoundLines:
    """Whole lines as UTF-8, each a record that breaks no rule. `line` is the number of the first."""

    line: int
    count: int
    data: bytes


@dataclass(frozen=True)
class Record:
    """One record: `line` is the 1-based line of the file on which it starts; in a workbook its row, in a JSON
    array its place. A cell is None where a format has a null beside the empty text."""

    line: int
    cells: Sequence[str | None]


@dataclass(frozen=True)
class Malformed:
    """A record that has no cells to bind: wrong count, undecodable bytes, a NUL, a quote that never closes."""

    line: int
    text: str
    rule: str


Piece = SoundLines | Record | Malformed


class Stream(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes: ...


class LineReader:
    """The records of a stream of UTF-8, its header and the titles above it left out.

    Quotes are read strictly: a reader that forgives a stray one takes the lines after it for the rest of a
    value, and rows are lost in a record that looks sound. A quote that does not close spoils its own line alone.
    """

    def __init__(
        self, stream: Stream, width: int, *, delimiter: str = ",", header_line: int = 1, sound: Any | None = None
    ) -> None:
        self._stream = stream
        self._header_line = header_line
        self._width = width
        self._delimiter = delimiter
        self._sound = sound
        self._buffer = b""
        self._start = 0
        self._line = 1
        self._ended = False

    def pieces(self) -> Iterator[Piece]:
        """Every record after the header; blank lines are none."""
        while self._line < self._header_line and (end := self._end_of_line(0)) is not None:
            self._pass(end, 1)
        self._record()
        while True:
            if self._sound is not None and (match := self._sound.match(self._buffer, self._start)):
                data = self._buffer[self._start : match.end()]
                lines = SoundLines(self._line, data.count(b"\n"), data)
                self._pass(len(lines.data), lines.count)
                yield lines
            if self._end_of_line(0, may_fill=False) is None and self._fill():
                continue
            if self._start == len(self._buffer):
                return
            if (record := self._record()) is not None:
                yield record

    def _fill(self) -> bool:
        """Read on, but for a line that is too long already. The last line gets an end, so that all are alike."""
        if self._ended or len(self._buffer) - self._start > RECORD_BYTES:
            return False
        block = self._stream.read(BLOCK_BYTES)
        if not self._buffer and self._line == 1:
            block = block.removeprefix(BOM)
        self._buffer = self._buffer[self._start :] + block
        self._start = 0
        if not block:
            self._ended = True
            if self._buffer and not self._buffer.endswith((b"\n", b"\r")):
                self._buffer += b"\n"
        return True

    def _pass(self, size: int, lines: int) -> None:
        self._start += size
        self._line += lines

    def _end_of_line(self, offset: int, *, may_fill: bool = True) -> int | None:
        """Where, from the start of the record at hand, the line at an offset ends; None where its end is not seen."""
        while True:
            found = LINE_END.search(self._buffer, self._start + offset)
            if found and (self._ended or found.end() < len(self._buffer) or found.group() != b"\r"):
                return found.end() - self._start
            if not may_fill or not self._fill():
                return None

    def _record(self) -> Record | Malformed | None:
        """The next record, None for a blank line or at the end."""
        ends = [0]

        def lines() -> Iterator[str]:
            while (end := self._end_of_line(ends[-1])) is not None:
                text = self._buffer[self._start + ends[-1] : self._start + end]
                ends.append(end)
                yield text.decode("utf-8", "surrogateescape")

        line = self._line
        end = self._end_of_line(0)
        try:
            if end is not None and b'"' not in (plain := self._buffer[self._start : self._start + end]):
                # without quotes a line is a record, in a quarter of the time
                ends.append(end)
                text = plain.decode("utf-8", "surrogateescape").rstrip("\r\n")
                cells = text.split(self._delimiter) if text else []
            else:
                cells = next(csv.reader(lines(), strict=True, delimiter=self._delimiter), [])
        except csv.Error as error:
            text = self._text(ends[1])
            self._pass(ends[1], 1)
            return Malformed(line, text, f"is no CSV record ({error})")
        if len(ends) == 1:
            return self._overlong() if self._start < len(self._buffer) else None
        problem = _problem(cells, self._width)
        text = self._text(ends[-1]) if problem else ""
        self._pass(ends[-1], len(ends) - 1)
        if not cells:
            return None
        return Malformed(line, text, problem) if problem else Record(line, cells)

    def _overlong(self) -> Malformed:
        """Leave out a line whose end is not in sight, with its beginning as text."""
        record = Malformed(self._line, self._text(SHOWN_BYTES), f"is longer than {RECORD_BYTES >> 20} MB")
        while not self._ended and (end := self._end_of_line(0, may_fill=False)) is None:
            self._start = len(self._buffer)
            self._fill()
        end = self._end_of_line(0)
        self._pass(end if end is not None else len(self._buffer) - self._start, 1)
        return record

    def _text(self, size: int) -> str:
        """The beginning of the buffer with what PostgreSQL cannot store, NUL and undecodable bytes, spelled out."""
        whole = self._buffer[self._start : self._start + size].decode("utf-8", "backslashreplace")
        return whole.replace("\0", "\\x00").rstrip("\r\n")


def _problem(cells: list[str], width: int) -> str | None:
    joined = "".join(cells)
    if "\0" in joined:
        return "holds a NUL byte, which no text column can keep"
    if not joined.isascii() and any("\udc80" <= char <= "\udcff" for char in joined):
        return NOT_UTF_8
    if cells and len(cells) != width:
        return f"has {len(cells)} fields where the header has {width}"
    return None
