"""A slice on its way: one table × feed × term of a delivery, and the SQL that speaks of it.

Belongs here: what a delivery, its members and a judgement are, and the conditions that statements over a
slice repeat. Does not belong here: any statement that changes rows (apply.py, holding.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from psycopg import Connection, sql
from pydantic import BaseModel, Field

from edu_assets.contracts.base import Contract, LoadMode, TermByDelivery
from edu_assets.raw_zone.conformance import Finding
from edu_assets.raw_zone.staged import Staged
from edu_assets.raw_zone.tables import (
    names,
    raw_identifier,
)

SQL = sql.SQL


class SliceReport(BaseModel):
    """What a load did to one slice (table × feed × term). `status` is the load log's."""

    load_id: int
    raw_table: str
    feed: str
    term_key: str
    status: str
    mode: str
    rows_read: int = 0
    accepted: int = 0
    inserted: int = 0
    unchanged: int = 0
    changed: int = 0
    closed: int = 0
    duplicates: int = 0
    quarantined: int = 0
    held: int = 0
    withheld: int = 0
    error: str | None = None


class DeliveryReport(BaseModel):
    """What became of one file: `status` is applied, unchanged, held, refused or failed;
    or, for the landing place of a feed that cannot be used, unreachable.

    problems: one sentence each, with file, column and rule, never with a value.
    conformance: what it breaks of the source's standard, for the sender; changes nothing that is loaded.
    """

    delivery_id: int | None
    source_file: str
    feed: str | None
    status: str
    rows_read: int = 0
    quarantined: int = 0
    slices: list[SliceReport] = Field(default_factory=list)
    problems: list[str] = Field(default_factory=list)
    conformance: list[Finding] = Field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether something went wrong that a next look may find mended: the file waits."""
        return self.status == "failed"

    @property
    def unreachable(self) -> bool:
        """Whether this is no file, but a landing place that cannot be used."""
        return self.status == "unreachable"


@dataclass(frozen=True)
class Member:
    """One table of a package: what was staged of it and in which mode it was sent.

    `staged` is None where the package says that the table is absent: nothing changes in it, but the
    first slice of a term starts as a copy of the previous term's.
    """

    contract: Contract
    staged: Staged | None
    mode: LoadMode


@dataclass(frozen=True)
class Delivery:
    """The package as the log knows it."""

    delivery_id: int
    feed: str
    bytes: int
    effective_date: date | None
    started_at: datetime
    run_id: str | None = None
    hold_share: float = 0.2


@dataclass(frozen=True)
class Judgement:
    """What apply is allowed to do.

    as_of: rows that a load after this one wrote or closed are newer than the delivery and stay.
    holds: whether losses are held for a person. only_school: apply this school's rows alone.
    replays: the staged rows come from quarantine, and leave it. reapplies: a person asks for the archive again.
    """

    as_of: int | None = None
    holds: bool = True
    only_school: str | None = None
    replays: bool = False
    reapplies: bool = False

    def mode(self, sent: LoadMode) -> str:
        """What the load log calls a load under this judgement."""
        if self.reapplies:
            return "reapplied"
        return "replayed" if self.replays else sent.value


DELIVERED = Judgement()
"""A delivery as it arrives: everything may be written, losses are held."""


@dataclass
class Slice:
    """One table's part of a term's transaction: the SQL fragments that it repeats, and its figures."""

    member: Member
    feed: str
    term_key: str
    load_id: int
    judgement: Judgement
    held_schools: dict[str, str] = field(default_factory=dict)  # with the reason
    set_aside: int = 0
    compared: bool = False  # whether what staging found out by comparison still holds
    leaves_none_out: bool = False  # whether comparison has told that every open row's key was sent
    sent: int = 0
    sent_held: int = 0
    digest: str | None = None
    figures: dict[str, int] = field(default_factory=dict)

    @property
    def contract(self) -> Contract:
        return self.member.contract

    @property
    def raw(self) -> sql.Identifier:
        return raw_identifier(self.contract)

    @property
    def typed(self) -> sql.Identifier:
        assert self.member.staged is not None
        return self.member.staged.table("typed")

    @property
    def news(self) -> sql.Identifier:
        """The staged rows that may write: those that are not open as they are, where that was found out already."""
        assert self.member.staged is not None
        return self.member.staged.table("news" if self.compared else "typed")

    def here(self, alias: str) -> sql.Composable:
        """This slice's rows of the raw table, with constants so that one partition is planned."""
        return SQL("{a}.term_key = {term} and {a}._feed = {feed}").format(
            a=sql.Identifier(alias), term=sql.Literal(self.term_key), feed=sql.Literal(self.feed)
        )

    def same_key(self, left: str, right: str) -> sql.Composed:
        return SQL(" and ").join(
            SQL("{} = {}").format(sql.Identifier(left, name), sql.Identifier(right, name)) for name in self.contract.key
        )

    def has_key(self, alias: str, quarantined: str) -> sql.Composed:
        """Whether a row has the key that a quarantined one kept as jsonb."""
        return SQL(" and ").join(
            SQL("{} = ({} ->> {})::{}").format(
                sql.Identifier(alias, name),
                sql.Identifier(quarantined, "source_key"),
                sql.Literal(name),
                SQL(self.contract.column(name).type.value),
            )
            for name in self.contract.key
        )

    def school(self, alias: str) -> sql.Composable:
        """The school to which a row is reckoned; null where the table names none (then the feed)."""
        if self.contract.school is None:
            return SQL("null::text")
        return SQL("split_part({}::text, ',', 1)").format(sql.Identifier(alias, self.contract.school))

    def admitted(self, alias: str) -> sql.Composed:
        """Rows that this transaction may touch: not a held school's, not newer than the delivery."""
        conditions: list[sql.Composable] = [SQL("true")]
        school = self.school(alias)
        if self.held_schools:
            conditions.append(
                SQL("not coalesce({} = any({}), false)").format(school, sql.Literal(sorted(self.held_schools)))
            )
        if self.judgement.only_school is not None and self.contract.school is not None:
            conditions.append(SQL("{} = {}").format(school, sql.Literal(self.judgement.only_school)))
        return SQL(" and ").join(conditions)

    def not_newer(self, alias: str) -> sql.Composable:
        if self.judgement.as_of is None:
            return SQL("true")
        return SQL("{} <= {}").format(sql.Identifier(alias, "_load_id"), sql.Literal(self.judgement.as_of))

    def in_scope(self, alias: str) -> sql.Composable:
        """Whether the delivery states the row's scope whole."""
        if not self.contract.scope:
            return SQL("true")
        return SQL("({}) in (select distinct {} from {} where term_key = {})").format(
            SQL(", ").join(sql.Identifier(alias, name) for name in self.contract.scope),
            names(self.contract.scope),
            self.typed,
            sql.Literal(self.term_key),
        )

    def would_close(self, alias: str) -> sql.Composed:
        """Open rows that a full delivery leaves out, but for those whose key it holds in quarantine."""
        staged = self.member.staged
        assert staged is not None
        not_quarantined: sql.Composable = SQL("true")
        if staged.quarantined:
            not_quarantined = SQL("not exists (select from {} b where {})").format(
                staged.table("bad"), self.has_key(alias, "b")
            )
        gone: sql.Composable = SQL("true")
        if self.compared:
            gone = SQL("exists (select from {} g where {})").format(staged.table("gone"), self.same_key("g", alias))
        return SQL(
            "{here} and {gone} and {scope} and {free} and not exists (select from {news} s where s.term_key = {term}"
            " and not s._deleted and {same})"
        ).format(
            here=self.here(alias),
            gone=gone,
            scope=self.in_scope(alias),
            free=not_quarantined,
            news=self.news,
            term=sql.Literal(self.term_key),
            same=self.same_key("s", alias),
        )

    @property
    def closes(self) -> bool:
        staged = self.member.staged
        return staged is not None and self.member.mode is LoadMode.FULL and staged.closes and self.is_stated

    @property
    def is_stated(self) -> bool:
        """Whether the delivery says anything of this slice: rows, or under the rule `delivery` their absence."""
        if self.member.staged is None or isinstance(self.contract.term, TermByDelivery):
            return isinstance(self.contract.term, TermByDelivery)
        return self.sent > 0


def previous_term(connection: Connection, part: Slice) -> str | None:
    """The latest earlier term in which the feed has rows of this table."""
    row = connection.execute(
        "select l.term_key from etl.load_log l join etl.term t using (term_key)"
        " where l.raw_table = %s and l.feed = %s and l.status = 'applied'"
        " and t.ordinal < (select ordinal from etl.term where term_key = %s) order by t.ordinal desc limit 1",
        [part.contract.name, part.feed, part.term_key],
    ).fetchone()
    return row[0] if row else None


def scalar(connection: Connection, query: str | sql.Composed, parameters: list | None = None) -> Any:
    row = connection.execute(query, parameters).fetchone()
    return row[0] if row else None
