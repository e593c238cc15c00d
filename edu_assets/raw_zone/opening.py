"""Opening a delivery: its tables with the contracts that claim them, how each was sent, its date and its term.

Belongs here: what a package says before any row is read, and why it is refused whole. Does not belong here: how files
are read (sources/), the columns of a table (binding.py), rows (stage.py).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from edu_assets.contracts import registry
from edu_assets.contracts.base import Contract, LoadMode, ManifestRule, TermByDate, TermByDelivery
from edu_assets.network import Feed
from edu_assets.raw_zone.conformance_package import package_findings
from edu_assets.raw_zone.slices import DeliveryReport
from edu_assets.settings import Settings
from edu_assets.sources.files import FileRefused, Package, Table, open_package


@dataclass(frozen=True)
class Said:
    """What is known of a file without looking into it: the name that it arrived under, the term that a person gives
    it, and the effective date that the network file, or an earlier look, gives it."""

    name: str
    term: str | None
    effective_date: date | None


@dataclass(frozen=True)
class OpenDelivery:
    """A package that was looked into: its members with the contracts that claim them, parents first, and its date.

    delivery_term: the term of rows whose contract has the rule `delivery`.
    """

    package: Package
    members: list[tuple[Contract, Table | None, LoadMode]]
    effective_date: date | None
    delivery_term: str | None


def open_delivery(settings: Settings, system: str, path: Path, said: Said, report: DeliveryReport) -> OpenDelivery:
    """Look into a file that arrived under a name; what is odd about it goes into the report. Raises FileRefused."""
    package = open_package(path, said.name, _manifest_file(system), registry().of_system(system))
    report.conformance = package_findings(system, package, said.name)
    members, unclaimed = _members(package, system)
    report.problems += unclaimed
    if not members:
        raise FileRefused(report.problems.pop() if report.problems else f"{said.name} holds no table")
    return OpenDelivery(package, members, *_effective(settings, package, members, said))


def require_declared(opened: OpenDelivery, feed: Feed, name: str) -> None:
    """Raises FileRefused where a table comes that the network file says the feed does not send: it has no asset, so
    nothing would look at its rows."""
    for contract, table, _ in opened.members:
        if table is not None and not feed.sends(contract):
            raise FileRefused(
                f"{table.name} is {contract.name}, which feeds.{name}.tables of the network file does not name: add "
                f"{contract.table} there, or ask the sender to leave it out"
            )


def _manifest_file(system: str) -> str | None:
    manifest = registry().systems[system].manifest
    return manifest.file if manifest else None


def _members(package: Package, system: str) -> tuple[list[tuple[Contract, Table | None, LoadMode]], list[str]]:
    """The package's tables with the contracts that claim them, parents first; what nothing claims.

    A contract whose table the package has not sent stands with None where the package has a
    manifest: its absence is a statement.
    """
    manifest = registry().systems[system].manifest if package.manifest is not None else None
    members: list[tuple[Contract, Table | None, LoadMode]] = []
    for contract in registry().of_system(system):
        claims = [found for found in package.tables if found.contract == contract.name]
        if len(claims) > 1:
            raise FileRefused(
                f"{claims[0].name} and {claims[1].name} of the package are both {contract.name}: "
                "send one table in one file"
            )
        table = claims[0] if claims else None
        mode = contract.mode
        if manifest is not None and package.manifest is not None:
            mode = _stated_mode(contract, manifest, package.manifest, table)
        if table is not None or manifest is not None:
            members.append((contract, table, mode))
    problems = [_unclaimed(table, system) for table in package.tables if table.contract is None]
    if len(problems) == len(package.tables) and (manifest is None or problems):
        return [], problems
    return members, problems  # a manifest alone says that nothing changed


def _stated_mode(contract: Contract, rule: ManifestRule, manifest: dict[str, str], table: Table | None) -> LoadMode:
    """The mode in which the manifest says that a table is sent. Raises FileRefused where it is not there."""
    stem = Path(table.name if table else contract.files[0]).stem
    said = manifest.get(rule.mode_property.format(table=stem), rule.absent)
    if table is None and said in rule.modes:
        raise FileRefused(
            f"the manifest says that {contract.files[0]} is sent ({said}), but the package has no such member: "
            "ask the sender for the whole package"
        )
    return rule.modes.get(said, contract.mode)


def nearest(header: Collection[str]) -> Contract | None:
    """The contract whose columns are most like a header; None where none is like it."""

    def likeness(contract: Contract) -> float:
        wanted = {column.header for column in contract.columns}
        return len(wanted.intersection(header)) / len(wanted.union(header))

    likeliest = max(registry().contracts.values(), key=likeness)
    return likeliest if likeness(likeliest) > 0.3 else None


def _unclaimed(table: Table, system: str) -> str:
    """A file that no contract claims, with the contract whose columns are most alike."""
    likeliest = nearest(table.header)
    hint = (
        f"; its columns are most like {likeliest.name}, whose files are named {' or '.join(likeliest.files)}"
        if likeliest
        else ""
    )
    return f"{table.name}: no contract of system {system} claims it{hint}"


def _effective(
    settings: Settings,
    package: Package,
    members: list[tuple[Contract, Table | None, LoadMode]],
    said: Said,
) -> tuple[date | None, str | None]:
    """The effective date and, for the rule `delivery`, the term.

    Where no table has that rule, a date in the name may be that of the rows: only one that was said counts.
    """
    calendar = settings.network.calendar
    effective = said.effective_date or package.effective_date
    if not any(isinstance(contract.term, TermByDelivery) for contract, _, _ in members):
        if not calendar.tiles and any(isinstance(contract.term, TermByDate) for contract, _, _ in members):
            raise FileRefused("terms of this network overlap, so the term rule `date` cannot be used in it")
        return said.effective_date, None
    if said.term is not None:
        return effective, calendar.term(said.term).key
    if effective is None:
        raise FileRefused(
            f"{said.name}: no effective date in the name or the entries; say the term with --term, or the date of its "
            "folder with `effective_dates` of the feed in the network file"
        )
    if not calendar.tiles:
        raise FileRefused("terms of this network overlap, so a date does not name one; say the term with --term")
    found = calendar.term_of_date(effective)
    if found is None:
        raise FileRefused(
            f"effective date {effective} lies in no term of the calendar; add the year to the network "
            "file, or say the term with --term"
        )
    return effective, found.key
