"""Conformance of packages: what is wrong before a row is read.

Belongs here: the container, the manifest, names of files, headers. Does not belong here: rows, and what a
finding is (conformance.py).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterator

from edu_assets.contracts import registry
from edu_assets.contracts.base import Contract, ManifestRule, Severity, System
from edu_assets.raw_zone.conformance import VALUE_LENGTH, Finding, of_file
from edu_assets.sources.files import Package, Table
from edu_assets.sources.records import may_hold_a_row


def package_findings(system: str, package: Package, name: str) -> list[Finding]:
    """What a package breaks before a row is read. `name` is the name under which it arrived."""
    of_system = registry().systems[system]
    if of_system.manifest is None:
        return []
    version = of_system.version(package.manifest)
    found = list(_container(of_system.manifest, package, name))
    if package.manifest is not None:
        found += _manifest(of_system.manifest, of_system, package, version)
    for table in package.tables:
        contract = next((each for each in registry().of_system(system) if each.claims(table.name)), None)
        if contract is None:
            found.append(_stray(system, table, version))
            continue
        if not contract.is_of(version):
            found.append(of_file(table.name, "version", f"{table.name} is no file of version {version}"))
        found += _header(of_system, contract, table, version)
    return found


def refusal(name: str, why: str) -> Finding:
    """A package that could not be loaded at all. `why` holds no value of a row."""
    return of_file(name, "refused", why)


def _container(rule: ManifestRule, package: Package, name: str) -> Iterator[Finding]:
    if not zipfile.is_zipfile(package.path):
        yield of_file(name, "container", f"send one zip that holds the CSV files and {rule.file}")
        return
    if not name.endswith(".zip"):
        yield of_file(name, "container", "the name of the package ends in .zip")
    with zipfile.ZipFile(package.path) as archive:
        packed = {info.compress_type for info in archive.infolist() if info.file_size}
    if packed - {zipfile.ZIP_DEFLATED}:
        yield of_file(name, "compression", "members are compressed by DEFLATE", severity=Severity.WARNING)
    if package.manifest is None:
        yield of_file(name, "manifest", f"{rule.file} is missing; it says which files are sent, and how")


def _manifest(rule: ManifestRule, system: System, package: Package, version: str | None) -> Iterator[Finding]:
    with zipfile.ZipFile(package.path) as archive:
        text = archive.read(rule.file).decode("utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    if not rows or rows[0] != [rule.property_column, rule.value_column]:
        yield of_file(rule.file, "manifest_header", f"the header is {rule.property_column},{rule.value_column}", line=1)
    given = Counter(row[0] for row in rows)
    for twice in (name for name, times in given.items() if times > 1):
        yield of_file(rule.file, "manifest_property", "each property is given once", column=twice)
    sent = {table.name for table in package.tables}
    wanted = dict(rule.properties)
    files = {}
    for contract in registry().of_system(system.name):
        if contract.is_of(version):
            file = contract.files[0]
            files[rule.mode_property.format(table=file.removesuffix(".csv"))] = file
    wanted |= dict.fromkeys(files, (rule.absent, *rule.modes))
    said = package.manifest or {}
    for name, values in wanted.items():
        if name not in said:
            yield of_file(rule.file, "manifest_property", "the property is missing; it is mandatory", column=name)
            continue
        hint = ""
        if said[name] not in values:
            hint = f"the value is one of {', '.join(values)}, in this case"
        elif name in files and (said[name] == rule.absent) == (files[name] in sent):
            there = "in the package" if files[name] in sent else "not in the package"
            hint = f"the file is {there}, the manifest says {said[name]}"
        if hint:
            yield of_file(rule.file, "manifest_value", hint, column=name, value=said[name])
    prefix = rule.mode_property.format(table="")
    for name in (name for name in given if name.startswith(prefix) and name not in wanted):
        yield of_file(rule.file, "manifest_property", "names no file of this version, in this case", column=name)


def _stray(system: str, table: Table, version: str | None) -> Finding:
    known = [contract.files[0] for contract in registry().of_system(system) if contract.is_of(version)]
    meant = next((file for file in known if file.lower() == table.name.lower()), None)
    if meant is not None:
        return of_file(table.name, "file_name", f"write {meant}: names are case-sensitive")
    return of_file(table.name, "file_name", "is no file of the standard; it is not read")


def _header(system: System, contract: Contract, table: Table, version: str | None) -> Iterator[Finding]:
    columns = [column for column in contract.columns if column.is_of(version)]
    known = columns if version is not None else contract.columns
    by_spelling = {spelling: column for column in known for spelling in (column.header, *column.aliases)}
    if not any(header in by_spelling for header in table.header):
        # Then the first line may be a row, whose values are nobody's names for columns.
        yield of_file(table.name, "header", "the first line holds none of the standard's column names", line=1)
        return
    by_case = {column.header.lower(): column for column in columns}
    for column in columns:
        alias = next((name for name in column.aliases if name in table.header), None)
        if column.header in table.header or column.may_be_absent:
            continue
        if alias is not None:
            hint = f"is called {column.header} in this version; it is read all the same"
            yield of_file(table.name, "alias", hint, column=alias, line=1, severity=Severity.WARNING)
        elif not any(header.lower() == column.header.lower() for header in table.header):
            demanded = column.required or version in column.required_in
            severity = Severity.ERROR if demanded else Severity.WARNING
            hint = "the column is missing" + ("" if demanded else "; an empty one belongs there")
            yield of_file(table.name, "missing_column", hint, column=column.header, line=1, severity=severity)
    places = {column.header: place for place, column in enumerate(known)}
    order = [places[by_spelling[header].header] for header in table.header if header in by_spelling]
    if order != sorted(order):
        hint = "columns stand in the order of the standard; they are read by name all the same"
        yield of_file(table.name, "column_order", hint, line=1, severity=Severity.WARNING)
    if may_hold_a_row(table.header):
        yield of_file(table.name, "header", "names are spelled like values: a row may have run into the header", line=1)
        return
    last = max(place for place, header in enumerate(table.header) if header in by_spelling)
    for place, header in enumerate(table.header):
        if header in by_spelling:
            continue
        extends = system.extension_columns is not None and header.startswith(system.extension_columns.rstrip("*"))
        if extends and place < last:
            hint = "added columns stand to the right of all others"
            yield of_file(table.name, "extension", hint, column=header[:VALUE_LENGTH], line=1)
        elif not extends:
            meant = by_case.get(header.lower())
            hint = (
                f"write {meant.header}: names are case-sensitive"
                if meant
                else f"is no column of this version; an added one is named {system.extension_columns}"
            )
            rule = "header_case" if meant else "unknown_column"
            yield of_file(table.name, rule, hint, column=header[:VALUE_LENGTH], line=1)
