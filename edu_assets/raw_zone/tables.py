"""DDL of the raw zone: raw and history tables from the contracts, and the schema `etl`.

Belongs here: every `create table` that the loader relies on, and publishing the network file as
tables that dbt reads. Does not belong here: what happens to rows (stage.py, apply.py), roles and
schemas (warehouse/), gold (dbt_project/).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

from psycopg import Connection, sql

from edu_assets.contracts import Registry, registry
from edu_assets.contracts.base import NAME_LIMIT, Contract
from edu_assets.network import Network, School
from edu_assets.warehouse import Role, Warehouse

DEPLOY_LOCK = "edu:deploy:raw"

ETL_DDL = """
create table if not exists etl.network (
    name text primary key, title text not null, timezone text not null,
    authority text not null, exit_day text not null
);
create table if not exists etl.authority (
    authority text primary key, is_own boolean not null
);
create table if not exists etl.feed (
    feed text primary key, system text not null, end_dates text not null, attendance text not null
);
create table if not exists etl.feed_entity (
    feed text not null, entity text not null, primary key (feed, entity)
);
comment on table etl.feed_entity is
    'the conformed entities that a feed''s tables give: a network without a feed of daily attendance expects none';
create table if not exists etl.school (
    school_id text primary key, school_name text not null, lea_id text not null, lea_name text not null
);
create table if not exists etl.school_alias (also text primary key, school_id text not null);
comment on table etl.school_alias is 'other identifiers by which systems name a school of the network file';
create table if not exists etl.daily_attendance_rule (
    school_id text not null, made_of text not null, method text not null, primary key (school_id, made_of)
);
comment on table etl.daily_attendance_rule is
    'of what a school''s days are made where no daily file states them; methods are those of rule_daily_attendance';
