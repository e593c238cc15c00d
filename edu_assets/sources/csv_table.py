"""Delimited text as tables: which encoding, delimiter and header line a file has, and its records.

Belongs here: opening and reading CSV. Does not belong here: zips and which kind of file it is (files.py),
what a value means (raw_zone/).

A table is read once, in pieces: runs of lines that are surely sound go on as bytes, for PostgreSQL to
parse; every other record is parsed here (line_reader.py), several times slower. Other encodings are made UTF-8
on the way.

A file that is not written as declared is read another way only where that is certain: it has a byte order
mark, or exactly one other reading yields the columns of the contract.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import IO, Any

from edu_assets.contracts.base import Contract, Csv
from edu_assets.sources.line_reader import (
    BOM,
    NOT_UTF_8,
    LineReader,
    Malformed,
    Piece,
    Record,
    SoundLines,
    Stream,
)
from edu_assets.sources.records import HEAD_BYTES, UNDECODABLE, FileRefused, Source, Table, named

MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order marks and the codec that takes them away; UTF-32's begins as UTF-16's does, so it stands first."""
DELIMITERS = (",", ";", "\t", "|")
MOST_HEADER_CHARACTERS = HEAD_BYTES // 4  # so that the head holds a header whole in every encoding
HEADER_LINES = 20  # titles above a header are fewer


@dataclass(frozen=True)
class _Reading:
    """One way to read a text: its delimiter, and the line on which the header starts."""

    delimiter: str
    header_line: int


@dataclass(frozen=True)
class CsvTable(Table):
    """Delimited text. `encoding` is Python's name of the codec, header_line the line the header starts on."""

    encoding: str = "utf-8-sig"
    delimiter: str = ","
    header_line: int = 1

    @property
    def plain(self) -> bool:
        return self.delimiter == "," and self.encoding.startswith("utf")

    @property
    def line_end(self) -> str:
        """How the first line ends; a file's other lines nearly always do likewise."""
        with self._utf_8() as stream:
            return "\r\n" if stream.read(HEAD_BYTES).partition(b"\n")[0].endswith(b"\r") else "\n"

    def pieces(self, sound: Any | None = None) -> Iterator[Piece]:
        """Every record after the header; blank lines are no records."""
        with self._utf_8() as stream:
            reader = LineReader(
                stream, len(self.header), delimiter=self.delimiter, header_line=self.header_line, sound=sound
            )
            for piece in reader.pieces():
                if isinstance(piece, SoundLines):
                    yield piece
                else:
                    yield self._in_its_encoding(piece)

    def records(self) -> Iterator[Record | Malformed]:
        for piece in self.pieces():
            assert not isinstance(piece, SoundLines), "no line is sound without a pattern"
            yield piece

    @contextmanager
    def _utf_8(self) -> Iterator[Stream]:
        with self.source.open() as stream:
            yield stream if self.encoding == "utf-8-sig" else _AsUtf8(stream, self.encoding)

    def _in_its_encoding(self, record: Record | Malformed) -> Record | Malformed:
        """A record as it is, or what is wrong with it in the encoding of its file."""
        if isinstance(record, Malformed):
            if record.rule != NOT_UTF_8:
                return record
            said = NOT_UTF_8 if self.encoding == "utf-8-sig" else f"is not {self.encoding}"
            return replace(record, rule=f"{said}; an export that is all in another encoding needs it in its contract")
        if self.encoding.startswith("utf"):
            return record
        text = self.delimiter.join(cell or "" for cell in record.cells)
        if text.isascii():
            return record
        try:
            text.encode(self.encoding).decode("utf-8")
        except UnicodeError:
            return record
        # No text of several letters in an 8-bit encoding is valid UTF-8 by chance.
        rule = f"is UTF-8, though the contract declares {self.encoding}; where all are, the contract must say utf-8"
        return Malformed(record.line, text, rule)


