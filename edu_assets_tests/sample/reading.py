"""How the tests read the sample's exports back: by the standards alone, without the generator."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from edu_assets.network import EndDates, Network
from edu_assets.sample import ExportedFile, ExportSummary, FileKind, Outcome

Row = dict[str, str]


@dataclass(frozen=True)
class Exported:
    landing: Path
    network: Network
    summary: ExportSummary

    def of_kind(self, *kinds: FileKind) -> list[ExportedFile]:
        return [file for file in self.summary.files if file.kind in kinds]

    def fault_lines(self, path: str, *outcomes: Outcome) -> set[int]:
        return {
            line
            for fault in self.summary.faults
            if path.endswith(f"{fault.feed}/{fault.file}") and fault.outcome in outcomes
            for line in fault.lines
        }

    def packages(self) -> Iterator[tuple[ExportedFile, dict[str, str], dict[str, list[Row]]]]:
        """Every sound package in order of delivery: manifest properties and members' rows."""
        broken = {fault.file for fault in self.summary.faults if fault.outcome is Outcome.REFUSED}
        for file in self.of_kind(FileKind.ONEROSTER_BULK, FileKind.ONEROSTER_DELTA):
            if Path(file.path).name not in broken:
                manifest, members = read_package(self.landing / file.path)
                yield file, manifest, members

    def rosters(self) -> Iterator[tuple[str, str, dict[str, dict[str, Row]]]]:
        """(feed, term key, tables) at each term's end: its bulk package with its deltas applied."""
        slices: dict[tuple[str, str], dict[str, dict[str, Row]]] = {}
        for file, manifest, members in self.packages():
            term = self.network.calendar.term_of_date(file.sent)
            assert term is not None
            tables = slices.setdefault((file.feed, term.key), defaultdict(dict))
            for name, rows in members.items():
                if manifest[f"file.{name}"] == "bulk":
                    tables[name] = {}
                for row in rows:
                    if row["status"] == "tobedeleted":
                        del tables[name][row["sourcedId"]]
                    else:
                        tables[name][row["sourcedId"]] = row
        for (feed, key), tables in slices.items():
            yield feed, key, tables

    def stays(self) -> dict[tuple[str, str, str], list[tuple[date, date]]]:
        """(term key, school, student number) → homeroom enrolments, ends exclusive."""
        found: dict[tuple[str, str, str], list[tuple[date, date]]] = defaultdict(list)
        for feed, term_key, tables in self.rosters():
            inclusive = self.network.feeds[feed].end_dates is EndDates.INCLUSIVE
            for row in tables["enrollments"].values():
                homeroom = tables["classes"][row["classSourcedId"]]["classType"] == "homeroom"
                if homeroom and row["role"] == "student":
                    number = tables["users"][row["userSourcedId"]]["identifier"]
                    school = tables["orgs"][row["schoolSourcedId"]]["identifier"]
                    end = date.fromisoformat(row["endDate"]) + timedelta(inclusive)
                    found[term_key, school, number].append((date.fromisoformat(row["beginDate"]), end))
        return found

    def given_up(self) -> dict[str, set[tuple[str, date]]]:
        """LEA → (school, day) of the last ten days in session of its last school, of which no daily file is sent."""
        last = {school.lea_id: school for school in self.network.schools}
        calendar = self.network.calendar
        last_term = calendar.ordered_terms()[-1]
        return {
            lea: {(school.school_id, day) for day in calendar.school_days(last_term, school.calendar)[-10:]}
            for lea, school in last.items()
        }

    def attendance(self) -> Iterator[tuple[ExportedFile, int, Row]]:
        """Every sound attendance row with its file and line, superseded files included."""
        for file in self.of_kind(FileKind.ATTENDANCE):
            damaged = self.fault_lines(file.path, Outcome.QUARANTINED, Outcome.DUPLICATE)
            text = (self.landing / file.path).read_text(encoding="utf-8-sig")
            reader = csv.DictReader(io.StringIO(text))
            for line, row in enumerate(reader, start=2):
                if line not in damaged:
                    yield file, line, row


def read_items(path: Path) -> list[dict[str, Any]]:
    """The items of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_package(path: Path) -> tuple[dict[str, str], dict[str, list[Row]]]:
    members: dict[str, list[Row]] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8")
            members[name.removesuffix(".csv")] = list(csv.DictReader(io.StringIO(text, newline="")))
    manifest = {row["propertyName"]: row["value"] for row in members.pop("manifest")}
    return manifest, members


def read_date(text: str) -> date:
    if "/" not in text:
        return date.fromisoformat(text)
    month, day, year = text.split("/")
    return date(int(year), int(month), int(day))
