"""Sound lines: a contract as the regular language of the lines of CSV that break none of its rules.

Belongs here: pure functions from declarations to a regular expression. Does not belong here: what a rule
means (expressions.py, which judges every line that is not sound), reading files (sources/).

A line that matches is valid, and PostgreSQL's own CSV reader makes of it the values that expressions.py would: so a
sound line goes straight into a typed table. A line that does not match is merely not proved sound. The
expressions are matched by RE2, whose time is linear in the text whatever the pattern: hundreds of megabytes
a second, where each other way to validate is slower than PostgreSQL's COPY.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import re2

from edu_assets.contracts.base import Column, ColumnType, Contract, DateFormat
from edu_assets.raw_zone.expressions import KEY_BYTES

# A pattern that is certain to match neither separator nor quote nor end of line, and that RE2 and
# PostgreSQL read alike: literals, classes that list what they take, groups, repetitions.
PLAIN_PATTERN = re.compile(
    r"(?:[0-9A-Za-z_/@:% -]|\\[.d/+*?()|-]|\[(?:[0-9A-Za-z_./@:%+ -]|\\[./d-])+\]|[?+*|)]|\((?:\?:)?|\{\d+(?:,\d*)?\})*"
)
REPEATED = re.compile(r"(\))?(?:([+*])|\{(\d+)(,?)(\d*)\})")
REPETITIONS = 100  # of a class without a bound, where a key must have one
PROGRAM_BYTES = 64 << 20  # of RE2's automaton; a contract that needs more is not worth compiling
FIELDS = 250  # of a line; of many more columns a row may not fit the 8 kB of PostgreSQL's page

INTEGER = "[+-]?[0-9]{1,18}"  # every whole number of 18 digits is a bigint
NUMERIC = "[+-]?(?:[0-9]{1,30}(?:[.][0-9]{0,30})?|[.][0-9]{1,30})"
YEAR = "[1-9][0-9]{3}"
LEAP_YEAR = "(?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)"
ISO_DATE = (
    f"(?:{YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{LEAP_YEAR}-02-29)"
)
MONTHS_OF_DAYS = {"(?:0?[1-9]|[12][0-9]|3[01])": "(?:0?[13578]|1[02])", "(?:0?[1-9]|[12][0-9]|30)": "(?:0?[469]|11)"}
DAYS_OF_FEBRUARY = "(?:0?[1-9]|1[0-9]|2[0-8])"
FEBRUARY = "0?2"
TIME_OF_DAY = "(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,6})?)?"

# The spellings that PostgreSQL's input function of booleans takes, in any case.
TRUE_SPELLINGS = {"true", "t", "yes", "y", "on", "1"}
FALSE_SPELLINGS = {"false", "f", "no", "n", "off", "0"}


def sound_lines(
    contract: Contract,
    fields: Sequence[Column | None],
    *,
    delimiter: str = ",",
    line_end: str = "\n",
    canonical: bool = False,
) -> Any | None:
    """RE2's pattern of the longest run of sound lines of a file with these fields; None where there is none.

    fields: the contract's column of each field of the file, None for a column that the contract does not know.
    canonical: only the first of the spellings of a value that the contract reads.
    """
    if len(fields) > FIELDS or (date_style(contract) is None):
        return None
    marks = rf'{re2.escape(delimiter)}"\r\n\x00\x{{D800}}-\x{{DFFF}}'
    if len(fields) == 1:
        marks += r"\\"  # a line of \. alone ends the data for PostgreSQL
    if canonical:
        fields = [column and _first_spelling(column) for column in fields]
    bare, quoted = f"[^{marks}]", r'(?:[^"\r\n\x00\x{D800}-\x{DFFF}]|"")'
    languages = [_field(contract, column, bare, quoted, delimiter) for column in fields]
    known = [language for language in languages if language is not None]
    if len(known) < len(languages):
        return None
    options = re2.Options()
    options.max_mem = PROGRAM_BYTES
    options.never_capture = True
    options.log_errors = False
    try:
        return re2.compile(f"(?:{re2.escape(delimiter).join(known)}{line_end})+", options)
    except re2.error:
        return None  # too large for the automaton


def _first_spelling(column: Column) -> Column:
    first = {"true_values": column.true_values[:1], "false_values": column.false_values[:1]}
    return column.model_copy(update={"formats": column.formats[:1], **first})


def date_style(contract: Contract) -> str | None:
    """The DateStyle under which PostgreSQL reads all dates of a contract as declared; None: there is none."""
    formats = {form for column in contract.stored_columns for form in column.formats if _is_date(column)}
    if DateFormat.US in formats and DateFormat.BRITISH in formats:
        return None
    return "ISO, DMY" if DateFormat.BRITISH in formats else "ISO, MDY"


def _is_date(column: Column) -> bool:
    return column.type in (ColumnType.DATE, ColumnType.TIMESTAMP)


def _field(contract: Contract, column: Column | None, bare: str, quoted: str, delimiter: str) -> str | None:
    """The language of one field, quoted or not; None where it cannot be told."""
    if column is None:
        return f'(?:{bare}*|"{quoted}*")'
    if column.secret:
        return ""  # only an empty one may go straight into a table
    value = _value(column, delimiter, bare, in_key=column.name in contract.key)
    if value is None:
        return None
    optional = "" if column.required else "?"
    if value:
        empty = "" if column.required else '|""'
        return f'(?:{value}|"{value}"{empty}){optional}'
    times = "+" if column.required else "*"
    if column.name in contract.key:
        times = f"{{1,{KEY_BYTES // 4}}}"  # a character has up to four bytes
    return f'(?:{bare}{times}|"{quoted}{times}")'


def _value(column: Column, delimiter: str, bare: str, *, in_key: bool) -> str | None:
    """The language of a field's value, "" for any text; None where it cannot be told."""
    if column.is_list:
        return ""  # what is said of its elements is told, and loads all the same
    if column.known_values:
        spelled = [value for value in column.known_values if _is_typed(column, value.removesuffix("*"))]
        if any(mark in value for value in spelled for mark in (delimiter, '"', "\r", "\n", "\\")):
            return None
        some = (re2.escape(v[:-1]) + f"{bare}*" if v.endswith("*") else re2.escape(v) for v in spelled)
        return f"(?:{'|'.join(some)})" if column.pattern is None else None
    if column.pattern is not None and column.type is ColumnType.TEXT:
        if PLAIN_PATTERN.fullmatch(column.pattern) is None or delimiter in REPEATED.sub("", column.pattern):
            return None
        pattern = _bounded(column.pattern) if in_key else column.pattern
        return pattern if pattern is None else f"(?:{pattern})"
    return _typed(column) if column.pattern is None else None


