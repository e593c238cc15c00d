"""What dbt learns from the contracts: sources, conformed unions and their documentation.

Belongs here: pure functions from declarations to the files under `dbt_project/models/generated/`, and
writing them. Does not belong here: a staging view (written by hand, one a contract and entity), running
dbt (project.py), tables (raw_zone/).

The files are git-ignored and rewritten only where their content differs, so that dbt's partial parser
sees a change only where there is one.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from edu_assets.contracts import Registry, registry
from edu_assets.contracts.base import Contract, DeclarationError, Entity, Precedence
from edu_assets.settings import PROJECT

DBT_PROJECT = PROJECT / "dbt_project"
HEADER = "Generated from edu_assets/contracts by edu_assets/gold/generate.py; changes here are overwritten."

# What every conformed row carries beside its entity's columns.
LINEAGE = {
    "term_key": ("text", "the term of the raw slice in which the row stands"),
    "_feed": ("text", "the feed that sent the row"),
    "_load_id": ("bigint", "the load that brought this version of the row"),
    "_ingested_at": ("timestamptz", "when this version of the row first arrived"),
}

STATED_BY = "system"
"""The column of a conformed union that says whose row it is, where an entity declares whose come first."""

# Audit columns that staging may read; the others are for the loader and for people.
RAW_AUDIT = {
    "term_key": "partition key: academic year and term",
    "_feed": "system instance that sent the row",
    "_extra": "columns that the contract does not know",
    "_source_file": "file in the archive that holds the row as sent",
    "_source_row": "line of the row in that file",
    "_load_id": "load that brought this version of the row",
    "_ingested_at": "when this version of the row first arrived",
    "_row_hash": "hash of the row's values; compares versions, never identifies",
}

# When a table's most silent feed was last heard of, as many days ago as count for lateness (Network.counting_days),
# less half a day, since dbt takes even a millisecond more than the limit for late. On a day without school nothing is
# late. A table that no feed has sent is not waited for.
LOADED_AT = """\
select now() + interval '12 hours' - make_interval(days => coalesce(max(silent.days), 0)::integer)
from (
    select
        heard.feed,
        (
            select count(*) from etl.counting_day as counting
            where counting.day > heard.last_day and counting.day <= today.day
        ) as days
    from (
        select log.feed, (max(log.finished_at) at time zone max(network.timezone))::date as last_day
        from etl.load_log as log
        inner join etl.feed as known on log.feed = known.feed
        cross join etl.network as network
        where log.raw_table = '{table}' and log.status <> 'failed'
        group by log.feed
    ) as heard
    cross join (select (now() at time zone network.timezone)::date as day from etl.network as network) as today
    inner join etl.counting_day as school_day on today.day = school_day.day and school_day.in_session
) as silent
"""

STUDENT_ID = "student_id"
"""The column in which an entity names a student."""
MERGED = """\
left join {{ ref('dim_student_number') }} as merged
    on given.student_id = merged.student_number and not merged._is_dropped
"""
BY_STATE = """\
left join {{ ref('student_of_state_number') }} as by_state
    on given.term_key = by_state.term_key and given.student_id = by_state.identifier
