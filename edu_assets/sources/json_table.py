"""JSON as tables: JSON lines, an array of objects, or a document that holds one.

Belongs here: streaming records out of JSON. Does not belong here: REST pages (rest.py), which kind of file
it is (files.py).

A record is an object, its header the names of its values. A text is taken as it is, a number as it is
spelled, true and false by their names; a nested object or array becomes compact JSON, without passwords and
tokens. A contract that declares `user.id` takes that value out of the nested object `user`. null becomes a
null, and so does a name that a record lacks: no load mode of ours tells the two apart.

The names are collected by a first pass over the file, since the last record may hold one that no other has.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

from edu_assets.contracts.base import SECRETS, Column, Contract, Json, LoadMode, snake_case
from edu_assets.sources.line_reader import SHOWN_BYTES, Malformed, Record
from edu_assets.sources.records import (
    MOST_COLUMNS,
    UNDECODABLE,
    FileRefused,
    Source,
    Table,
    printable,
)

READ_CHARACTERS = 1 << 16
FIRST_RECORDS = 50
RECORD_CHARACTERS = 4 << 20  # a record is held in memory, some ten times over while it is taken apart
SPACE = re.compile(r"[ \t\r\n]*")


class _NotJson(ValueError):
    """A text is no JSON, or not the JSON that a record may be."""


class _Number(str):
    """A number as it is spelled."""

    __slots__ = ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotJson(f"names {twice!r} twice in one object; which is meant is not certain")
    return found


def _no_constant(name: str) -> Any:
    raise _NotJson(f"holds {name}, which is no JSON")


DECODER = json.JSONDecoder(
    object_pairs_hook=_once, parse_float=_Number, parse_int=_Number, parse_constant=_no_constant, strict=True
)


def _spelled(value: Any) -> str | None:
    """The text of a value; None for null."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case _:
            return _compact(value)


