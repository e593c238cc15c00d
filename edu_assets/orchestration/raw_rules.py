"""The questions that are put to every raw table and term.

Belongs here: what is asked, and how the answer is put: what was found, why it matters, how it is mended. Does not
belong here: how Dagster runs them (raw_checks.py), the validation of rows (raw_zone/), checks of gold (dbt tests,
gold_assets.py).

Blocking are only the two that concern the term as a whole, schema and conservation: a held or failed school is
unreported, and the others go on. A finding names files, lines, rules, columns, schools and feeds, never a value that
a source sent. What no load can do, since a constraint forbids it, is asked of the constraint, which costs nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
from psycopg import Connection, sql

from edu_assets.contracts.base import Contract, TermByDelivery
from edu_assets.network import Network
from edu_assets.orchestration.freshness import days_silent, is_late
from edu_assets.orchestration.raw_assets import AUDIT_COLUMNS, raw_asset_key
from edu_assets.raw_zone.conservation import standing_rows
from edu_assets.raw_zone.tables import key_columns, partition_name, raw_identifier
from edu_assets.school_calendar import Term

QUARANTINE_SHARE = 0.001
"""Open quarantined rows over rows read above which the check warns: one in a thousand."""

EXAMPLES = 10

MOST_GROWTH = 2.0
"""Times as many rows as in the term before, or as few, above which a person should look."""

WORTH_COMPARING = 20
"""Rows of the term before; fewer tell nothing."""

PG_TYPE_NAMES = {"timestamptz": "timestamp with time zone"}


@dataclass(frozen=True)
class Slice:
    """What a rule looks at: one raw table and term, at one moment in the network's own zone."""

    connection: Connection
    network: Network
    contract: Contract
    term: Term
    now: datetime


@dataclass(frozen=True)
class Finding:
    """The answer of a rule: whether it holds, one sentence, figures that show it."""

    passed: bool
    what: str
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """A question that is put to every raw table and term.

    why, mend: shown with every result, since it is read by someone who did not write the rule.
    """

    name: str
    ask: Callable[[Slice], Finding]
    description: str
    why: str
    mend: str
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN
    blocking: bool = False

    def result(self, contract: Contract, finding: Finding) -> dg.AssetCheckResult:
        # the page folds a list away behind a button
        shown = {
            name: "; ".join(value) if isinstance(value, list) else value for name, value in finding.figures.items()
        }
        return dg.AssetCheckResult(
            asset_key=raw_asset_key(contract),
            check_name=self.name,
            passed=finding.passed,
            severity=self.severity,
            description=finding.what,
            metadata={"why": self.why, "how_to_mend": self.mend, **shown},
        )


def _schema(about: Slice) -> Finding:
    contract = about.contract
    wanted = {name: kind for name, (kind, _) in AUDIT_COLUMNS.items()}
    wanted |= {column.name: column.type.value for column in contract.stored_columns}
    wanted = {name: PG_TYPE_NAMES.get(kind, kind) for name, kind in wanted.items()}
    found: dict[str, str] = dict(
        about.connection.execute(
            "select attname::text, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
            [contract.raw_table],
        ).fetchall()
    )
    missing = sorted(set(wanted) - set(found))
    unknown = sorted(set(found) - set(wanted))
    retyped = sorted(
        f"{name}: {found[name]}, not {wanted[name]}" for name in set(wanted) & set(found) if found[name] != wanted[name]
    )
    if not (missing or unknown or retyped):
        return Finding(True, f"{contract.raw_table} has the {len(wanted)} columns of its contract.")
    return Finding(
        False,
        f"{contract.raw_table} differs from its contract in {len(missing + unknown + retyped)} columns.",
        {"missing": missing, "not_in_contract": unknown, "other_type": retyped},
    )


