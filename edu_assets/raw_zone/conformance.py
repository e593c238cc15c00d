"""Conformance: what a delivery breaks of its source's standard, told so that it can be sent to the vendor.

Belongs here: what a finding is, and the rules of rows: those that quarantine and those that are only told.
Does not belong here: manifests and headers (conformance_package.py), what is loaded (stage.py, apply.py; a
finding never changes it), which columns, versions, values and references a standard has (contracts/).

Every rule follows from a declaration: a contract's columns, its row rules, its references, the system's
manifest. A finding names file, line, column and value; the value of a column with personal data, and of
a secret, is never read from the database.

A sound file costs one more scan of its staged records: all conditions are counted in one statement, and
the rules that validation has asked already are asked again only of the rows that broke one. Examples
are looked for where a count is not zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from psycopg import Connection, sql
from pydantic import BaseModel, Field

from edu_assets.contracts import registry
from edu_assets.contracts.base import (
    Column,
    ColumnType,
    DateFormat,
    LoadMode,
    PersonalData,
    RowRule,
    Severity,
)
from edu_assets.raw_zone.expressions import COUNTED_CLASS, FORMATS, broken_rules, describe, one_of
from edu_assets.raw_zone.staged import Staged

SQL = sql.SQL
EXAMPLES = 5
VALUE_LENGTH = 80
HIDDEN = "(personal data)"
# Of a record as JSON, in which a backslash is doubled. A sound line has no carriage return.
CARRIAGE_RETURN = SQL("r._original is not null and strpos(replace(r._original::text, E'\\\\\\\\', ''), E'\\\\r') > 0")


class Example(BaseModel):
    """One place. `line` is the file's line on which the record starts, None where the file as a whole is meant."""

    line: int | None = None
    value: str | None = None


class Finding(BaseModel):
    """One rule that one column of one file, or the file, breaks: how often, and the first places."""

    file: str
    column: str | None = None
    rule: str
    severity: Severity
    hint: str
    count: int = 1
    examples: list[Example] = Field(default_factory=list)


def of_file(
    file: str,
    rule: str,
    hint: str,
    *,
    column: str | None = None,
    value: str | None = None,
    line: int | None = None,
    severity: Severity = Severity.ERROR,
) -> Finding:
    """A finding of a file as a whole, or of one place in it."""
    shown = value if value is None else value[:VALUE_LENGTH]
    examples = [Example(line=line, value=shown)] if (line, shown) != (None, None) else []
    return Finding(file=file, column=column, rule=rule, severity=severity, hint=hint, examples=examples)


@dataclass
class _Condition:
    """What a finding counts: rows `r` of a staged file of which `broken` is true, once `joins` are made."""

    rule: str
    column: Column | None
    broken: sql.Composable
    hint: str
    severity: Severity = Severity.ERROR
    joins: sql.Composable | None = None


@dataclass(frozen=True)
class SentTable:
    """A staged file of a package and the mode in which the manifest says it was sent.

    sound: every record was a sound line, so that none spells a value otherwise and all stand in the typed table.
    """

    staged: Staged
    mode: LoadMode
    sound: bool = False

    @property
    def file(self) -> str:
        return self.staged.source_file.rpartition("/")[2]


def row_findings(connection: Connection, sent: list[SentTable], manifest: dict[str, str] | None) -> list[Finding]:
    """What the rows of a delivery break. `manifest` as the package has it, None without one."""
    found: list[Finding] = []
    sent = [replace(table, sound=_is_sound(connection, table.staged)) for table in sent]
    by_table = {table.staged.contract.table: table for table in sent}
    for table in sent:
        system = registry().systems[table.staged.contract.system]
        with connection.transaction():
            # The planner knows nothing of the staged records.
            connection.execute("set local enable_nestloop = off")
            found += _set_aside(connection, table)
            if system.manifest is not None:
                found += _of_standard(connection, table, by_table, system.version(manifest), manifest is not None)
    return found


