"""The checks of raw tables, generated from contracts, each on the partition of its run.

Belongs here: what is asked of a raw table and term, and how the answer is put. Does not belong here:
what a constraint enforces already (keys, not null, the sum of each load's rows), the validation of rows
(raw_zone/), checks of gold (dbt tests, gold_assets.py).

Blocking are only the two that concern the term as a whole, schema and conservation: a held or failed
school is unreported, and the others go on. A result says what was found, why it matters and how it is
mended; it names files, lines, rules, schools and feeds, never a source value.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
from psycopg import Connection

from edu_assets.contracts import Registry
from edu_assets.contracts.base import Contract
from edu_assets.network import Network
from edu_assets.orchestration.freshness import days_silent, is_late
from edu_assets.orchestration.partitions import one_term
from edu_assets.orchestration.raw_assets import AUDIT_COLUMNS, POOL, WAREHOUSE, raw_asset_key, switched_on
from edu_assets.raw_zone.conservation import standing_rows
from edu_assets.school_calendar import Term
from edu_assets.warehouse import Role

QUARANTINE_SHARE = 0.001
"""Open quarantined rows over rows read above which the check warns: one in a thousand."""

EXAMPLES = 10

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
        return dg.AssetCheckResult(
            asset_key=raw_asset_key(contract),
            check_name=self.name,
            passed=finding.passed,
            severity=self.severity,
            description=finding.what,
            metadata={"why": self.why, "how_to_mend": self.mend, **finding.figures},
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


def _quarantine(about: Slice) -> Finding:
    arguments = [about.contract.name, about.term.key, about.contract.name, about.term.key]
    rows = about.connection.execute(
        "select rule, coalesce(column_name, ''), count(*),"
        " min(source_file || ' line ' || source_row) from etl.quarantine q"
        " where raw_table = %s and status = 'open' and (term_key = %s or (term_key is null and exists ("
        " select from etl.load_log l where l.delivery_id = q.delivery_id and l.raw_table = %s and l.term_key = %s)))"
        " group by 1, 2 order by 3 desc",
        arguments,
    ).fetchall()
    waiting = sum(row[2] for row in rows)
    (read,) = about.connection.execute(
        "select coalesce(sum(rows_read), 0)::bigint from etl.load_log"
        " where raw_table = %s and term_key = %s and status in ('applied', 'unchanged')",
        arguments[:2],
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


def _freshness(about: Slice) -> Finding:
    network, contract, today = about.network, about.contract, about.now.date()
    if not about.term.administrative.contains(today):
        return Finding(True, f"{about.term.key} is not the current term; nothing is expected in it today.")
    arrivals: dict[str, datetime] = dict(
        about.connection.execute(
            "select feed, max(finished_at) from etl.load_log"
            " where raw_table = %s and term_key = %s and status <> 'failed' group by feed",
            [contract.name, about.term.key],
        ).fetchall()
    )
    # A feed owes what it has sent before, of a table that its system can do without; one that never sent
    # anything owes all of them.
    known = about.connection.execute(
        "select feed, bool_or(raw_table = %s) from etl.load_log group by feed", [contract.name]
    ).fetchall()
    owing_nothing = {feed for feed, sent_it in known if not sent_it}
    silent = {}
    late = []
    for feed in (name for name, declared in network.feeds.items() if declared.system == contract.system):
        if feed in owing_nothing:
            continue
        arrived = arrivals.get(feed)
        last = arrived.astimezone(ZoneInfo(network.timezone)).date() if arrived else None
        since = last or about.term.instructional.start
        silent[feed] = days_silent(network, since, today)
        if is_late(network, contract.freshness_days, since, today):
            late.append(feed)
    figures = {"days_silent_by_feed": silent, "days_allowed": contract.freshness_days}
    if late:
        return Finding(False, f"Nothing came from {', '.join(late)} for too long while school was in session.", figures)
    if not silent:
        return Finding(True, "No feed sends this table.", figures)
    return Finding(True, f"Every feed was heard of within {contract.freshness_days} days in session.", figures)


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


def raw_check_specs(contract: Contract, partitions: dg.PartitionsDefinition) -> list[dg.AssetCheckSpec]:
    """The checks of a contract's asset."""
    return [
        dg.AssetCheckSpec(
            rule.name,
            asset=raw_asset_key(contract),
            description=rule.description,
            blocking=rule.blocking,
            partitions_def=partitions,
            metadata={"why": rule.why, "how_to_mend": rule.mend},
        )
        for rule in RULES
    ]


def check_slice(about: Slice, names: set[str]) -> Iterator[dg.AssetCheckResult]:
    """Put the named rules to one raw table and term."""
    for rule in RULES:
        if rule.name in names:
            yield rule.result(about.contract, rule.ask(about))


def raw_checks(network: Network, declared: Registry, partitions: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    """Every check of every raw table as one step: one connection, and gold waits for one step."""
    contracts = switched_on(network, declared)

    @dg.multi_asset_check(
        name="raw_checks",
        description="The checks of raw tables on the term of the run.",
        specs=[spec for contract in contracts for spec in raw_check_specs(contract, partitions)],
        can_subset=True,
        required_resource_keys={WAREHOUSE},
        pool=POOL,
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        term = network.calendar.term(one_term(context))
        now = datetime.now(ZoneInfo(network.timezone))
        chosen = context.selected_asset_check_keys
        with context.resources.warehouse.connect(Role.ETL, application_name="edu checks") as connection:
            for contract in contracts:
                names = {key.name for key in chosen if key.asset_key == raw_asset_key(contract)}
                yield from check_slice(Slice(connection, network, contract, term, now), names)

    return check
