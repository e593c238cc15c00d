"""Reading a file by a contract without a database.

Belongs here: a small contract and what opening a file by it yields. Does not belong here: what is in a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edu_assets.contracts.base import Column, Contract, Csv, PersonalData, TermByDelivery
from edu_assets.sources.files import Package, Table, open_package
from edu_assets.sources.line_reader import Malformed, Record

COLUMNS = (
    Column(header="id", required=True),
    Column(header="name", required=True, personal=PersonalData.DIRECT),
    Column(header="score"),
)
HEADER = "id,name,score"


def contract(**changes: Any) -> Contract:
    declared: dict[str, Any] = {
        "system": "vendor",
        "table": "results",
        "description": "results",
        "owner": "assessment-office",
        "columns": COLUMNS,
        "key": ("id",),
        "term": TermByDelivery(),
        "files": ("*",),
        "written": (Csv(),),
        "freshness_days": 400,
    }
    return Contract(**declared | changes)


def opened(folder: Path, content: str | bytes, name: str = "results.csv", **changes: Any) -> Table:
    """The one table of a file that is written into a folder."""
    [table] = package(folder, content, name, **changes).tables
    return table


def package(folder: Path, content: str | bytes, name: str = "results.csv", **changes: Any) -> Package:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return package_at(path, **changes)


def package_at(path: Path, **changes: Any) -> Package:
    return open_package(path, path.name, None, [contract(**changes)])


def rows(table: Table) -> list[list[str | None]]:
    """The cells of every record; fails where one is malformed."""
    found = []
    for record in table.records():
        assert isinstance(record, Record), record
        found.append(list(record.cells))
    return found


def malformed(table: Table) -> list[Malformed]:
    return [record for record in table.records() if isinstance(record, Malformed)]
