"""Binding: which field of a file holds which column of a contract, found by the header's names.

Belongs here: what a header lacks, has twice or has more than the contract, and what its names tell of the file. Does
not belong here: which contract claims a file (opening.py), what the fields hold (stage.py).
"""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase

from edu_assets.contracts import registry
from edu_assets.contracts.base import Contract
from edu_assets.raw_zone.staged import Binding
from edu_assets.sources.files import FileRefused, Table
from edu_assets.sources.records import listed, may_hold_a_row


def bind(contract: Contract, table: Table, version: str | None) -> tuple[Binding, list[str]]:
    """Bind a header to a contract by name. Raises FileRefused where a required column is missing.

    A column that the package's version of the format does not have is not missed.
    """
    by_header = {header: position for position, header in enumerate(table.header, 1)}
    positions: dict[str, int] = {}
    problems: list[str] = []
    if not any(column.sent_as(by_header) for column in contract.columns):
        # What stands there may be a row of persons, so it is not repeated.
        mend = _likely_mend(table) or "; is the header missing?"
        raise FileRefused(f"{table.name}: the first line has no column name of {contract.name}{mend}")
    with_a_row = may_hold_a_row(table.header)
    for column in contract.columns:
        found = column.sent_as(by_header)
        if found is not None:
            if found in table.repeated and not _bound_apart(contract, found):
                raise FileRefused(
                    f"{table.name}: header names {[found]} more than once; each column needs its own name: which "
                    f"is meant is not certain. Rename one in the export, or declare {found + ' (2)'!r} in the contract "
                    f"{contract.name} too"
                )
            if found not in (column.header, *column.aliases):
                problems.append(f"{table.name}: column {column.header!r} is sent as {found!r}, with blanks around it")
            positions[column.name] = by_header.pop(found)
            continue
        near = [] if with_a_row else difflib.get_close_matches(column.header, list(by_header), 1)
        hint = f"; nearest is {near[0]!r}" if near else ""
        if column.required:
            raise FileRefused(
                f"{table.name}: required column {column.header!r} is missing{hint or _likely_mend(table)}. Rename it "
                f"in the export, or add an alias to the contract {contract.name}"
            )
        if column.is_of(version) and not column.may_be_absent:
            problems.append(f"{table.name}: column {column.header!r} is missing{hint}; it is loaded as null")
    by_header = {header: position for header, position in by_header.items() if not contract.hides(header)}
    if by_header and with_a_row:
        problems.append(
            f"{table.name}: {len(by_header)} unknown columns are kept in _extra. Names in the header are spelled like "
            "values, so a row may have run into it and none is repeated here; look at the first line of the file"
        )
    elif unknown := sorted(header for header in by_header if not fnmatchcase(header, _extensions(contract))):
        problems.append(f"{table.name}: unknown columns {listed(unknown)} are kept in _extra")
    return Binding(table.header, positions, by_header), problems


def _extensions(contract: Contract) -> str:
    """The pattern of columns that senders of the contract's system may add, so that one is no surprise."""
    system = registry().systems.get(contract.system)
    return (system.extension_columns if system else None) or ""


def _bound_apart(contract: Contract, name: str) -> bool:
    """Whether the contract knows that a source gives this name to several columns."""
    return any(f"{name} (2)" in (column.header, *column.aliases) for column in contract.columns)


def _likely_mend(table: Table) -> str:
    """What a header that is none of the contract's looks like."""
    text = "".join(table.header)
    if "\\x00" in text:
        return "; it holds NUL bytes, so this is no text file, or one in UTF-16"
    if text.startswith(("{", "[")):
        return "; the file looks like JSON"
    if text.startswith("<"):
        return "; the file looks like a web page or XML"
    if text.startswith("%PDF"):
        return "; the file is a PDF"
    if len(table.header) == 1:
        return "; the line has one column only: is the delimiter the one that the contract declares?"
    return ""