def _conservation(about: Slice) -> Finding:
    found = standing_rows(about.connection, about.contract, about.term.key)
    read, lost = about.connection.execute(
        "select coalesce(sum(rows_read), 0)::bigint,"
        " coalesce(sum(rows_read - accepted - duplicates - quarantined - held - withheld), 0)::bigint"
        " from etl.load_log where raw_table = %s and term_key = %s and status <> 'failed'",
        [about.contract.name, about.term.key],
    ).fetchone() or (0, 0)
    differing = {
        feed: {"rows_by_the_log": rows.logged, "rows_in_the_table": rows.standing}
        for feed, rows in found.items()
        if rows.logged != rows.standing
    }
    figures = {"rows_read": int(read), "rows_open": sum(rows.standing for rows in found.values())}
    if not differing and lost == 0:
        return Finding(
            True,
            f"Every one of {read:,} rows read is accounted for, and {figures['rows_open']:,} rows stand as logged.",
            figures,
        )
    return Finding(
        False,
        f"The rows of {about.contract.name} in {about.term.key} are not those that the loads left there.",
        figures | {"rows_unaccounted_for": int(lost), "differing_feeds": differing},
    )


def _waiting(about: Slice) -> list[tuple[str, str, int, str]]:
    """Open quarantined rows by rule and column, with an example. A row whose line breaks a rule has no term yet: it
    counts in those that its delivery brought."""
    return about.connection.execute(
        "select rule, coalesce(column_name, ''), count(*),"
        " min(source_file || ' line ' || source_row) from etl.quarantine q"
        " where raw_table = %s and status = 'open' and (term_key = %s or (term_key is null and exists ("
        " select from etl.load_log l where l.delivery_id = q.delivery_id and l.raw_table = %s and l.term_key = %s)))"
        " group by 1, 2 order by 3 desc",
        [about.contract.name, about.term.key, about.contract.name, about.term.key],
    ).fetchall()


def _quarantine(about: Slice) -> Finding:
    rows = _waiting(about)
    waiting = sum(row[2] for row in rows)
    (read,) = about.connection.execute(
        "select coalesce(sum(rows_read), 0)::bigint from etl.load_log"
        " where raw_table = %s and term_key = %s and status in ('applied', 'unchanged')",
        [about.contract.name, about.term.key],
    ).fetchone() or (0,)
    share = waiting / (read + waiting) if waiting else 0.0
    table = dg.MetadataValue.table(
        records=[
            dg.TableRecord({"rule": rule, "column": column, "rows": count, "example": example})
            for rule, column, count, example in rows[:EXAMPLES]
        ],
        schema=dg.TableSchema(
            [
                dg.TableColumn("rule"),
                dg.TableColumn("column"),
                dg.TableColumn("rows", "int"),
                dg.TableColumn("example"),
            ]
        ),
    )
    return Finding(
        share <= QUARANTINE_SHARE,
        f"{waiting:,} rows wait in quarantine, {share:.2%} of those read.",
        {"rows_waiting": waiting, "share": share, "share_allowed": QUARANTINE_SHARE}
        | ({"by_rule": table} if rows else {}),
    )


def _held(about: Slice) -> Finding:
    rows = about.connection.execute(
        "select held_id, coalesce(school, 'the whole feed'), feed, reason from etl.held_slice"
        " where %s = any(raw_tables) and term_key = %s and status = 'open' order by held_id",
        [about.contract.name, about.term.key],
    ).fetchall()
    if not rows:
        return Finding(True, "Nothing of this table is held back in this term.")
    return Finding(
        False,
        f"{len(rows)} deliveries are held back, in whole or for one school; their rows are not in the figures.",
        {"held": [f"#{held} {feed}, {school}: {reason}" for held, school, feed, reason in rows[:EXAMPLES]]},
    )