class _AsUtf8:
    """A stream of another encoding as UTF-8; bytes that it cannot have stay bytes that UTF-8 cannot have."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._text = io.TextIOWrapper(stream, encoding, errors="bytes_as_surrogates", newline="")

    def read(self, size: int, /) -> bytes:
        return self._text.read(size).encode("utf-8", "surrogateescape")


def open_csv(source: Source, declared: Csv, contract: Contract | None) -> CsvTable:
    """Find out how a file is written. Raises FileRefused for what has no header."""
    start = source.head()
    if not start.removeprefix(BOM).strip():
        raise FileRefused(f"{source.name} is empty; a file without rows still needs its header")
    declared_reading = _Reading(declared.delimiter, declared.header_line)
    encoding = _encoding(start, declared)
    reading = declared_reading
    refusal, header = None, []
    try:
        header = _header(_text(start, encoding), reading, source.name)
    except FileRefused as error:
        refusal = error
    if contract is not None and not contract.fits(header):
        other = _certain(start, encoding, declared_reading, contract)
        if other is not None:
            (encoding, reading, header), refusal = other, None
    if refusal is not None:
        raise refusal
    if any(UNDECODABLE.search(name) for name in header):
        raise FileRefused(_undecodable(source.name, start, encoding, reading))
    names = named(header, source.name)
    return CsvTable(
        source=source,
        header=names.header,
        found=(*_found(source.name, start, declared, encoding, reading), *names.found),
        contract=contract.name if contract else None,
        repeated=names.repeated,
        encoding=encoding,
        delimiter=reading.delimiter,
        header_line=reading.header_line,
    )


def _encoding(start: bytes, declared: Csv) -> str:
    marked = next((codec for mark, codec in MARKS.items() if start.startswith(mark)), None)
    if marked is not None:
        return marked
    return "utf-8-sig" if declared.encoding == "utf-8" else declared.encoding


def _text(start: bytes, encoding: str) -> str:
    """The beginning of a file as text; the bytes of a character that it cuts are left out."""
    return codecs.getincrementaldecoder(encoding)("bytes_as_surrogates").decode(start, final=len(start) < HEAD_BYTES)


def _header(text: str, reading: _Reading, where: str) -> list[str]:
    lines = islice(io.StringIO(text, newline=""), reading.header_line - 1, None)
    first = next(lines, "")
    if len(first) > MOST_HEADER_CHARACTERS:
        raise FileRefused(
            f"{where}: line {reading.header_line} has more than {MOST_HEADER_CHARACTERS:,} characters, so it is no "
            "header of a CSV: are its lines ended?"
        )
    try:
        return next(csv.reader(chain([first], lines) if first else lines, strict=True, delimiter=reading.delimiter))
    except StopIteration:
        raise FileRefused(f"{where} has no line {reading.header_line}, on which the header should stand") from None
    except csv.Error as error:
        raise FileRefused(f"{where}: line {reading.header_line} is no CSV header ({error})") from error


def _certain(
    start: bytes, encoding: str, declared: _Reading, contract: Contract
) -> tuple[str, _Reading, list[str]] | None:
    """The one other reading that yields the contract's columns; None where there is none, or several."""
    encodings = [encoding]
    if b"\0" in start[:4096] and encoding == "utf-8-sig":
        encodings = ["utf-16-le", "utf-16-be"]
    found = []
    for codec in encodings:
        text = _text(start, codec)
        for delimiter in dict.fromkeys((declared.delimiter, *DELIMITERS)):
            for line in range(1, HEADER_LINES + 1):
                reading = _Reading(delimiter, line)
                try:
                    header = _header(text, reading, "")
                except FileRefused:
                    continue
                if contract.is_like(header):
                    found.append((codec, reading, header))
                    break  # the same header further down is a record
    return found[0] if len(found) == 1 else None


def _undecodable(name: str, start: bytes, encoding: str, reading: _Reading) -> str:
    text = f"{name}: the header is not {'UTF-8' if encoding == 'utf-8-sig' else encoding}"
    for codec in ("cp1252", "utf-8"):
        try:
            _text(start, codec).encode("utf-8")
        except UnicodeError:
            continue
        if codec != encoding:
            return f"{text}; it could be {codec}, which is not certain: declare encoding={codec!r} in the contract"
    return f"{text}; declare the encoding of line {reading.header_line} in the contract"


def _found(name: str, start: bytes, declared: Csv, encoding: str, reading: _Reading) -> list[str]:
    found = []
    if encoding != ("utf-8-sig" if declared.encoding == "utf-8" else declared.encoding):
        found.append(f"{name}: is written in {encoding}, not in {declared.encoding} as declared; it was read so")
    elif start.startswith(BOM):
        found.append(f"{name}: begins with a byte order mark of UTF-8, which is no part of the header")
    if reading.delimiter != declared.delimiter:
        found.append(f"{name}: the delimiter is {reading.delimiter!r}, not {declared.delimiter!r} as declared")
    if reading.header_line != declared.header_line:
        found.append(
            f"{name}: the header stands on line {reading.header_line}, not on {declared.header_line} as declared; "
            "the lines above it are no records"
        )
    return found