"""

SCHOOL_IDS = ("school_id", "primary_school_id", "organization_id")
"""The columns in which an entity names a school, which the network file may know by another name."""

# What raw_zone publishes for dbt; the DDL is in raw_zone/tables.py.
ETL_TABLES = {
    "network": "the network: name, time zone, authority whose rules hold, whether the exit day counts",
    "authority": "authorities by whose rules figures are told; is_own marks the one whose rules hold for all else",
    "feed": "system instances, what their end dates mean and what silence of events of attendance does",
    "feed_entity": "the conformed entities that a feed's tables give",
    "school": "schools of the network file with their LEA",
    "school_alias": "other identifiers by which systems name a school of the network file",
    "daily_attendance_rule": "of what a school's days are made where no daily file states them",
    "school_capacity": "seats by school and grade",
    "term": "terms with ordinal, instructional and administrative interval (ends exclusive), count date",
    "school_term": "instructional interval of a term at a school (end exclusive)",
    "school_day": "days in session of each school in each term",
    "load_log": "one row a slice: the outbox of the loader",
}


def _dump(document: dict[str, Any]) -> str:
    text = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=110)
    return f"# {HEADER}\n{text}"


def _source_table(contract: Contract) -> dict[str, Any]:
    columns = [
        {
            "name": column.name,
            "description": column.description,
            "data_type": column.type.value,
            "config": {"meta": {"personal_data": column.personal.value, "source_column": column.header}},
        }
        for column in contract.stored_columns
    ]
    audit = [{"name": name, "description": text} for name, text in RAW_AUDIT.items()]
    return {
        "name": contract.name,
        "description": contract.description,
        "config": {
            "loaded_at_query": LOADED_AT.format(table=contract.name),
            "freshness": {"warn_after": {"count": contract.freshness_days, "period": "day"}},
            "meta": {"owner": contract.owner, "system": contract.system, "key": list(contract.key)},
        },
        "columns": columns + audit,
    }


def sources(declared: Registry) -> str:
    """The sources yml: one source a raw schema, and `etl`.

    A source's name and a table's name are the asset key of the raw table, e.g. `raw_zone` and
    `oneroster__users`.
    """
    by_schema: dict[str, list[Contract]] = {}
    for contract in declared.contracts.values():
        by_schema.setdefault(contract.raw_schema, []).append(contract)
    raw = [
        {
            "name": schema,
            "description": "source tables as they are, one partition a term",
            "tables": [_source_table(contract) for contract in sorted(contracts, key=lambda c: c.name)],
        }
        for schema, contracts in sorted(by_schema.items())
    ]
    etl = {
        "name": "etl",
        "description": "the published network file and the ledger of loads",
        "tables": [{"name": name, "description": text} for name, text in ETL_TABLES.items()],
    }
    return _dump({"version": 2, "sources": [*raw, etl]})


def _view_columns(entity: Entity) -> list[dict[str, Any]]:
    columns = [
        {
            "name": column.name,
            "description": column.description,
            "data_type": column.type,
            "config": {"meta": {"personal_data": column.personal.value}},
        }
        for column in entity.columns
    ]
    lineage = [{"name": name, "description": text, "data_type": kind} for name, (kind, text) in LINEAGE.items()]
    return columns + lineage


def _union_columns(entity: Entity) -> list[dict[str, Any]]:
    stated_by = {"name": STATED_BY, "description": "the system that states the row", "data_type": "text"}
    return _view_columns(entity) + ([stated_by] if entity.precedence else [])


def documentation(declared: Registry) -> str:
    """The models yml of conformed unions and staging views: both have their entity's columns."""
    models: list[dict[str, Any]] = []
    for entity in declared.entities.values():
        union = "The union of every staging view that conforms to it"
        if entity.precedence:
            place = " and ".join(("term", *entity.precedence.per))
            models.append(
                {
                    "name": f"stated_{entity.name}",
                    "description": f"{entity.definition}. {union}, whoever comes first.",
                    "columns": _union_columns(entity),
                }
            )
            union += (
                f": by {place} the rows of the first system that states any, of "
                f"{', '.join(entity.precedence.systems)} and then all others"
            )
        models.append(
            {
                "name": f"conformed_{entity.name}",
                "description": f"{entity.definition}. {union}.",
                "columns": _union_columns(entity),
            }
        )
    models.append(
        {
            "name": "student_identifiers",
            "description": "Every identifier by which rows of a feed name a student in a term, as the rows hold it.",
            "columns": [
                {"name": "term_key", "description": LINEAGE["term_key"][1], "data_type": "text"},
                {"name": "_feed", "description": LINEAGE["_feed"][1], "data_type": "text"},
                {"name": "system", "description": "the system of the feed", "data_type": "text"},
                {
                    "name": "identifier",
                    "description": "a number of the authority, of the state, or the feed's own, as staging spells it",
                    "data_type": "text",
                    "config": {"meta": {"personal_data": "direct"}},
                },
                {
                    "name": "must_be_registered",
                    "description": "whether rows of this kind name students whom the term's register describes",
                    "data_type": "boolean",
                },
            ],
        }
    )
    for contract in declared.contracts.values():
        for name in contract.conforms_to:
            entity = declared.entities[name]
            models.append(
                {
                    "name": contract.staging_view(name),
                    "description": f"{contract.name} ({contract.description}) as {name}: {entity.definition}.",
                    "columns": _view_columns(entity),
                }
            )
    return _dump({"version": 2, "models": sorted(models, key=lambda model: model["name"])})