def silence(about: Slice) -> tuple[dict[str, int], list[str]]:
    """Days that each feed which owes the table has been silent, and the feeds that are late with it.

    A feed owes what it has sent before, of a table that its system can do without; one that never sent anything owes
    all of them. Nothing is owed in a term that is not current.
    """
    network, contract, today = about.network, about.contract, about.now.date()
    if not about.term.administrative.contains(today):
        return {}, []
    arrivals: dict[str, datetime] = dict(
        about.connection.execute(
            "select feed, max(finished_at) from etl.load_log"
            " where raw_table = %s and term_key = %s and status <> 'failed' group by feed",
            [contract.name, about.term.key],
        ).fetchall()
    )
    known = about.connection.execute(
        "select feed, bool_or(raw_table = %s) from etl.load_log group by feed", [contract.name]
    ).fetchall()
    owing_nothing = {feed for feed, sent_it in known if not sent_it}
    silent, late = {}, []
    for feed in (name for name, declared in network.feeds.items() if declared.sends(contract)):
        if feed in owing_nothing:
            continue
        arrived = arrivals.get(feed)
        last = arrived.astimezone(ZoneInfo(network.timezone)).date() if arrived else None
        since = last or about.term.instructional.start
        silent[feed] = days_silent(network, since, today)
        if is_late(network, contract.freshness_days, since, today):
            late.append(feed)
    return silent, late


def _freshness(about: Slice) -> Finding:
    if not about.term.administrative.contains(about.now.date()):
        return Finding(True, f"{about.term.key} is not the current term; nothing is expected in it today.")
    silent, late = silence(about)
    figures = {"days_silent_by_feed": silent, "days_allowed": about.contract.freshness_days}
    if late:
        return Finding(False, f"Nothing came from {', '.join(late)} for too long while school was in session.", figures)
    if not silent:
        return Finding(True, "No feed sends this table.", figures)
    return Finding(True, f"Every feed was heard of within {about.contract.freshness_days} days in session.", figures)


def _unique(about: Slice) -> Finding:
    contract = about.contract
    key = key_columns(contract)
    partition = sql.Identifier(contract.raw_schema, partition_name(contract, about.term.key)).as_string(None)
    held_by = about.connection.execute(
        "select i.indexrelid::regclass::text from pg_index i where i.indrelid = to_regclass(%s) and i.indisunique"
        " and i.indisvalid and i.indpred is null and (select array_agg(a.attname::text order by a.attname) from"
        " pg_attribute a where a.attrelid = i.indrelid and a.attnum = any(i.indkey)) = %s",
        [partition, sorted(key)],
    ).fetchone()
    if held_by:
        return Finding(True, f"No key stands twice; a unique index on {', '.join(key)} holds that.")
    (twice,) = about.connection.execute(
        sql.SQL("select count(*) from (select from {} where term_key = %s group by {} having count(*) > 1) k").format(
            raw_identifier(contract), sql.SQL(", ").join(map(sql.Identifier, key))
        ),
        [about.term.key],
    ).fetchone() or (0,)
    rows = _rows(about, about.term.key)
    if not rows:
        return Finding(True, "The table has no rows in this term.")
    return Finding(
        False,
        f"No unique index on {', '.join(key)} stands, and {twice:,} keys have several rows.",
        {"keys_with_several_rows": int(twice), "rows": rows},
    )


def _rows(about: Slice, term_key: str) -> int:
    (rows,) = about.connection.execute(
        sql.SQL("select count(*) from {} where term_key = %s").format(raw_identifier(about.contract)), [term_key]
    ).fetchone() or (0,)
    return int(rows)


def _previous(about: Slice) -> Term | None:
    """The term before, where the network's terms follow each other."""
    terms = about.network.calendar.ordered_terms()
    place = [term.key for term in terms].index(about.term.key)
    return terms[place - 1] if place and about.network.calendar.tiles else None


def _row_count(about: Slice) -> Finding:
    previous = _previous(about)
    rows = _rows(about, about.term.key)
    before = _rows(about, previous.key) if previous else 0
    figures = {"rows": rows, "rows_in_the_term_before": before}
    if previous is None or before < WORTH_COMPARING:
        return Finding(True, f"{rows:,} rows; the term before has too few to compare with.", figures)
    ratio = rows / before
    # A term that runs has the rows of the days that were; what a delivery states whole is there from its first day.
    may_be_few = not isinstance(about.contract.term, TermByDelivery) and (
        about.now.date() < about.term.administrative.end
    )
    least = 0.0 if may_be_few else 1 / MOST_GROWTH
    return Finding(
        least <= ratio <= MOST_GROWTH,
        f"{rows:,} rows, {ratio:.2f} times those of {previous.key}.",
        figures | {"ratio": ratio, "least": least, "most": MOST_GROWTH},
    )


