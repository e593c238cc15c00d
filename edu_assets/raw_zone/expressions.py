"""What a contract means in SQL: when a text is a valid value, its typed value, its term.

Belongs here: pure functions from declarations to SQL over one staged row. Does not belong here:
statements that move rows (stage.py, apply.py).

Staged text columns bear the names of the contract's columns.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from edu_assets.contracts.base import Column, ColumnType, Contract, DateFormat, TermByColumn

SQL = sql.SQL

NUMBER = r"^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)$"
KEY_BYTES = 512  # an index entry, the whole key, holds 2,700
WHOLE_NUMBER = r"^[+-]?[0-9]+$"

US_DATE = "split_part({0}, '/', 3) || '-' || split_part({0}, '/', 1) || '-' || split_part({0}, '/', 2)"
US_DAY = US_DATE.replace("{0}", "split_part({0}, ' ', 1)")
NAMED_MONTH = "split_part({0}, '-', 2) || '-' || split_part({0}, '-', 1)"
ZONE = "' ' || (select timezone from etl.network)"
TIME = "[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
MONTH = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"

# A format is the regular expression of its spelling and the SQL that makes its text {0} ISO 8601, which
# PostgreSQL reads alike under every DateStyle. Splitting is many times faster than regexp_replace.
FORMATS: dict[DateFormat, tuple[str, LiteralString]] = {
    DateFormat.ISO: (r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "{0}"),
    DateFormat.US: (r"^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}$", US_DATE),
    DateFormat.BRITISH: (
        r"^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}$",
        "split_part({0}, '/', 3) || '-' || split_part({0}, '/', 2) || '-' || split_part({0}, '/', 1)",
    ),
    DateFormat.COMPACT: (r"^[0-9]{8}$", "{0}"),
    DateFormat.US_COMPACT: (r"^[0-9]{8}$", "right({0}, 4) || left({0}, 4)"),
    DateFormat.D_MON_YYYY: (f"^[0-9]{{1,2}}-{MONTH}-[0-9]{{4}}$", f"split_part({{0}}, '-', 3) || '-' || {NAMED_MONTH}"),
    DateFormat.D_MON_YY: (
        f"^[0-9]{{1,2}}-{MONTH}-[0-9]{{2}}$",
        "case when right({0}, 2) < '30' then '20' else '19' end || right({0}, 2) || '-' || " + NAMED_MONTH,
    ),
    DateFormat.US_MIDNIGHT: (r"^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} (0?0:00(:00)?|12:00(:00)? AM)$", US_DAY),
    DateFormat.ISO_INSTANT: (
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})$",
        "{0}",
    ),
    DateFormat.ISO_UTC: (f"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T]{TIME}$", "{0} || 'Z'"),
    DateFormat.ISO_LOCAL: (f"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T]{TIME}$", "{0} || " + ZONE),
    DateFormat.US_LOCAL: (
        f"^[0-9]{{1,2}}/[0-9]{{1,2}}/[0-9]{{4}} {TIME}( ?[AP]M)?$",
        f"{US_DAY} || substr({{0}}, strpos({{0}}, ' ')) || {ZONE}",
    ),
}

COUNTED_CLASS = re.compile(r"(?P<char>\[(?:[^\]\\]|\\.)+\])\{(?P<least>\d+),(?P<most>\d+)\}")


def one_of(text: sql.Composable, values: tuple[str, ...]) -> sql.Composable:
    """Whether a text is one of the values; a value that ends in `*` stands for all that start so."""
    plain = tuple(value for value in values if not value.endswith("*"))
    tests = [SQL("{} in {}").format(text, _any_of(plain))] if plain else []
    tests += [
        SQL("starts_with({}, {})").format(text, sql.Literal(value[:-1])) for value in values if value.endswith("*")
    ]
    return SQL("({})").format(SQL(" or ").join(tests)) if len(tests) > 1 else tests[0]


def _any_of(values: tuple[str, ...]) -> sql.Composed:
    return SQL("({})").format(SQL(", ").join(sql.Literal(value) for value in values))


def _as_iso(column: Column, text: sql.Composable) -> sql.Composable:
    """The text of a date in ISO order, null where no declared format fits."""
    cases = []
    for form in column.formats:
        spelling, iso = FORMATS[form]
        cases.append(SQL("when {} ~ {} then {}").format(text, sql.Literal(spelling), SQL(iso).format(text)))
    return SQL("case {} end").format(SQL(" ").join(cases))


def _matches_whole(text: sql.Composable, pattern: str) -> sql.Composable:
    """Whether a text matches a declared pattern from end to end.

    One class repeated between two bounds is asked for as class and length: PostgreSQL unrolls the
    repetition, which for `{1,255}` costs milliseconds to compile and ten times as much a row.
    """
    counted = COUNTED_CLASS.fullmatch(pattern)
    if counted is None:
        return SQL("{} ~ {}").format(text, sql.Literal(f"^(?:{pattern})$"))
    return SQL("({0} ~ {1} and length({0}) between {2} and {3})").format(
        text,
        sql.Literal(f"^{counted['char']}*$"),
        sql.Literal(int(counted["least"])),
        sql.Literal(int(counted["most"])),
    )


def _fits_type(column: Column, text: sql.Composable) -> sql.Composable | None:
    """Whether a non-empty text is a value of the column's type; None: every text is."""
    match column.type:
        case ColumnType.TEXT:
            return None
        case ColumnType.INTEGER:
            return SQL("({0} ~ {1} and pg_input_is_valid({0}, 'bigint'))").format(text, sql.Literal(WHOLE_NUMBER))
        case ColumnType.NUMERIC:
            return SQL("({0} ~ {1} and pg_input_is_valid({0}, 'numeric'))").format(text, sql.Literal(NUMBER))
        case ColumnType.BOOLEAN:
            return SQL("{} in {}").format(text, _any_of(column.true_values + column.false_values))
        case ColumnType.DATE | ColumnType.TIMESTAMP:
            return SQL("coalesce(pg_input_is_valid({}, {}), false)").format(
                _as_iso(column, text), sql.Literal(column.type.value)
            )


