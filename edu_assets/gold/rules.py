"""Rules as data, for people: what stands in the rule tables, what of it holds for a network, and what rests on it.

Belongs here: reading dbt_project/seeds and dbt's manifest. Does not belong here: applying a rule
(dbt_project/macros/rules.sql), changing one (the file is the place).
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from edu_assets.errors import EduError
from edu_assets.gold.generate import DBT_PROJECT
from edu_assets.network import Network

SEEDS = DBT_PROJECT / "seeds"
VERSION = ("authority", "rule_version", "effective_from", "effective_to")
"""What every row of a rule table carries beside `source`: whose rule it is, its name, and the days on which it holds
(the first inclusive, the last exclusive; empty is open)."""

CHOSEN = re.compile(r"(?:rule_of_term|authority_of|rules_reported_by)\(\s*'(\w+)'\s*\)")
"""How a model takes rows of a rule table by authority (dbt_project/macros/rules.sql)."""
CHOSEN_BY_SCHOOL = "rule_daily_attendance"
"""Of this table the network file chooses rows for each school (`daily_attendance`), not by authority."""
DEFAULT_AUTHORITY = "federal"
"""Whose rule holds where the network's authority has none of its own in a table (dbt_project/macros/rules.sql)."""

Manifest = Mapping[str, Any]
Row = dict[str, str]
Holds = Literal["own", "beside", "everywhere", "no"]


class UnknownAuthority(EduError):
    """No rule table knows the authority; the message names those that are known."""


class UnknownMethod(EduError):
    """No rule makes a day in the way that the network file names; the message names those that are known."""


class UnknownFigure(EduError):
    """Gold has no such mart; the message names the nearest."""


class Rule(BaseModel):
    """The rows of a rule table under one version.

    holds: `own` for the network's authority, or where the network file chooses it for a school, `beside` for one that
    the network also reports by, `everywhere` for maps and bands that nobody chooses, `no` otherwise. figures: marts
    that rest on it. values: its rows without what VERSION and `source` tell.
    """

    table: str
    authority: str
    rule_version: str
    effective_from: str
    effective_to: str
    holds: Holds
    figures: list[str]
    sources: list[str]
    values: list[Row]


class Explained(BaseModel):
    """A mart as its yml tells it, with the rules that it rests on."""

    figure: str
    description: str
    columns: dict[str, str]
    rules: list[Rule]


def demand_known_authorities(network: Network) -> None:
    """Raise UnknownAuthority where the network file names one of which no rule table has a row."""
    known = {row["authority"] for path in SEEDS.glob("rule_*.csv") for row in _read(path)}
    for authority in network.authorities:
        if authority not in known:
            raise UnknownAuthority(
                f"the network file names the authority {authority!r}, of which no rule table has a row; known: "
                f"{', '.join(sorted(known))}. Mend the name, or give it rows in dbt_project/seeds/rule_*.csv"
            )


def demand_known_methods(network: Network) -> None:
    """Raise UnknownMethod where the network file makes days in a way that rule_daily_attendance does not know."""
    known = {(row["system"], row["method"]) for row in _read(SEEDS / f"{CHOSEN_BY_SCHOOL}.csv")}
    for school_id, made_of, method in network.attendance_methods:
        if (made_of, method) not in known:
            methods = sorted(name for of, name in known if of == made_of)
            raise UnknownMethod(
                f"the network file makes days of school {school_id} of {made_of} by {method!r}, which no rule knows; "
                f"known for {made_of}: {', '.join(methods)}. Mend daily_attendance in the network file, or give the "
                f"method a row in dbt_project/seeds/{CHOSEN_BY_SCHOOL}.csv"
            )


def rules(manifest: Manifest, network: Network) -> list[Rule]:
    """Every rule of every rule table, by table, authority and time."""
    chosen = _chosen_by_authority(manifest)
    methods = {(made_of, method) for _, made_of, method in network.attendance_methods}
    rests_on = {name: _seeds_above(manifest, unique_id) for name, unique_id in _marts(manifest).items()}
    found = []
    for path in sorted(SEEDS.glob("*.csv")):
        rows = _read(path)
        if not rows or not set(VERSION) <= set(rows[0]):
            continue
        table = path.stem
        figures = sorted(name for name, seeds in rests_on.items() if table in seeds)
        authorities = {row["authority"] for row in rows}
        for version, of_version in groupby(sorted(rows, key=_version), key=_version):
            own = list(of_version)
            holds: Holds = _holds(version[0], network, authorities) if table in chosen else "everywhere"
            if table == CHOSEN_BY_SCHOOL:
                holds = "own" if any((row["system"], row["method"]) in methods for row in own) else "no"
            found.append(
                Rule(
                    table=table,
                    **dict(zip(VERSION, version, strict=True)),
                    holds=holds,
                    figures=figures,
                    sources=sorted({row["source"] for row in own}),
                    values=[{name: row[name] for name in row if name not in (*VERSION, "source")} for row in own],
                )
            )
    return found


def explain(manifest: Manifest, network: Network, figure: str) -> Explained:
    """What a mart says and by which rules. Raises UnknownFigure."""
    marts = _marts(manifest)
    if figure not in marts:
        near = difflib.get_close_matches(figure, marts, n=3, cutoff=0.4) or sorted(marts)
        raise UnknownFigure(f"gold has no mart {figure!r}; perhaps {', '.join(near)}")
    node = manifest["nodes"][marts[figure]]
    return Explained(
        figure=figure,
        description=node["description"],
        columns={name: column["description"] for name, column in node["columns"].items()},
        rules=[rule for rule in rules(manifest, network) if figure in rule.figures and rule.holds != "no"],
    )


def _holds(authority: str, network: Network, authorities: set[str]) -> Holds:
    own = network.authority if network.authority in authorities else DEFAULT_AUTHORITY
    if authority == own:
        return "own"
    return "beside" if authority in network.also_reported else "no"


def _version(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in VERSION)


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _chosen_by_authority(manifest: Manifest) -> set[str]:
    """Rule tables of which a model takes the rows of the network's authority, or of those that it reports by."""
    models = (node.get("raw_code", "") for node in manifest["nodes"].values())
    macros = (macro["macro_sql"] for macro in manifest["macros"].values())
    return {table for code in (*models, *macros) for table in CHOSEN.findall(code)}


def _marts(manifest: Manifest) -> dict[str, str]:
    """Unique ids of the marts by name."""
    return {
        node["name"]: unique_id
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and "marts" in node["fqn"]
    }


def _seeds_above(manifest: Manifest, unique_id: str) -> set[str]:
    return {above.split(".")[-1] for above in _above(manifest, unique_id, set()) if above.startswith("seed.")}


def _above(manifest: Manifest, unique_id: str, seen: set[str]) -> Iterator[str]:
    for parent in manifest["parent_map"].get(unique_id, []):
        if parent not in seen:
            seen.add(parent)
            yield parent
            yield from _above(manifest, parent, seen)