def _filled(about: Slice) -> Finding:
    previous = _previous(about)
    optional = [column.name for column in about.contract.stored_columns if not column.required]
    if previous is None or not optional:
        return Finding(True, "There is nothing to compare with.")
    now, then = (_filled_shares(about, term, optional) for term in (about.term, previous))
    before = replace(about, term=previous)
    emptied = sorted(
        name
        for name in optional
        if then.get(name, 0) >= 0.5 and name in now and _is_empty(about, name) and not _is_empty(before, name)
    )  # statistics take an empty text for a filled one
    if not emptied:
        return Finding(True, f"No column that was filled in {previous.key} is empty now.")
    return Finding(
        False,
        f"{len(emptied)} columns that were filled in {previous.key} are empty in every row now.",
        {"emptied": emptied, "filled_before": {name: round(then[name], 3) for name in emptied}},
    )


def _filled_shares(about: Slice, term: Term, columns: list[str]) -> dict[str, float]:
    """By column, as PostgreSQL's statistics of the partition have it, which cost nothing to ask."""
    rows = about.connection.execute(
        "select attname::text, 1 - null_frac from pg_stats where schemaname = %s and tablename = %s"
        " and attname = any(%s)",
        [about.contract.raw_schema, partition_name(about.contract, term.key), columns],
    ).fetchall()
    return {name: float(share) for name, share in rows}


def _is_empty(about: Slice, column: str) -> bool:
    row = about.connection.execute(
        sql.SQL(
            "select exists (select from {raw} where term_key = %s), exists (select from {raw} where term_key = %s"
            " and {column} is not null and {column}::text <> '')"
        ).format(raw=raw_identifier(about.contract), column=sql.Identifier(column)),
        [about.term.key, about.term.key],
    ).fetchone()
    some, filled = row or (False, False)
    return bool(some and not filled)


def _allowed(about: Slice) -> Finding:
    rows = [row for row in _waiting(about) if row[0] in ("allowed", "pattern")]
    if not rows:
        return Finding(True, "Every value is one that the contract allows.")
    return Finding(
        False,
        f"{sum(row[2] for row in rows):,} rows wait in quarantine for a value that the contract does not allow.",
        {"by_column": [f"{column} ({rule}): {count:,} rows, e.g. {place}" for rule, column, count, place in rows]},
    )


def _conforms(about: Slice) -> Finding:
    contract = about.contract
    rows = about.connection.execute(
        "select distinct on (l.feed) l.feed, d.source_file, d.details -> 'conformance' from etl.load_log l"
        " join etl.delivery d using (delivery_id) where l.raw_table = %s and l.term_key = %s and l.status <> 'failed'"
        " order by l.feed, l.load_id desc",
        [contract.name, about.term.key],
    ).fetchall()
    broken = [
        f"{feed}, {found['file']}: {found['rule']}"
        + (f" in {found['column']}" if found["column"] else "")
        + f", {found['count']:,} times"
        for feed, source_file, findings in rows
        for found in findings or []
        if found["severity"] == "error"
        and (found["file"] == source_file or contract.claims(found["file"].split("/")[-1]))
    ]
    if not broken:
        return Finding(True, "The last delivery of every feed keeps the standard of its system.")
    return Finding(
        False,
        f"The last deliveries break their standard in {len(broken)} ways.",
        {"broken": broken[:EXAMPLES], "ways": len(broken)},
    )