def _columns(entity: Entity) -> list[tuple[str, str]]:
    """Name and type of every column of a staging view."""
    return [(column.name, column.type) for column in entity.columns] + [
        (name, kind) for name, (kind, _) in LINEAGE.items()
    ]


def _union(entity: Entity) -> list[tuple[str, str]]:
    """Name and type of every column of a conformed row."""
    return _columns(entity) + ([(STATED_BY, "text")] if entity.precedence else [])


def _branch(contract: Contract, entity: Entity) -> str:
    selected = ",\n".join(f"    cast({_in_network(name)} as {kind}) as {name}" for name, kind in _columns(entity))
    if entity.precedence:
        selected += f",\n    cast('{contract.system}' as text) as {STATED_BY}"
    return f"select\n{selected}\nfrom {{{{ ref('{contract.staging_view(entity.name)}') }}}}\n"


def _in_network(name: str) -> str:
    return f"{{{{ network_school('{name}') }}}}" if name in SCHOOL_IDS else name


def _empty(entity: Entity) -> str:
    selected = ",\n".join(f"    cast(null as {kind}) as {name}" for name, kind in _union(entity))
    return f"select\n{selected}\nwhere false\n"


def conformed_union(entity: Entity, contracts: list[Contract]) -> str:
    """The SQL of `conformed_<entity>`, or of `stated_<entity>` where the entity declares whose rows come first;
    without a conforming contract a view without rows.

    Every branch keeps `term_key` as it is, so that a filter on it prunes each raw table to one
    partition. A student's number is the one in force, a school's that of the network file: both are resolved here.
    """
    branches = [_branch(contract, entity) for contract in contracts] or [_empty(entity)]
    union = "\nunion all\n\n".join(branches)
    if names_students(entity):
        union = _resolved(union, entity, of_state=any(contract.state_numbers for contract in contracts))
    return f"{{# {HEADER} #}}\n{union}"


def names_students(entity: Entity) -> bool:
    return any(column.name == STUDENT_ID for column in entity.columns)


def _resolved(union: str, entity: Entity, *, of_state: bool) -> str:
    """The rows of a union under the numbers in force. of_state: whether some of them name students by the state's."""
    given = f"given.{STUDENT_ID}"
    found = ["merged.student_id", *(["by_state.student_id"] if of_state else []), given]
    number = f"coalesce({', '.join(found)})"
    selected = ",\n".join(
        f"    {number} as {name}" if name == STUDENT_ID else f"    given.{name}" for name, _ in _union(entity)
    )
    joined = [MERGED] + ([BY_STATE] if of_state else [])
    indented = "".join(f"    {line}" if line.strip() else line for line in union.splitlines(keepends=True))
    return f"with given as (\n{indented})\n\nselect\n{selected}\nfrom given\n" + "".join(joined)


def student_identifiers(declared: Registry) -> str:
    """The SQL of the view of every identifier by which a feed's rows name a student, as they hold it: before numbers
    are resolved. A filter on `term_key` prunes here as well."""
    naming = [
        (contract, contract.staging_view(name), column)
        for contract in sorted(declared.contracts.values(), key=lambda contract: contract.name)
        for name in contract.conforms_to
        for column in declared.entities[name].columns
        if column.name == STUDENT_ID
    ]
    branches = [
        f"select distinct\n    term_key,\n    _feed,\n    '{contract.system}' as system,\n"
        f"    {STUDENT_ID} as identifier,\n"
        f"    {'false' if column.may_be_unregistered else 'true'} as must_be_registered\n"
        f"from {{{{ ref('{view}') }}}}\nwhere {STUDENT_ID} <> ''\n"
        for contract, view, column in naming
    ]
    return f"{{# {HEADER} #}}\n" + "\nunion all\n\n".join(branches)