def _bounded(pattern: str) -> str | None:
    """A plain pattern that matches no more than a key may hold; None where a group is repeated."""
    longest = len(pattern)

    def bound(found: re.Match[str]) -> str:
        nonlocal longest
        group, sign, least, comma, most = found.groups()
        if group:
            longest = KEY_BYTES + 1
        first = int(least or (1 if sign == "+" else 0))
        last = int(most) if most else first if sign is None and not comma else first + REPETITIONS
        longest += last
        return f"{group or ''}{{{first},{last}}}"

    bounded = REPEATED.sub(bound, pattern)
    return bounded if longest <= KEY_BYTES else None


def _is_typed(column: Column, value: str) -> bool:
    language = _typed(column)
    return language == "" or (language is not None and re2.fullmatch(language, value) is not None)


def _typed(column: Column) -> str | None:
    match column.type:
        case ColumnType.TEXT:
            return ""
        case ColumnType.INTEGER:
            return INTEGER
        case ColumnType.NUMERIC:
            return NUMERIC
        case ColumnType.BOOLEAN:
            if _spelt(column.true_values) <= TRUE_SPELLINGS and _spelt(column.false_values) <= FALSE_SPELLINGS:
                return _any_of(column.true_values + column.false_values)
            return None
        case ColumnType.DATE | ColumnType.TIMESTAMP:
            languages = [_date(form) for form in column.formats]
            told = [language for language in languages if language is not None]
            return f"(?:{'|'.join(told)})" if len(told) == len(languages) else None


def _spelt(values: Sequence[str]) -> set[str]:
    """Values as PostgreSQL compares them."""
    return {value.lower() for value in values}


def _any_of(values: Sequence[str]) -> str:
    return f"(?:{'|'.join(re2.escape(value) for value in values)})"


def _date(form: DateFormat) -> str | None:
    match form:
        case DateFormat.ISO:
            return ISO_DATE
        case DateFormat.ISO_INSTANT:
            return f"{ISO_DATE}T{TIME_OF_DAY}Z"
        case DateFormat.US:
            return _slashed("{month}/{day}")
        case DateFormat.BRITISH:
            return _slashed("{day}/{month}")
        case _:
            return None


def _slashed(order: str) -> str:
    usual = [order.format(month=months, day=days) for days, months in MONTHS_OF_DAYS.items()]
    usual.append(order.format(month=FEBRUARY, day=DAYS_OF_FEBRUARY))
    leap = order.format(month=FEBRUARY, day="29")
    return f"(?:(?:{'|'.join(usual)})/{YEAR}|{leap}/{LEAP_YEAR})"