RULES = (
    Rule(
        name="schema_conforms",
        ask=_schema,
        description="The raw table has the columns and types of its contract.",
        why="Everything downstream reads the columns that the contract names.",
        mend="Run `edu up` or `edu pipeline`, which add what a contract gained. A column that a contract lost or "
        "retyped needs a new name, or a migration of the raw and the history table by hand.",
        severity=dg.AssetCheckSeverity.ERROR,
        blocking=True,
    ),
    Rule(
        name="rows_are_conserved",
        ask=_conservation,
        description="Rows read = accepted + duplicates + quarantined + held + withheld, and the open rows are those "
        "that the log says the loads left.",
        why="A row that is lost without a trace makes every figure above it wrong without anyone noticing.",
        mend="Someone changed the table beside the loader, or a restore was partial. Materialise this partition: it "
        "re-applies the archive. `edu loads` lists the loads of the slice.",
        severity=dg.AssetCheckSeverity.ERROR,
        blocking=True,
    ),
    Rule(
        name="quarantine_is_small",
        ask=_quarantine,
        description=f"At most {QUARANTINE_SHARE:.1%} of the rows read wait in quarantine.",
        why="A quarantined row is missing from every figure until it is replayed or sent again.",
        mend="`edu quarantine list` shows the rows with file, line and rule; have the source corrected and sent "
        "again, or correct and replay them with `edu quarantine replay`.",
    ),
    Rule(
        name="values_are_allowed",
        ask=_allowed,
        description="No row waits in quarantine for a value outside those, or the form, that the contract declares.",
        why="A new code is a new kind of thing: every row that has it is missing, and those are rarely a random few.",
        mend="If the source means it, add the value to the contract (`edu contracts show`), deploy and replay with "
        "`edu quarantine replay`; else have the source corrected.",
    ),
    Rule(
        name="keys_are_unique",
        ask=_unique,
        description="A unique index on the table's key stands on the partition.",
        why="A row that stands twice counts twice in every figure, and a later load would change both or neither.",
        mend="Someone dropped the key. Remove the rows that are not in the archive's newest delivery, then create the "
        "primary key again, or drop the partition and materialise it: it re-applies the archive.",
        severity=dg.AssetCheckSeverity.ERROR,
    ),
    Rule(
        name="row_count_is_plausible",
        ask=_row_count,
        description=f"The term has at most {MOST_GROWTH:.0f} times as many rows as the one before and, once it is over "
        f"or stated whole, at least 1/{MOST_GROWTH:.0f} of them.",
        why="A school that fell out of an export, or came twice under other keys, breaks no rule of a row.",
        mend="Compare rows by feed and school with the term before; `edu loads` says which delivery brought or took "
        "them. If the network really changed that much, nothing needs to be done.",
    ),
    Rule(
        name="columns_are_filled",
        ask=_filled,
        description="No optional column that was at least half filled in the term before is empty in every row.",
        why="Exports lose a column when a vendor renames it; a figure above it becomes zero or unknown without error.",
        mend="Look for the column under another name among those kept in `_extra` (`edu load` tells which are "
        "unknown), add an alias to the contract, and materialise the partition again.",
    ),
    Rule(
        name="conforms_to_standard",
        ask=_conforms,
        description="The last delivery of each feed breaks no rule of its system's standard that is an error.",
        why="What the standard forbids is loaded where it can be, but another system will refuse or misread it.",
        mend="Send the vendor the report that `edu load FILE --json` prints: file, line, column, rule and hint.",
    ),
    Rule(
        name="nothing_is_held",
        ask=_held,
        description="No delivery of the table is held back in the term.",
        why="A held school keeps its older rows, or none, until a person decides.",
        mend="`edu held list` says what would go; release it with `edu held release` if that is right, else have "
        "the source send the whole file.",
    ),
    Rule(
        name="is_fresh",
        ask=_freshness,
        description="In the current term every feed that sends the table was heard of within the contract's "
        "freshness limit. Closures do not count, and no day without school is late.",
        why="Figures of a current term that no longer move look like good news.",
        mend="Ask the owner of the feed whether the export ran; drop the file into the feed's landing folder, or "
        "load it with `edu load`.",
        severity=dg.AssetCheckSeverity.ERROR,
    ),
)