def first_that_states(entity: Entity, precedence: Precedence) -> str:
    """The SQL of `conformed_<entity>` over `stated_<entity>`, where an entity says whose rows come first.

    The window is by term, so that a filter on `term_key` still reaches the raw tables.
    """
    columns = [name for name, _ in _union(entity)]
    ranks = "\n".join(
        f"            when '{system}' then {place}" for place, system in enumerate(precedence.systems, start=1)
    )
    place = ", ".join(f"ranked.{name}" for name in ("term_key", *precedence.per))
    return (
        f"{{# {HEADER} #}}\nwith ranked as (\n    select\n"
        + "".join(f"        stated.{name},\n" for name in columns)
        + f"        case stated.{STATED_BY}\n{ranks}\n            else {len(precedence.systems) + 1}\n"
        + f"        end as place\n    from {{{{ ref('stated_{entity.name}') }}}} as stated\n),\n\n"
        + "compared as (\n    select\n        ranked.*,\n"
        + f"        min(ranked.place) over (partition by {place}) as first_place\n    from ranked\n)\n\n"
        + "select\n"
        + ",\n".join(f"    compared.{name}" for name in columns)
        + "\nfrom compared\nwhere compared.place = compared.first_place\n"
    )


def generated_files(declared: Registry) -> dict[str, str]:
    """Every generated file: path below `models/generated` and content."""
    files = {
        "_sources.yml": sources(declared),
        "_documentation.yml": documentation(declared),
        "student_identifiers.sql": student_identifiers(declared),
    }
    for entity in declared.entities.values():
        contracts = sorted(declared.conforming(entity.name), key=lambda contract: contract.name)
        union = conformed_union(entity, contracts)
        if entity.precedence:
            files[f"stated_{entity.name}.sql"] = union
            union = first_that_states(entity, entity.precedence)
        files[f"conformed_{entity.name}.sql"] = union
    return files


@cache
def _of_the_registry() -> dict[str, str]:
    """The files of this process's declarations, which do not change; every build asks for them."""
    return generated_files(registry())


def _demand_staging_views(declared: Registry, project: Path) -> None:
    """Raise DeclarationError for a contract that conforms to an entity without a staging view."""
    written = {path.stem for path in (project / "models" / "staging").rglob("*.sql")}
    for contract in declared.contracts.values():
        for name in contract.conforms_to:
            view = contract.staging_view(name)
            if view not in written:
                columns = ", ".join(column.name for column in declared.entities[name].columns)
                raise DeclarationError(
                    f"{contract.name} conforms to {name}, but no staging view maps it: write "
                    f"dbt_project/models/staging/{contract.system}/{view}.sql that selects {columns}, "
                    f"{', '.join(LINEAGE)} from {{{{ source('{contract.raw_schema}', '{contract.name}') }}}}"
                )


def generate(project: Path = DBT_PROJECT, declared: Registry | None = None) -> list[Path]:
    """Write what differs below `<project>/models/generated`, remove what is no longer declared.

    Returns the paths that changed. Raises DeclarationError where a staging view is missing.
    """
    wanted = generated_files(declared) if declared else _of_the_registry()
    _demand_staging_views(declared or registry(), project)
    folder = project / "models" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for path in folder.iterdir():
        if path.name not in wanted:
            path.unlink()
            changed.append(path)
    for name, content in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            aside = path.with_suffix(f"{path.suffix}.new")
            aside.write_text(content, encoding="utf-8")
            aside.replace(path)
            changed.append(path)
    return changed