def _of_standard(
    connection: Connection, table: SentTable, sent: dict[str, SentTable], version: str | None, has_manifest: bool
) -> Iterator[Finding]:
    if table.staged.rows_read == 0:
        yield of_file(table.file, "empty_file", "a file without rows is not sent; the manifest calls it absent")
        return
    conditions = list(_stated(table, has_manifest))
    conditions += _of_columns(table, version)
    conditions += _of_rows(table, version)
    if has_manifest and table.mode is LoadMode.FULL:
        conditions += _references(table, sent)
    if not table.sound:
        conditions.append(_Condition("carriage_return", None, CARRIAGE_RETURN, "a field holds no carriage return"))
    yield from _findings(connection, table, conditions)
    if has_manifest and table.mode is LoadMode.FULL:
        yield from _list_references(connection, table, sent)
    for rule in table.staged.contract.rules:
        if rule.once_per and (not rule.versions or version in rule.versions):
            yield from _repeated(connection, table, rule)
    same = sum(table.staged.duplicates.values())
    if same:
        finding = of_file(table.file, "repeated_row", "the same row is sent more than once", severity=Severity.WARNING)
        yield finding.model_copy(update={"count": same})


def _stated(table: SentTable, has_manifest: bool) -> Iterator[_Condition]:
    delta = table.staged.contract.delta
    if delta is None or not has_manifest:
        return
    for name in delta.stated:
        column, value = table.staged.contract.column(name), sql.Identifier("r", name)
        if table.mode is LoadMode.DELTA:
            hint = "a delta file fills it in every row"
            yield _Condition("delta_status", column, SQL("{} = ''").format(value), hint)
        else:
            hint = "a bulk file leaves it blank in every row"
            yield _Condition("bulk_status", column, SQL("{} <> ''").format(value), hint)


def _of_columns(table: SentTable, version: str | None) -> Iterator[_Condition]:
    """What the standard says of one column beyond the rules that quarantine."""
    bound = table.staged.binding.positions
    for column in table.staged.contract.stored_columns:
        value = sql.Identifier("r", column.name)
        if column.name not in bound:
            continue
        if version in column.required_in and not column.required:
            hint = f"a value is required in version {version}"
            yield _Condition("required", column, SQL("{} = ''").format(value), hint)
        of_others = tuple(v for known, values in column.allowed_in.items() if known != version for v in values)
        if version is not None and of_others and not column.is_list:
            hint = f"the value is none of version {version}, which allows {', '.join(column.allowed)}"
            yield _Condition("allowed", column, one_of(value, of_others), hint)
        if column.is_list:
            yield _elements(column, value, version)
        tolerated = None if table.sound else _tolerated(column, value)
        if tolerated is not None:
            yield tolerated


def _elements(column: Column, value: sql.Composable, version: str | None) -> _Condition:
    element = "[^,]+"
    hint = "elements stand between single commas, none is empty"
    if column.pattern:
        counted = COUNTED_CLASS.fullmatch(column.pattern)
        element = f"{counted['char']}+" if counted else column.pattern
        hint = f"each element has the form {column.pattern}, between single commas"
    elif column.known_values:
        own = column.allowed + (column.allowed_in.get(version, ()) if version else column.known_values)
        each = (f"{re.escape(v[:-1])}[^,]*" if v.endswith("*") else re.escape(v) for v in own)
        element = f"(?:{'|'.join(each)})"
        hint = f"each element is one of {', '.join(own)}, between single commas"
    whole = f"^(?:{element})(?:,(?:{element}))*$"
    return _Condition("list", column, SQL("{0} <> '' and {0} !~ {1}").format(value, sql.Literal(whole)), hint)