def typed_value(column: Column, text: sql.Composable) -> sql.Composable:
    """The typed value of a valid text. Text stays as it is; of other types empty is null."""
    match column.type:
        case ColumnType.TEXT:
            return text
        case ColumnType.INTEGER | ColumnType.NUMERIC:
            return SQL("nullif({}, '')::{}").format(text, SQL(column.type.value))
        case ColumnType.BOOLEAN:
            return SQL("case when {0} in {1} then true when {0} <> '' then false end").format(
                text, _any_of(column.true_values)
            )
        case ColumnType.DATE | ColumnType.TIMESTAMP:
            return SQL("({})::{}").format(_as_iso(column, text), SQL(column.type.value))


RULES = {
    "required": "is empty; a value is required",
    "type": "is no {type}",
    "length": "is longer than {length} bytes; a key is shorter",
    "allowed": "is none of the allowed values {allowed}",
    "pattern": "does not have the declared form {pattern}",
    "malformed": "{reason}",
    "term": "names no term of this network's calendar",
    "parent": "has no parent row in {parent}, which gives the term; it is loaded when the parent arrives",
    "parent_ambiguous": "has several parent rows in {parent}, so that its term is not certain",
    "duplicate": "has the key of another row of the same delivery with other values",
}


def describe(rule: str, contract: Contract, column: Column | None, reason: str = "") -> str:
    """What a rule says of a row, without the row's values."""
    kind = ""
    if column is not None:
        kind = column.type.value
        if column.type in (ColumnType.DATE, ColumnType.TIMESTAMP):
            kind += f" of the form {' or '.join(column.formats)}"
    return RULES[rule].format(
        type=kind,
        allowed=", ".join(column.known_values) if column else "",
        pattern=column.pattern if column else "",
        parent=getattr(contract.term, "parent", ""),
        reason=reason,
        length=KEY_BYTES,
    )