create table if not exists etl.school_capacity (
    school_id text not null, grade_level text not null, seats integer not null,
    primary key (school_id, grade_level)
);
create table if not exists etl.term (
    term_key text primary key, academic_year text not null, term text not null,
    ordinal integer not null unique,
    instructional_start date not null, instructional_end date not null,
    administrative_start date not null, administrative_end date not null,
    count_date date
);
create table if not exists etl.school_term (
    term_key text not null, school_id text not null,
    instructional_start date not null, instructional_end date not null,
    primary key (term_key, school_id)
);
create table if not exists etl.school_day (
    term_key text not null, school_id text not null, school_date date not null,
    primary key (school_id, school_date, term_key)
);
comment on table etl.school_day is 'days in session of each school in each term';
create table if not exists etl.term_day (
    school_id text not null, day date not null, term_key text not null,
    primary key (school_id, day)
);
comment on table etl.term_day is
    'the term of a day for the term rule date; school_id '''' is the network, a school has rows only where it differs,'
    ' under each of its names';

create table if not exists etl.counting_day (day date primary key, in_session boolean not null);
comment on table etl.counting_day is
    'the days by which a silent source gets later: days in session and weekends between them, no closures';

create sequence if not exists etl.load_id;
create table if not exists etl.landing_file (
    path text primary key, feed text, bytes bigint not null, modified_ns bigint not null,
    sha256 text, delivery_id bigint, seen_at timestamptz not null default clock_timestamp()
);
alter table etl.landing_file add column if not exists etag text;
alter table etl.landing_file add column if not exists problem text;
comment on column etl.landing_file.problem is 'why a file that lies there was not loaded';
create table if not exists etl.landing_place (
    feed text primary key, looked_at timestamptz not null default clock_timestamp(),
    failures integer not null, problem text
);
comment on table etl.landing_place is 'the last look at each remote landing place, and what was wrong with it';
create table if not exists etl.delivery (
    delivery_id bigint generated always as identity primary key,
    feed text not null, system text not null, source_file text not null,
    sha256 text not null, bytes bigint not null, effective_date date,
    term_option text,
    received_at timestamptz not null default clock_timestamp(), finished_at timestamptz,
    status text not null default 'received'
        check (status in ('received', 'applied', 'unchanged', 'held', 'refused')),
    rows_read bigint, quarantined bigint, error text, details jsonb not null default '{}', run_id text
);
create index if not exists delivery_by_content on etl.delivery (sha256);
create table if not exists etl.load_log (
    load_id bigint not null, raw_table text not null, feed text not null, term_key text not null,
    delivery_id bigint references etl.delivery, mode text not null,
    status text not null check (status in ('applied', 'unchanged', 'held', 'failed')),
    started_at timestamptz not null, finished_at timestamptz not null, applied_at timestamptz not null,
    rows_read bigint not null default 0, accepted bigint not null default 0,
    inserted bigint not null default 0, unchanged bigint not null default 0,
    changed bigint not null default 0, closed bigint not null default 0,
    duplicates bigint not null default 0, quarantined bigint not null default 0,
    held bigint not null default 0, withheld bigint not null default 0,
    bytes bigint not null default 0, effective_date date, content_digest text,
    error text, run_id text, details jsonb not null default '{}',
    primary key (load_id, raw_table, feed, term_key),
    constraint nothing_is_lost check (
        status = 'failed' or rows_read = accepted + duplicates + quarantined + held + withheld
    )
);
create index if not exists load_log_by_slice on etl.load_log (raw_table, feed, term_key, load_id);
create table if not exists etl.quarantine (
    quarantine_id bigint generated always as identity primary key,
    raw_table text not null, feed text not null, delivery_id bigint not null references etl.delivery,
    source_file text not null, source_row bigint not null, term_key text,
    source_key jsonb, original jsonb not null, corrected jsonb,
    rule text not null, column_name text, message text not null,
    status text not null default 'open' check (status in ('open', 'replayed', 'superseded')),
    as_of_load bigint not null, content_hash text not null, occurrence integer not null,
    quarantined_at timestamptz not null default clock_timestamp(), resolved_by bigint,
    unique (raw_table, feed, content_hash, occurrence)
);
alter table etl.quarantine add column if not exists corrected jsonb;
create index if not exists quarantine_open on etl.quarantine (raw_table, feed) where status = 'open';
create table if not exists etl.held_slice (
    held_id bigint generated always as identity primary key,
    delivery_id bigint not null references etl.delivery, feed text not null, term_key text not null,
    school text, raw_tables text[] not null, reason text not null, figures jsonb not null,
    load_id bigint not null,
    status text not null default 'open' check (status in ('open', 'released', 'superseded')),
    held_at timestamptz not null default clock_timestamp(), resolved_by bigint
);
create table if not exists etl.outbox (
    consumer text primary key, told_until bigint not null, telling_until bigint
);
comment on table etl.outbox is 'how far each Dagster storage was told of the load log';
create table if not exists etl.incident (
    incident_id bigint generated always as identity primary key,
    kind text not null, subject text not null, problem text not null, mend text not null,
    began_at timestamptz not null, seen_at timestamptz not null, ended_at timestamptz, told_at timestamptz
);
comment on table etl.incident is 'what was wrong, from when to when, and when people were told of it';
create unique index if not exists incident_open on etl.incident (kind, subject) where ended_at is null;
create table if not exists etl.erased_person (
    feed text not null, person_hash text not null, erased_at timestamptz not null default clock_timestamp(),
    primary key (feed, person_hash)
);
comment on table etl.erased_person is 'keyed hashes of erased persons: rows that are sent again are withheld';

grant select on etl.network, etl.authority, etl.feed, etl.school, etl.school_capacity, etl.term, etl.school_term,
    etl.school_day, etl.counting_day, etl.load_log to dbt_user;
grant select on etl.daily_attendance_rule, etl.feed_entity, etl.school_alias to dbt_user;
"""

AUDIT_COLUMNS = (
    ("_extra", "jsonb"),
    ("_source_file", "text not null"),
    ("_source_row", "bigint not null"),
    ("_load_id", "bigint not null"),
    ("_ingested_at", "timestamptz not null"),
    ("_row_hash", "bigint not null"),
)
HISTORY_COLUMNS = (("_closed_by", "bigint not null"), ("_closed_at", "timestamptz not null"))


def raw_identifier(contract: Contract) -> sql.Identifier:
    return sql.Identifier(contract.raw_schema, contract.name)


def history_identifier(contract: Contract) -> sql.Identifier:
    return sql.Identifier("raw_history", contract.name)


def key_columns(contract: Contract) -> tuple[str, ...]:
    """The raw key: source key, feed and term. A partition's constants stand last, where they cost a sort nothing."""
    return (*contract.key, "_feed", "term_key")


def all_columns(contract: Contract) -> tuple[str, ...]:
    """Every column of the raw table, in order."""
    return (
        "term_key",
        "_feed",
        *(column.name for column in contract.stored_columns),
        *(name for name, _ in AUDIT_COLUMNS),
    )


def names(columns: tuple[str, ...] | list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def partition_name(contract: Contract, term_key: str) -> str:
    """The name of a term's partition; shortened by a hash where PostgreSQL's limit would cut it."""
    suffix = "".join(char if char.isalnum() else "_" for char in term_key.lower())
    name = f"{contract.name}__{suffix}"
    if len(name) <= NAME_LIMIT:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: NAME_LIMIT - 9]}_{digest}"


LOAD_COLUMNS = ("_load_id", "_ingested_at")  # known only when a load commits


def column_definitions(contract: Contract, *, loaded: bool = True) -> sql.Composed:
    """`name type [not null]` of every column of the raw table; not `loaded`: without LOAD_COLUMNS.

    A required source column is `not null`: validation quarantines an empty one before it gets here.
    """
    definitions: list[sql.Composable] = [sql.SQL("term_key text not null"), sql.SQL("_feed text not null")]
    definitions += [
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name),
            sql.SQL(column.type.value),
            sql.SQL(" not null" if column.required else ""),
        )
        for column in contract.stored_columns
    ]
    definitions += [sql.SQL(f"{name} {kind}") for name, kind in AUDIT_COLUMNS if loaded or name not in LOAD_COLUMNS]
    return sql.SQL(", ").join(definitions)


def deploy(warehouse: Warehouse, network: Network, declared: Registry | None = None) -> None:
    """Create what is missing, add columns that contracts have gained, publish the network file.

    Safe to run at any time and from several processes at once. A contract that lost or retyped a
    column is refused with what to do, because data would be lost.
    """
    declared = declared or registry()
    with warehouse.connect(Role.ETL, application_name="edu deploy") as connection:
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [DEPLOY_LOCK])
        connection.execute("set local client_min_messages = warning")
        connection.execute(ETL_DDL)
        existing = _existing_columns(connection)
        for contract in declared.contracts.values():
            _create_or_extend(connection, contract, existing)
        _allow_nulls(connection, declared)
        _publish(connection, network, declared)


def _existing_columns(connection: Connection) -> dict[tuple[str, str], dict[str, str]]:
    rows = connection.execute(
        "select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)"
        " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
        " where n.nspname like 'raw\\_%%' and c.relkind in ('p', 'r') and not c.relispartition"
    )
    existing: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, kind in rows:
        existing.setdefault((schema, table), {})[column] = kind
    return existing


PG_TYPE_NAMES = {"timestamptz": "timestamp with time zone"}


class IncompatibleContract(ValueError):
    """A contract changed in a way that would lose what the raw table holds."""


def _create_or_extend(
    connection: Connection, contract: Contract, existing: dict[tuple[str, str], dict[str, str]]
) -> None:
    found = existing.get((contract.raw_schema, contract.name))
    if found is None:
        _create(connection, contract)
        return
    for column in contract.stored_columns:
        wanted = PG_TYPE_NAMES.get(column.type.value, column.type.value)
        if column.name not in found:
            for table in (raw_identifier(contract), history_identifier(contract)):
                connection.execute(
                    sql.SQL("alter table {} add column {} {}").format(
                        table, sql.Identifier(column.name), sql.SQL(column.type.value)
                    )
                )
        elif found[column.name] != wanted:
            raise IncompatibleContract(
                f"{contract.raw_table}.{column.name} is {found[column.name]} in the database and {wanted} in the "
                "contract: give the column a new name, or migrate the raw and the history table by hand"
            )


def _allow_nulls(connection: Connection, declared: Registry) -> None:
    """Lift `not null` where a contract no longer requires a column; a partition may have it by itself."""
    optional = [
        f"{contract.name}.{column.name}"
        for contract in declared.contracts.values()
        for column in contract.stored_columns
        if not column.required
    ]
    rows = connection.execute(
        "select c.oid::regclass::text, a.attname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " join pg_attribute a on a.attrelid = c.oid and a.attnotnull"
        " left join pg_inherits i on i.inhrelid = c.oid left join pg_class parent on parent.oid = i.inhparent"
        " where n.nspname like 'raw\\_%%' and c.relkind in ('p', 'r')"
        " and coalesce(parent.relname, c.relname) || '.' || a.attname = any(%s) order by c.relispartition",
        [optional],
    ).fetchall()
    for table, column in rows:
        connection.execute(
            sql.SQL("alter table {} alter column {} drop not null").format(sql.SQL(table), sql.Identifier(column))
        )


def _create(connection: Connection, contract: Contract) -> None:
    """Create both tables of a contract with their comments, in one round trip: there are thousands of comments."""
    raw, history = raw_identifier(contract), history_identifier(contract)
    statements = [
        sql.SQL("create table {} ({}, primary key ({})) partition by list (term_key)").format(
            raw, column_definitions(contract), names(key_columns(contract))
        ),
        sql.SQL("create table {} ({}, {})").format(
            history,
            column_definitions(contract),
            sql.SQL(", ").join(sql.SQL(f"{name} {kind}") for name, kind in HISTORY_COLUMNS),
        ),
        sql.SQL("create index on {} ({})").format(history, names((*key_columns(contract), "_closed_by"))),
        sql.SQL("comment on table {} is {}").format(raw, sql.Literal(contract.description)),
    ]
    statements += [
        sql.SQL("comment on column {}.{} is {}").format(
            raw,
            sql.Identifier(column.name),
            sql.Literal(f"{column.description} [personal data: {column.personal.value}]"),
        )
        for column in contract.stored_columns
    ]
    connection.execute(sql.SQL("; ").join(statements))


def create_partition(connection: Connection, contract: Contract, term_key: str) -> None:
    """Create a term's partition where it is missing.

    Made aside and attached, because `create table … partition of` locks out every reader of the
    parent and `attach partition` does not.
    """
    if partition_exists(connection, contract, term_key):
        return
    partition = sql.Identifier(contract.raw_schema, partition_name(contract, term_key))
    connection.execute(
        sql.SQL("create table {} (like {} including defaults including constraints)").format(
            partition, raw_identifier(contract)
        )
    )
    connection.execute(sql.SQL("alter table {} add primary key ({})").format(partition, names(key_columns(contract))))
    attach_partition(connection, contract, term_key)


def attach_partition(connection: Connection, contract: Contract, term_key: str) -> None:
    """Attach the table that bears the partition's name; it must hold that term alone."""
    connection.execute(
        sql.SQL("alter table {} attach partition {} for values in ({})").format(
            raw_identifier(contract),
            sql.Identifier(contract.raw_schema, partition_name(contract, term_key)),
            sql.Literal(term_key),
        )
    )


def partition_exists(connection: Connection, contract: Contract, term_key: str) -> bool:
    row = connection.execute(
        "select to_regclass(%s) is not null",
        [f'{contract.raw_schema}."{partition_name(contract, term_key)}"'],
    ).fetchone()
    return bool(row and row[0])


def _publish(connection: Connection, network: Network, declared: Registry) -> None:
    """Replace the published network by the network file's; unchanged content writes nothing."""
    calendar = network.calendar
    terms = calendar.ordered_terms()
    _replace(
        connection,
        "etl.network",
        [(network.name, network.title, network.timezone, network.authority, network.exit_day)],
    )
    _replace(
        connection,
        "etl.authority",
        [(authority, authority == network.authority) for authority in network.authorities],
    )
    _replace(
        connection,
        "etl.feed",
        [(name, feed.system, feed.end_dates.value, feed.attendance) for name, feed in network.feeds.items()],
    )
    given = {
        (name, entity)
        for name, contracts in declared.sent_by(network).items()
        for contract in contracts
        for entity in contract.conforms_to
    }
    _replace(connection, "etl.feed_entity", sorted(given))
    _replace(
        connection,
        "etl.school",
        [(school.school_id, school.name, school.lea_id, school.lea_name) for school in network.schools],
    )
    _replace(
        connection,
        "etl.school_alias",
        [(name, school.school_id) for school in network.schools for name in school.also],
    )
    _replace(connection, "etl.daily_attendance_rule", network.attendance_methods)
    _replace(
        connection,
        "etl.school_capacity",
        [(school.school_id, grade, seats) for school in network.schools for grade, seats in school.capacity.items()],
    )
    _replace(
        connection,
        "etl.term",
        [
            (
                term.key,
                term.academic_year,
                term.term,
                term.ordinal,
                term.instructional.start,
                term.instructional.end,
                term.administrative.start,
                term.administrative.end,
                term.count_date,
            )
            for term in terms
        ],
    )
    intervals = [
        (term, school, calendar.instructional(term, school.calendar)) for term in terms for school in network.schools
    ]
    _replace(
        connection,
        "etl.school_term",
        [(term.key, school.school_id, interval.start, interval.end) for term, school, interval in intervals],
    )
    _replace(
        connection,
        "etl.school_day",
        [
            (term.key, school.school_id, day)
            for term, school, _ in intervals
            for day in calendar.school_days(term, school.calendar)
        ],
    )
    _replace(connection, "etl.counting_day", list(network.counting_days.items()))
    _replace(connection, "etl.term_day", _term_days(network) if calendar.tiles else [])


def _term_days(network: Network) -> list[tuple[str, date, str]]:
    calendar = network.calendar
    by_day = {day: term.key for term in calendar.ordered_terms() for day in term.administrative.days()}
    rows = [("", day, key) for day, key in by_day.items()]
    for school in network.schools:
        own = [(day, key) for day, key in _own_days(network, school) if by_day.get(day) != key]
        rows += [(name, day, key) for name in (school.school_id, *school.also) for day, key in own]
    return rows


def _own_days(network: Network, school: School) -> list[tuple[date, str]]:
    return [
        (day, term.key)
        for term in network.calendar.ordered_terms()
        for day in network.calendar.instructional(term, school.calendar).days()
    ]


def _replace(connection: Connection, table: str, rows: Sequence[tuple]) -> None:
    """Make a published table hold exactly these rows, touching only what differs.

    Whole rows are compared by `=`, which takes nulls as equal and, unlike `is not distinct from`, is hashed: a hundred
    schools have two hundred thousand school days in ten years.
    """
    target = sql.SQL(table)
    connection.execute(sql.SQL("create temp table published (like {}) on commit drop").format(target))
    with connection.cursor().copy(sql.SQL("copy published from stdin")) as copy:
        for row in rows:
            copy.write_row(row)
    connection.execute(
        sql.SQL("delete from {0} t where not exists (select from published p where p = t)").format(target)
    )
    connection.execute(sql.SQL("insert into {0} select * from published except select * from {0}").format(target))
    connection.execute("drop table published")