def _tolerated(column: Column, value: sql.Composable) -> _Condition | None:
    """Spellings that are read though the standard has another."""
    others: sql.Composable
    if column.type is ColumnType.BOOLEAN:
        spellings = column.true_values[1:] + column.false_values[1:]
        if not spellings:
            return None
        others = one_of(value, spellings)
        hint = f"write {column.true_values[0]} or {column.false_values[0]}"
    elif column.type in (ColumnType.DATE, ColumnType.TIMESTAMP) and len(column.formats) > 1:
        spelling, _ = FORMATS[column.formats[0]]
        others = SQL("{0} <> '' and {0} !~ {1}").format(value, sql.Literal(spelling))
        hint = f"write {column.formats[0]}"
        if column.formats[0] is DateFormat.ISO_INSTANT:
            others = SQL("{0} <> '' and right({0}, 1) <> 'Z'").format(value)
            hint += ", in UTC"
    else:
        return None
    return _Condition("spelling", column, others, hint, Severity.WARNING)


def _of_rows(table: SentTable, version: str | None) -> Iterator[_Condition]:
    for rule in table.staged.contract.rules:
        if not rule.once_per and (not rule.versions or version in rule.versions):
            column = table.staged.contract.column(rule.column)
            yield _Condition(rule.name, column, SQL("not ({})").format(SQL(rule.holds)), rule.hint, rule.severity)


def _references(table: SentTable, sent: dict[str, SentTable]) -> Iterator[_Condition]:
    """Bulk: whatever is referred to is in the package. A delta may speak of what was sent before."""
    for place, column in enumerate(table.staged.contract.stored_columns):
        if column.references is None or column.is_list or column.name not in table.staged.binding.positions:
            continue
        value = sql.Identifier("r", column.name)
        parent = sent.get(column.references)
        if parent is None:
            hint = f"refers to {column.references}, of which the package has no file"
            yield _Condition("reference", column, SQL("{} <> ''").format(value), hint)
        elif parent.mode is LoadMode.FULL:
            found = sql.Identifier(f"p{place}", "_key")
            joins = SQL(" left join {} {} on {} = {}").format(
                _keys(parent, column), sql.Identifier(f"p{place}"), found, value
            )
            broken = SQL("{} <> '' and {} is null").format(value, found)
            yield _Condition("reference", column, broken, _reference_hint(column), joins=joins)


def _reference_hint(column: Column) -> str:
    kind = " and ".join(f"{name} {value}" for name, value in column.referenced_as.items())
    return f"refers to no row of {column.references}{' with ' if kind else ''}{kind} in the package"


def _keys(parent: SentTable, column: Column) -> sql.Composed:
    """The keys of a file as it was sent, those of rows that were set aside too."""
    [key] = parent.staged.contract.key
    meant = SQL(" and ").join(
        SQL("{} = {}").format(sql.Identifier("r", name), sql.Literal(value))
        for name, value in column.referenced_as.items()
    )
    return SQL("(select distinct {} as _key from {} where {})").format(
        sql.Identifier("r", key), _records(parent), meant if column.referenced_as else SQL("true")
    )


def _list_references(connection: Connection, table: SentTable, sent: dict[str, SentTable]) -> Iterator[Finding]:
    for column in table.staged.contract.stored_columns:
        parent = sent.get(column.references or "")
        if not column.is_list or parent is None or parent.mode is not LoadMode.FULL:
            continue
        # Once for each list that occurs: most rows of a file share theirs with others.
        lists = SQL(
            "(select {value} as list, min(r._line) as _line, count(*) as times from {records} where {value} <> ''"
            " group by 1) l"
        ).format(value=sql.Identifier("r", column.name), records=_records(table))
        rows = connection.execute(
            SQL(
                "select {element}, _line, sum(times) over ()::bigint from"
                " (select e.element, min(l._line) as _line, sum(l.times) as times from {lists}"
                " cross join lateral unnest(string_to_array(l.list, ',')) as e (element)"
                " left join {keys} p on p._key = e.element"
                " where p._key is null and e.element <> '' group by 1) missing"
                " order by _line, element limit {most}"
            ).format(
                element=_readable(column, SQL("element")),
                lists=lists,
                keys=_keys(parent, column),
                most=sql.Literal(EXAMPLES),
            )
        ).fetchall()
        if rows:
            examples = [Example(line=line, value=_shown(column, element)) for element, line, _ in rows]
            yield _finding(table, "reference", column, _reference_hint(column), Severity.ERROR, rows[0][2], examples)