def _compact(value: Any) -> str:
    match value:
        case _Number():
            return str(value)
        case dict():
            kept = (item for item in value.items() if snake_case(item[0]) not in SECRETS)
            return "{" + ",".join(f"{_compact(name)}:{_compact(inner)}" for name, inner in kept) + "}"
        case list():
            return "[" + ",".join(map(_compact, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _flat(record: dict[str, Any], dotted: tuple[str, ...]) -> dict[str, Any]:
    """A record with the declared dotted names taken out of its nested objects."""
    for name in dotted:
        if name in record:
            continue
        *path, last = name.split(".")
        inner: Any = record
        for part in path:
            inner = inner.get(part) if isinstance(inner, dict) else None
        if isinstance(inner, dict) and last in inner:
            record[name] = inner.pop(last)
    return record


@dataclass(frozen=True)
class JsonTable(Table):
    """Objects of a JSON file. `lines`: one on each line; else the elements of the array at `records`."""

    lines: bool = True
    records_path: tuple[str, ...] = ()
    dotted: tuple[str, ...] = ()

    def records(self) -> Iterator[Record | Malformed]:
        for place, record in self.objects():
            if isinstance(record, Malformed):
                yield record
                continue
            yield self._record(place, record)

    def _record(self, place: int, record: dict[str, Any]) -> Record | Malformed:
        try:
            cells = [_spelled(record.get(name)) for name in self.header]
        except RecursionError:
            return Malformed(place, "", "is nested too deeply; the archive has it")
        for name, cell in zip(self.header, cells, strict=True):
            if cell and not cell.isascii() and UNDECODABLE.search(cell):
                return Malformed(place, printable(_compact(record)), f"is not UTF-8 in {name!r}")
            if cell and "\0" in cell:
                return Malformed(
                    place, printable(_compact(record)), f"holds a NUL in {name!r}, which no text column can keep"
                )
        return Record(place, cells)

    def objects(self) -> Iterator[tuple[int, dict[str, Any] | Malformed]]:
        """Each record as an object, with its line or place."""
        with self.source.open() as stream:
            text = io.TextIOWrapper(stream, "utf-8-sig", errors="bytes_as_surrogates", newline="")
            found = _lines(text) if self.lines else _elements(text, self.records_path, self.name)
            for place, record in found:
                yield place, record if isinstance(record, Malformed) else _flat(record, self.dotted)


def _lines(text: IO[str]) -> Iterator[tuple[int, dict[str, Any] | Malformed]]:
    place = 0
    while line := text.readline(RECORD_CHARACTERS + 1):
        place += 1
        if len(line) > RECORD_CHARACTERS:
            yield place, Malformed(place, printable(line[:SHOWN_BYTES]), f"is longer than {RECORD_CHARACTERS >> 20} MB")
            while not line.endswith("\n") and (line := text.readline(READ_CHARACTERS)):
                pass
            continue
        line = line.strip(" \t\r\n")
        if line:
            yield place, _object(place, line)


def _object(place: int, line: str) -> dict[str, Any] | Malformed:
    try:
        record, end = DECODER.raw_decode(line)
        if end < len(line):
            raise _NotJson(f"goes on behind its end, at character {end + 1}")
        if not isinstance(record, dict):
            raise _NotJson("is no JSON object")
    except json.JSONDecodeError as error:
        return Malformed(place, printable(line), f"is no JSON ({error.msg} at character {error.pos + 1})")
    except (_NotJson, RecursionError) as error:
        rule = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
        return Malformed(place, printable(line), rule)
    return record


class _Scanner:
    """A JSON text read piece by piece: at most one value is in memory at a time."""

    def __init__(self, text: IO[str], name: str) -> None:
        self._text = text
        self._name = name
        self._buffer = ""
        self._at = 0
        self._passed = 0
        self._ended = False

    def refuse(self, why: str) -> FileRefused:
        place = self._passed + self._at + 1
        return FileRefused(f"{self._name}: {why} at character {place:,}: ask the sender for the whole file")

    def _more(self, size: int = READ_CHARACTERS) -> bool:
        piece = self._text.read(size)
        self._ended = not piece
        self._passed += self._at
        self._buffer = self._buffer[self._at :] + piece
        self._at = 0
        return bool(piece)

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            space = SPACE.match(self._buffer, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def take(self, *expected: str) -> str:
        char = self.peek()
        if char not in expected or not char:
            seen = "ends" if not char else "is no JSON"
            raise self.refuse(f"{seen} where {' or '.join(expected)} should stand,")
        self._at += 1
        return char

    def value(self) -> Any:
        """The next value whole. It is read again from its start when more is needed, each time of twice the text."""
        self.peek()
        size = READ_CHARACTERS
        while True:
            try:
                found, end = DECODER.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if self._ended:
                    raise self.refuse(f"is no JSON ({error.msg})") from error
            except _NotJson as error:
                raise self.refuse(str(error)) from error
            except RecursionError as error:
                raise self.refuse("is nested too deeply") from error
            else:
                if end < len(self._buffer) or self._ended:  # else a number may go on
                    self._at = end
                    return found
            if len(self._buffer) - self._at > RECORD_CHARACTERS:
                raise self.refuse(f"holds a value that does not end within {RECORD_CHARACTERS:,} characters,")
            self._more(size)
            size *= 2


def _elements(text: IO[str], path: tuple[str, ...], name: str) -> Iterator[tuple[int, dict[str, Any] | Malformed]]:
    scanner = _Scanner(text, name)
    for part in path:
        _descend(scanner, part)
    scanner.take("[")
    place = 0
    if scanner.peek() == "]":
        scanner.take("]")
    else:
        while True:
            place += 1
            record = scanner.value()
            if not isinstance(record, dict):
                record = Malformed(place, printable(_compact(record)), "is no JSON object")
            yield place, record
            if scanner.take(",", "]") == "]":
                break
    if not path and scanner.peek():
        raise scanner.refuse("goes on behind the end of the array")


def _descend(scanner: _Scanner, part: str) -> None:
    """Go to the value of a name; the values before it are passed over."""
    scanner.take("{")
    while True:
        name = scanner.value()
        scanner.take(":")
        if name == part:
            return
        scanner.value()
        if scanner.take(",", "}") == "}":
            raise scanner.refuse(f"has no {part!r}, in which the contract looks for the records,")


def names_at_start(source: Source, declared: Json, contracts: Iterable[Contract]) -> tuple[str, ...]:
    """The names in the first records, and those that any of the contracts declares inside of their objects: enough to
    tell which of the contracts is meant, at the price of none of them."""
    path, lines = _layout(declared, source.head(READ_CHARACTERS).decode("utf-8-sig", "replace").lstrip())
    dotted = {name for contract in contracts for name in _dotted(contract.columns)}
    found: dict[str, None] = {}
    table = JsonTable(source, (), (), None, frozenset(), lines, path)
    for _, record in islice(table.objects(), FIRST_RECORDS):
        if isinstance(record, dict):
            found.update(dict.fromkeys(record))
            found.update(dict.fromkeys(name for name in dotted.difference(found) if name in _flat(record, (name,))))
    return tuple(found)


def _layout(declared: Json, start: str) -> tuple[tuple[str, ...], bool]:
    """Where the array of records lies, and whether there is none but a record on each line."""
    path = tuple(declared.records.split(".")) if declared.records else ()
    return path, not path and not start.startswith("[")


def _dotted(columns: Iterable[Column]) -> tuple[str, ...]:
    return tuple(name for column in columns for name in (column.header, *column.aliases) if "." in name)


def open_json(source: Source, declared: Json, contract: Contract | None) -> JsonTable:
    """Collect the names of all records. Raises FileRefused for an array that is no JSON, and for an empty file unless
    the contract's files tell of changes alone: there an empty page tells of none."""
    start = source.head(READ_CHARACTERS).decode("utf-8-sig", "replace").lstrip()
    columns = contract.columns if contract else ()
    claimed_by = contract.name if contract else None
    wanted = tuple(column.header for column in columns)
    if not start:
        if contract is None or contract.mode is not LoadMode.INCREMENTAL:
            raise FileRefused(f"{source.name} is empty; a file without records is []")
        return JsonTable(source, wanted, (), claimed_by, frozenset())
    path, lines = _layout(declared, start)
    dotted = _dotted(columns)
    table = JsonTable(source, (), (), claimed_by, frozenset(), lines, path, dotted)
    header = _names(record for _, record in table.objects())
    if lines and not header:
        raise FileRefused(
            f"{source.name}: no line of it is a JSON object; where the file is one JSON document, "
            "the contract must say with `records` where the list lies in it"
        )
    return JsonTable(source, header or wanted, (), claimed_by, frozenset(), lines, path, dotted)


def _names(records: Iterable[dict[str, Any] | Malformed]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for record in records:
        if isinstance(record, dict):
            found.update(dict.fromkeys(record))
        if len(found) > MOST_COLUMNS:
            raise FileRefused(
                f"the records have more than {MOST_COLUMNS:,} names: are values used as names? "
                "The contract must declare a list of records"
            )
    return tuple(found)
