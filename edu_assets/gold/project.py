"""The dbt project in this process: dbt, the version of the project, and its manifest, the same for all networks.

Belongs here: what needs no server, and dbt's environment and flags. Does not belong here: what dbt learns from
contracts (generate.py), what it does in a network's database (commands.py).

A dbt process needs some seven seconds before its first statement, nearly all of it imports and parsing, so dbt is
imported once a process and its parsed project is handed from one command to the next. What changes between commands
(the term, a deploy) is read from the environment while SQL runs, never while the project is parsed; a changed variable
would parse the project again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from copy import copy, deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from edu_assets.errors import EduError
from edu_assets.gold.generate import DBT_PROJECT, generate
from edu_assets.settings import Settings, environment_with
from edu_assets.warehouse import Warehouse
from edu_assets.warehouse.placement import locked

PARSED = DBT_PROJECT / "target" / "any_network"
"""Where it is kept what dbt has parsed and compiled: the same for every network, and apart from what a person's own
dbt leaves in `target`."""
ANY_DATABASE = "any_network"
BUILT_SUFFIXES = (".sql", ".yml", ".csv")
NOT_BUILT = ("target", "logs")
WRITTEN_BY_A_RUN = {"constraints", "depends_on"}
"""Of a node, what dbt changes in place: it writes names of relations into foreign keys."""

_parsed: dict[str, Any] = {}
"""The parsed project by its digest: one at most."""


class GoldFailed(EduError):
    """dbt could not do what it was asked; the message names the node and the mend, never a value."""


def project_digest(settings: Settings) -> str:
    """A hash of everything that decides what gold looks like: models, rules, macros, and the network file."""
    digest = hashlib.sha256(settings.network_file.read_bytes())
    digest.update(models_digest().encode())
    return digest.hexdigest()[:16]


def models_digest() -> str:
    """A hash of the dbt project alone, the same for every network."""
    generate()
    digest = hashlib.sha256()
    for path in sorted(DBT_PROJECT.rglob("*")):
        below = path.relative_to(DBT_PROJECT)
        if path.suffix in BUILT_SUFFIXES and below.parts[0] not in NOT_BUILT:
            digest.update(f"{below.as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def manifest_content() -> Mapping[str, Any]:
    """dbt's manifest as JSON, with `column_sources` on each model (column_sources.py): the same for every network, but
    for the database in which relations stand, which nobody reads there. Needs no server."""
    with _manifest_written() as path:
        return json.loads(path.read_text(encoding="utf-8"))


def write_manifest() -> None:
    """Make what manifest_content reads; where the project has changed, that takes some fifteen seconds."""
    with _manifest_written():
        pass


@contextmanager
def _manifest_written() -> Iterator[Path]:
    """The manifest's file, of this version of the project, for as long as nobody else writes it."""
    PARSED.mkdir(parents=True, exist_ok=True)
    path, stamp = PARSED / "manifest.json", PARSED / "manifest.digest"
    with locked(PARSED / "manifest.lock"):
        digest = models_digest()
        if not (path.exists() and stamp.exists() and stamp.read_text() == digest):
            _compile(path)
            stamp.write_text(digest)
        yield path


def _compile(path: Path) -> None:
    """Compile the project as a deploy would, since lineage is read from SQL without macros, and note the columns."""
    from edu_assets.gold.column_sources import column_sources  # its parser is imported where something has changed only

    _invoke(["compile", "--no-introspect", "--no-populate-cache"], parsed_manifest().deepcopy(), writes=True)
    content = json.loads(path.read_text(encoding="utf-8"))
    for unique_id, sources in column_sources(content, DBT_PROJECT).items():
        content["nodes"][unique_id]["column_sources"] = sources
    path.write_text(json.dumps(content), encoding="utf-8")


def parsed_manifest() -> Any:
    """dbt's own manifest, parsed once a process and project version; not to be run, which would change it."""
    digest = models_digest()
    if digest not in _parsed:
        PARSED.mkdir(parents=True, exist_ok=True)
        with locked(PARSED / "parse.lock"):
            manifest = _invoke(["parse"], None)
        _parsed.clear()
        _parsed[digest] = manifest
    return _parsed[digest]


def manifest_of(warehouse: Warehouse) -> Any:
    """The parsed manifest with relations that stand in the network's database, for one run of dbt.

    A run writes into its nodes what it compiles, so it has its own. Copied is what it writes to, no more: a copy of
    all takes a second, a tenth of the time in which the term of a small network is built.
    """

    def here(node: Any) -> Any:
        node = copy(node)
        node.database = warehouse.database
        if node.relation_name:
            node.relation_name = node.relation_name.replace(f'"{ANY_DATABASE}".', f'"{warehouse.database}".', 1)
        for name in WRITTEN_BY_A_RUN & vars(node).keys():
            setattr(node, name, deepcopy(getattr(node, name)))
        return node

    parsed = parsed_manifest()
    manifest = replace(
        parsed,
        nodes={unique_id: here(node) for unique_id, node in parsed.nodes.items()},
        sources={unique_id: here(source) for unique_id, source in parsed.sources.items()},
    )
    manifest.flat_graph = parsed.flat_graph
    return manifest


def _invoke(command: list[str], manifest: Any, *, writes: bool = False) -> Any:
    """Have dbt do what needs no server. The names of relations hold a database, so there is one for all networks: what
    is parsed for one would have to be parsed again for the next."""
    with dbt_environment({"PGDATABASE": ANY_DATABASE, "EDU_DEPLOY": "1"}):
        outcome = runner_class()(manifest=manifest).invoke([*command, *flags(PARSED, writes=writes)])
    if not outcome.success:
        raise GoldFailed(f"the dbt project does not parse: {reason(outcome)}")
    return outcome.result


@cache
def runner_class() -> Any:
    """dbt's in-process entry; imported on first use, since it takes three seconds."""
    from dbt.adapters.postgres import PostgresAdapter
    from dbt.cli.main import dbtRunner

    from edu_assets.gold.connections import KeptConnections

    PostgresAdapter.ConnectionManager = KeptConnections
    return dbtRunner


def flags(target: Path, *, writes: bool = False) -> list[str]:
    """dbt's log would quote statements and failing rows, so it has none; results are taken from memory."""
    return [
        *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
        *("--target-path", str(target), "--log-path", str(target)),
        *("--log-level", "none", "--log-level-file", "none", "--no-use-colors", "--no-version-check"),
        "--write-json" if writes else "--no-write-json",
    ]


def dbt_environment(variables: Mapping[str, str]) -> AbstractContextManager[None]:
    """What a dbt command reads while its SQL runs; the password among it is gone afterwards."""
    return environment_with({"EDU_TERM": None, "EDU_DEPLOY": None, "PGPASSWORD": None, **variables})


def without_values(message: str) -> str:
    """A database message without the lines in which PostgreSQL quotes the values of a row."""
    hidden = ("DETAIL:", "Failing row", "Key (", "CONTEXT:")
    kept = [line.strip() for line in message.splitlines() if not line.strip().startswith(hidden)]
    return " ".join(line for line in kept if line)


def reason(outcome: Any) -> str:
    return without_values(str(outcome.exception or "no reason given"))