def _repeated(connection: Connection, table: SentTable, rule: RowRule) -> Iterator[Finding]:
    column = table.staged.contract.column(rule.column)
    rows = connection.execute(
        SQL(
            "select _line, count(*) over () from (select r._line, count(*) over (partition by {}) as times from {}"
            " where {}) s where times > 1 order by 1 limit {}"
        ).format(
            SQL(", ").join(sql.Identifier("r", name) for name in rule.once_per),
            _records(table),
            SQL(rule.holds),
            sql.Literal(EXAMPLES),
        )
    ).fetchall()
    if rows:
        examples = [Example(line=line) for line, _ in rows]
        yield _finding(table, rule.name, column, rule.hint, rule.severity, rows[0][1], examples)


def _set_aside(connection: Connection, table: SentTable) -> Iterator[Finding]:
    """The rules that quarantine, asked again of the rows that broke one: each rule that a row breaks is told."""
    staged = table.staged
    if not staged.quarantined:
        return
    bad = staged.table("bad")
    conditions = []
    for broken in broken_rules(staged.contract, _texts(staged)):
        conditions.append(
            _Condition(
                broken.rule, broken.column, broken.condition, describe(broken.rule, staged.contract, broken.column)
            )
        )
        if broken.rule == "allowed":
            value = sql.Identifier("r", broken.column.name)
            plain = [v for v in broken.column.known_values if not v.endswith("*")]
            conditions[-1].broken = SQL("{} and lower({}) <> all({})").format(
                broken.condition, value, sql.Literal([v.lower() for v in plain])
            )
            other_case = SQL("{} and lower({}) = any({})").format(
                broken.condition, value, sql.Literal([v.lower() for v in plain])
            )
            hint = f"values are case-sensitive: write one of {', '.join(plain)}"
            conditions.append(_Condition("case", broken.column, other_case, hint))
    yield from _findings(connection, table, conditions, _records(table, of_bad=True))
    rows = connection.execute(
        SQL(
            "select rule, reason, count(*), (array_agg(_line order by _line))[:{}] from {}"
            " where rule in ('malformed', 'duplicate') group by 1, 2"
        ).format(sql.Literal(EXAMPLES), bad)
    ).fetchall()
    for rule, reason, count, lines in rows:
        hint = describe(rule, staged.contract, None, reason or "")
        column = staged.contract.column(staged.contract.key[0]) if rule == "duplicate" else None
        yield _finding(table, rule, column, hint, Severity.ERROR, count, [Example(line=line) for line in lines])


# -- counting and examples ----------------------------------------------------------------------------


def _findings(
    connection: Connection, table: SentTable, conditions: list[_Condition], records: sql.Composable | None = None
) -> Iterator[Finding]:
    """Count every condition in one scan; look for examples of those that hold somewhere."""
    if not conditions:
        return
    records = records or _records(table)
    counted = connection.execute(
        SQL("select {} from {} {}").format(
            SQL(", ").join(SQL("count(*) filter (where {})").format(each.broken) for each in conditions),
            records,
            SQL("").join(each.joins for each in conditions if each.joins is not None),
        )
    ).fetchone()
    for condition, count in zip(conditions, counted or (), strict=True):
        if count:
            examples = _examples(connection, condition, records)
            yield _finding(table, condition.rule, condition.column, condition.hint, condition.severity, count, examples)


def _examples(connection: Connection, condition: _Condition, records: sql.Composable) -> list[Example]:
    column = condition.column
    value = SQL("null::text") if column is None else _readable(column, sql.Identifier("r", column.name))
    rows = connection.execute(
        SQL("select r._line, left({}, {}) from {} {} where {} order by r._line limit {}").format(
            value,
            sql.Literal(VALUE_LENGTH),
            records,
            condition.joins or SQL(""),
            condition.broken,
            sql.Literal(EXAMPLES),
        )
    ).fetchall()
    return [Example(line=line, value=_shown(column, text)) for line, text in rows]


