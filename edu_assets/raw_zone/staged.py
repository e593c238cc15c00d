"""A staged table: its names in schema `stage`, and what its staging counted.

Belongs here: what every step of staging and applying says of a staged table. Does not belong here: the steps
(stage.py, apply.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from psycopg import Connection, sql

from edu_assets.contracts.base import Column, Contract


@dataclass(frozen=True)
class Binding:
    """Which field of a source holds which contract column.

    positions: contract column name → 1-based field. extra: unknown header → field.
    """

    header: tuple[str, ...]
    positions: dict[str, int]
    extra: dict[str, int]


class Sent(NamedTuple):
    """What was sent of a slice: valid rows, and a digest of their content whatever its order."""

    rows: int
    digest: str


@dataclass
class Staged:
    """One staged table and what its staging counted. `None` as a term: the term could not be read.

    terms: what was sent of each term. of_one_term: the typed table may become that term's partition.
    compared_at: the load up to which the tables `news` and `gone` hold where the delivery and the open rows
    differ; None: they were not compared.
    """

    contract: Contract
    feed: str
    delivery_id: int
    source_file: str
    binding: Binding
    rows_read: int = 0
    terms: dict[str, Sent] = field(default_factory=dict)
    duplicates: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str | None, int] = field(default_factory=dict)
    closes: bool = True
    of_one_term: bool = True
    compared_at: int | None = None

    def relation(self, kind: str) -> str:
        return f"d{self.delivery_id}_{self.contract.table}_{kind}"

    def table(self, kind: str) -> sql.Identifier:
        return sql.Identifier("stage", self.relation(kind))

    @property
    def bound(self) -> list[Column]:
        """The stored columns that the source has."""
        return [column for column in self.contract.stored_columns if column.name in self.binding.positions]

    @property
    def tells_deleted(self) -> bool:
        """Whether a row may say that its key was deleted."""
        return self.contract.delta is not None and self.contract.delta.column in self.binding.positions

    def same_key(self, left: str, right: str) -> sql.Composed:
        return sql.SQL(" and ").join(
            sql.SQL("{} = {}").format(sql.Identifier(left, name), sql.Identifier(right, name))
            for name in self.contract.key
        )

    def key(self, alias: str) -> sql.Composed:
        return sql.SQL(", ").join(sql.Identifier(alias, name) for name in self.contract.key)


def use_every_core(connection: Connection) -> None:
    """Let scans of a transaction use both cores: the planner's costs are for servers whose cores others need."""
    connection.execute("set local parallel_setup_cost = 0")
    connection.execute("set local parallel_tuple_cost = 0")


KINDS = ("text", "typed", "bad", "news", "gone", "differences", "placed")
"""The tables of a staged table: records as text, valid rows, rows that were set aside, the comparison, and
valid rows while they get their terms."""