@dataclass(frozen=True)
class Broken:
    """When a staged row breaks a rule of its contract: `condition` is true of the row."""

    rule: str
    column: Column
    condition: sql.Composable


def broken_rules(contract: Contract, texts: Mapping[str, sql.Composable]) -> Iterator[Broken]:
    """Every way in which a staged row can break its contract, in the order in which they are asked.

    `texts` maps each column that the file has to its staged text.
    """
    for column in contract.stored_columns:
        text = texts.get(column.name)
        if text is None:
            continue
        if column.required:
            yield Broken("required", column, SQL("coalesce({}, '') = ''").format(text))
        checks = [("type", _fits_type(column, text))]
        if column.name in contract.key and column.type is ColumnType.TEXT:
            checks.append(("length", SQL("octet_length({}) <= {}").format(text, sql.Literal(KEY_BYTES))))
        if column.known_values and not column.is_list:
            checks.append(("allowed", one_of(text, column.known_values)))
        if column.pattern and not column.is_list:
            checks.append(("pattern", _matches_whole(text, column.pattern)))
        for rule, holds in checks:
            if holds is not None:
                yield Broken(rule, column, SQL("{} <> '' and not {}").format(text, holds))


def violation(contract: Contract, texts: Mapping[str, sql.Composable]) -> sql.Composed:
    """`rule:column` of the first rule that a staged row breaks, null for a valid row."""
    cases = [
        SQL("when {} then {}").format(broken.condition, sql.Literal(f"{broken.rule}:{broken.column.name}"))
        for broken in broken_rules(contract, texts)
    ]
    return SQL("case {} end").format(SQL(" ").join(cases))


def term_from_column(rule: TermByColumn, text: sql.Composable) -> sql.Composed:
    """The term key that a column spells, null where the pattern does not fit.

    The declaration uses Python's named groups; PostgreSQL's expressions have numbers only.
    """
    groups = re.compile(rule.pattern).groupindex
    plain = re.sub(r"\(\?P<\w+>", "(", rule.pattern)
    return SQL("case when {0} ~ {1} then regexp_replace({0}, {1}, {2}) end").format(
        text, sql.Literal(f"^(?:{plain})$"), sql.Literal(rf"\{groups['year']}|\{groups['term']}")
    )


def row_hash(contract: Contract, extra: sql.Composable | None) -> sql.Composed:
    """64-bit hash of a typed row's values. It only compares versions under one key, never identifies.

    The exclusive or of the columns' hashes, each seeded by the column's name, so that neither their order nor a
    new column that is null changes the hash of a row. extra: the expression of `_extra`, None where all is known.
    """
    hashes = [_hashed(column) for column in contract.stored_columns]
    if extra is not None:
        hashes.append(SQL("coalesce(jsonb_hash_extended({}, {}), 0)").format(extra, sql.Literal(_seed("_extra"))))
    return SQL(" # ").join(hashes)


def _hashed(column: Column) -> sql.Composed:
    hashed = {
        ColumnType.TEXT: "hashtextextended({column}, {seed})",
        ColumnType.INTEGER: "hashint8extended({column}, {seed})",
        ColumnType.NUMERIC: "hash_numeric_extended({column}, {seed})",
        ColumnType.BOOLEAN: "hashint4extended({column}::integer, {seed})",
        ColumnType.DATE: "hashint4extended({column} - date '2000-01-01', {seed})",
        # the only way to hash an instant that does not depend on the session's zone
        ColumnType.TIMESTAMP: "case when {column} is not null then hash_record_extended(row({column}), {seed}) end",
    }[column.type]
    value = SQL(hashed).format(column=sql.Identifier(column.name), seed=sql.Literal(_seed(column.name)))
    return value if column.required else SQL("coalesce({}, 0)").format(value)


def _seed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