def _finding(
    table: SentTable,
    rule: str,
    column: Column | None,
    hint: str,
    severity: Severity,
    count: int,
    examples: list[Example],
) -> Finding:
    return Finding(
        file=table.file,
        column=column.header if column else None,
        rule=rule,
        severity=severity,
        hint=hint,
        count=count,
        examples=examples,
    )


def _is_hidden(column: Column) -> bool:
    return column.secret or column.personal is not PersonalData.NONE


def _readable(column: Column, value: sql.Composable) -> sql.Composable:
    """A value as an example may have it: what a person's column holds does not even leave the database."""
    return SQL("null::text") if _is_hidden(column) else value


def _shown(column: Column | None, value: str | None) -> str | None:
    if column is None:
        return None
    return HIDDEN if _is_hidden(column) else value


def _texts(staged: Staged) -> dict[str, sql.Composable]:
    return {
        column.name: sql.Identifier("r", column.name)
        for column in staged.contract.stored_columns
        if column.name in staged.binding.positions
    }


def _is_sound(connection: Connection, staged: Staged) -> bool:
    row = connection.execute(SQL("select exists (select from {})").format(staged.table("text"))).fetchone()
    return not staged.quarantined and not (row and row[0])


def _records(table: SentTable, *, of_bad: bool = False) -> sql.Composed:
    """The records of a file as they were sent, by contract column; of_bad: those that were set aside. A column that
    it lacks is ''.

    Those that were sound lines are told from their typed values, whose spelling is the canonical one; those of them
    that were set aside since, from their originals.
    """
    staged = table.staged
    columns = staged.contract.stored_columns
    header = staged.binding.header
    as_sent = [
        SQL("''::text") if c not in staged.bound else SQL("t.{}").format(sql.Identifier(c.name)) for c in columns
    ]
    retyped = [SQL("''::text") if c not in staged.bound else _spelled(c) for c in columns]
    kept = [
        SQL("b.original ->> {}").format(sql.Literal(header[staged.binding.positions[c.name] - 1]))
        if c in staged.bound
        else SQL("''::text")
        for c in columns
    ]
    if table.sound:
        return SQL("(select v._source_row, null::jsonb, {} from {} v) r (_line, _original, {})").format(
            SQL(", ").join(retyped),
            staged.table("typed"),
            SQL(", ").join(sql.Identifier(column.name) for column in columns),
        )
    valid = SQL(
        " select v._source_row, null, {retyped} from {typed} v"
        " where not exists (select from {text} t where t._line = v._source_row) union all"
    ).format(retyped=SQL(", ").join(retyped), typed=staged.table("typed"), text=staged.table("text"))
    return SQL(
        "(select t._line, t._original, {as_sent} from {text} t {which} union all {valid}"
        " select b._line, b.original, {kept} from {bad} b where b.rule <> 'malformed'"
        " and not exists (select from {text} t where t._line = b._line)) r (_line, _original, {names})"
    ).format(
        as_sent=SQL(", ").join(as_sent),
        which=SQL("where t._line in (select _line from {})").format(staged.table("bad")) if of_bad else SQL(""),
        valid=SQL("") if of_bad else valid,
        kept=SQL(", ").join(kept),
        text=staged.table("text"),
        bad=staged.table("bad"),
        names=SQL(", ").join(sql.Identifier(column.name) for column in columns),
    )


def _spelled(column: Column) -> sql.Composable:
    """The canonical spelling of a typed value."""
    value = sql.Identifier("v", column.name)
    match column.type:
        case ColumnType.TEXT:
            return value
        case ColumnType.BOOLEAN:
            return SQL("case {} when true then {} when false then {} else '' end").format(
                value, sql.Literal(column.true_values[0]), sql.Literal(column.false_values[0])
            )
        case ColumnType.TIMESTAMP:
            return SQL("coalesce(to_char({} at time zone 'UTC', {}), '')").format(
                value, sql.Literal('YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
            )
    return SQL("coalesce({}::text, '')").format(value)
