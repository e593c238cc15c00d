"""What each source table looks like: one module a source system, nothing but declarations.

`registry()` collects the declarations of every module of this package, so that a new table is one
new module and no import is written anywhere. A module beside `base`, the vocabulary, and `drafting`, which
writes first versions of such modules, may declare Contract, Entity
and System objects at its top level.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from edu_assets.contracts.base import Contract, DeclarationError, Entity, System, TermVia
from edu_assets.network import Network

__all__ = ["Registry", "registry"]

Named = TypeVar("Named", Contract, Entity, System)


class Registry:
    """Every declaration of the platform, by name and in an order in which parents precede children."""

    def __init__(
        self,
        contracts: list[Contract],
        entities: list[Entity],
        systems: list[System],
        declared_in: dict[str, str] | None = None,
    ) -> None:
        self.declared_in = declared_in or {}
        """The Python file of each contract, as far as it is known."""
        self.contracts = _parents_first(_by_name(contracts))
        self.entities = _by_name(entities)
        self.systems = _by_name(systems)
        for contract in self.contracts.values():
            if contract.system not in self.systems:
                raise DeclarationError(f"{contract.name}: no System {contract.system!r} is declared")
            for entity in contract.conforms_to:
                if entity not in self.entities:
                    raise DeclarationError(
                        f"{contract.name} conforms to {entity!r}, which is no entity; "
                        f"known: {', '.join(sorted(self.entities))}"
                    )
        for declared in self.entities.values():
            for system in declared.precedence.systems if declared.precedence else ():
                if system not in self.systems:
                    raise DeclarationError(
                        f"{declared.name} gives precedence to {system!r}, which is no system; "
                        f"known: {', '.join(sorted(self.systems))}"
                    )

    def contract(self, name: str) -> Contract:
        """The contract `<system>__<table>`. Raises DeclarationError naming the known ones."""
        if name not in self.contracts:
            raise DeclarationError(f"no contract {name!r}; known: {', '.join(sorted(self.contracts))}")
        return self.contracts[name]

    def of_system(self, system: str) -> list[Contract]:
        return [contract for contract in self.contracts.values() if contract.system == system]

    def sent_by(self, network: Network) -> dict[str, list[Contract]]:
        """What each feed sends, parents first. Raises DeclarationError where the network file names a system or a
        table that is not declared."""
        for name, feed in network.feeds.items():
            if feed.system not in self.systems:
                known = ", ".join(sorted(self.systems))
                raise DeclarationError(f"feeds.{name}: there is no system {feed.system!r}; known: {known}")
            tables = [contract.table for contract in self.of_system(feed.system)]
            unknown = [table for table in feed.tables or () if table not in tables]
            if unknown:
                raise DeclarationError(
                    f"feeds.{name}.tables: system {feed.system} has no {', '.join(unknown)}; known: {', '.join(tables)}"
                )
        return {
            name: [contract for contract in self.contracts.values() if feed.sends(contract)]
            for name, feed in network.feeds.items()
        }

    def switched_on(self, network: Network) -> list[Contract]:
        """The contracts of the tables that any feed of a network sends, parents first."""
        sent = {contract.name for contracts in self.sent_by(network).values() for contract in contracts}
        return [contract for contract in self.contracts.values() if contract.name in sent]

    def conforming(self, entity: str) -> list[Contract]:
        return [contract for contract in self.contracts.values() if entity in contract.conforms_to]


def _by_name(declared: list[Named]) -> dict[str, Named]:
    named: dict[str, Named] = {}
    for declaration in declared:
        if declaration.name in named:
            raise DeclarationError(f"{type(declaration).__name__} {declaration.name} is declared twice")
        named[declaration.name] = declaration
    return named


def _parents_first(contracts: dict[str, Contract]) -> dict[str, Contract]:
    parents: dict[str, set[str]] = {}
    for contract in contracts.values():
        parents[contract.name] = set()
        if isinstance(contract.term, TermVia):
            parent = f"{contract.system}__{contract.term.parent}"
            if parent not in contracts:
                raise DeclarationError(f"{contract.name} takes its term from {parent}, which is no contract")
            parents[contract.name].add(parent)
    try:
        return {name: contracts[name] for name in TopologicalSorter(parents).static_order()}
    except CycleError as error:
        raise DeclarationError(f"contracts take their terms from each other: {error.args[1]}") from error


@cache
def registry() -> Registry:
    """The declarations of every module in this package."""
    contracts: dict[int, Contract] = {}
    entities: dict[int, Entity] = {}
    systems: dict[int, System] = {}
    declared_in: dict[str, str] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name):
        imported = importlib.import_module(f"{__name__}.{module.name}")
        for value in vars(imported).values():
            if isinstance(value, Contract) and imported.__file__:
                declared_in.setdefault(value.name, imported.__file__)
            for kind, found in ((Contract, contracts), (Entity, entities), (System, systems)):
                if isinstance(value, kind):
                    found[id(value)] = value  # by identity: one object imported by two modules is one
    return Registry(list(contracts.values()), list(entities.values()), list(systems.values()), declared_in)
