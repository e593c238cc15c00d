"""The deliveries of the sample network, from first to last, and their writing into the landing zone.

Belongs here: what is sent when, under which name, and how a file is written. Does not belong here:
what a file says (oneroster.py, attendance.py), what is wrong with it (faults.py).
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from random import Random

from pydantic import BaseModel, ConfigDict

from edu_assets.network import Network
from edu_assets.sample import (
    admissions,
    assessing,
    conduct,
    curriculum,
    faults,
    finance,
    hr,
    ods,
    periods,
    platform,
    records,
    reference,
    survey,
    vendor,
)
from edu_assets.sample.attendance import Sheet, attendance_of_schools, sheets
from edu_assets.sample.districts import District, districts
from edu_assets.sample.faults import Outcome, PlantedFault
from edu_assets.sample.oneroster import Package, RosterSource, bulk_package, delta_package
from edu_assets.sample.population import Population, simulate
from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.timetable import timetable
from edu_assets.sample.world import TableFile, World
from edu_assets.school_calendar import DeclarationError

DEFAULT_SEED = 20240826
SYSTEMS = (
    *(records, ods, admissions, conduct, reference, periods, curriculum, assessing, finance, survey, hr, platform),
    vendor,
)
"""Modules that write sheets, by the function `tables` of each."""
SENT_AT = time(6, 30, tzinfo=UTC)


class FileKind(StrEnum):
    ONEROSTER_BULK = "oneroster_bulk"
    ONEROSTER_DELTA = "oneroster_delta"
    ATTENDANCE = "attendance"
    SHEET = "sheet"
    ITEMS = "items"
    UNCLAIMED = "unclaimed"


class ExportedFile(BaseModel):
    """One file of the landing zone.

    path: relative to the landing zone. rows: data rows by table; a truncated package counts none.
    written: false where the same content already lay there.
    """

    model_config = ConfigDict(frozen=True)

    kind: FileKind
    feed: str
    path: str
    sent: date
    rows: dict[str, int]
    size: int
    written: bool


class ExportSummary(BaseModel):
    """What `write_exports` wrote, in the order of delivery, and what it planted.

    students: different students over all years. rows: data rows by table over all files.
    """

    model_config = ConfigDict(frozen=True)

    files: tuple[ExportedFile, ...]
    students: int
    rows: dict[str, int]
    faults: tuple[PlantedFault, ...]


@dataclass(frozen=True)
class _Delivery:
    kind: FileKind
    feed: str
    name: str
    sent: date
    rows: dict[str, int]
    content: bytes


def write_exports(landing: Path, network: Network, seed: int | None = None) -> ExportSummary:
    """Write all exports of the sample network below `landing`, each into its feed's folder.

    Equal seeds give equal bytes. A file whose content already lies there is left untouched, any other
    is written aside and renamed; modification times follow the order of delivery. `network.sample`
    gives `students` (about how many over all years) and the `seed` where none is passed.
    Raises DeclarationError where the network file has no `sample` or lacks the sample's LEAs and feeds.
    """
    if not network.sample or "students" not in network.sample:
        raise DeclarationError(
            f"network {network.name!r} has no sample to write: "
            "declare `sample: {students: 1200}` as networks/sample.yaml does"
        )
    seed = seed if seed is not None else network.sample.get("seed", DEFAULT_SEED)
    population = simulate(network, network.sample["students"], seed)
    classes = timetable(network, population, seed)
    recorded = attendance_of_schools(network, population, seed)
    deliveries: list[_Delivery] = []
    planted: list[PlantedFault] = []
    known = districts(network)
    for district in known:
        source = RosterSource(network, district, population, classes)
        packages, faulty = _packages(source, population, breaks_off=district is known[-1])
        deliveries += packages
        planted += faulty
    for district in known:
        files = sheets(network, district, population, recorded)
        if district is known[0]:
            files, faulty = _with_faults(files, population, Random(f"{seed}:faults"))
            planted += faulty
        deliveries += [_attendance(sheet) for sheet in files]
    world = World(network, population, classes, recorded, seed)
    deliveries += [_table(file) for system in SYSTEMS for file in system.tables(world)]
    stray = _stray_file(known[0], population)
    deliveries.append(stray)
    planted.append(PlantedFault(kind="unclaimed_file", outcome=Outcome.UNCLAIMED, feed=stray.feed, file=stray.name))
    deliveries.sort(key=lambda each: (each.sent, each.feed, each.name))
    return _summary(
        [_write(landing, network, each, place) for place, each in enumerate(deliveries)], population, planted
    )


def _summary(files: list[ExportedFile], population: Population, planted: list[PlantedFault]) -> ExportSummary:
    rows: Counter[str] = Counter()
    for file in files:
        rows.update(file.rows)
    return ExportSummary(files=tuple(files), students=len(population.students), rows=dict(rows), faults=tuple(planted))


# -- packages -----------------------------------------------------------------------------------


def _packages(
    source: RosterSource, population: Population, *, breaks_off: bool
) -> tuple[list[_Delivery], list[PlantedFault]]:
    """A bulk package when a term begins, a delta in its middle, a delta on its last day.

    The last one makes the term's slice final: what the next bulk package says is the next term's.
    Where `breaks_off`, the delta in the middle of the first year's second term breaks off in transfer
    and is sent again the next day.
    """
    deliveries: list[_Delivery] = []
    planted: list[PlantedFault] = []
    for year in population.years:
        for position in range(len(year.terms)):
            opening, middle, closing = _package_days(source, year, position)
            before = source.roster(year, opening)
            deliveries.append(_package(source, FileKind.ONEROSTER_BULK, opening, bulk_package(source.district, before)))
            for day in (middle, closing):
                after = source.roster(year, day)
                package = delta_package(source.district, before, after, day)
                before = after
                if package is None:
                    continue
                delivery = _package(source, FileKind.ONEROSTER_DELTA, day, package)
                deliveries.append(delivery)
                if breaks_off and year is population.years[0] and position == 1 and day == middle:
                    broken, fault = _broken_off(delivery)
                    deliveries.append(broken)
                    planted.append(fault)
    return deliveries, planted


def _package_days(source: RosterSource, year: SchoolYear, position: int) -> tuple[date, date, date]:
    term = year.terms[position]
    opening = min(year.intervals[school_id, term.term].start for school_id in source.schools)
    moving_days = year.moving_days[term.term]
    return opening, moving_days[len(moving_days) // 2], term.instructional.end - timedelta(1)


def _package(source: RosterSource, kind: FileKind, day: date, package: Package) -> _Delivery:
    feed = source.district.sis_feed
    return _Delivery(kind, feed, f"{feed}_oneroster_{day}.zip", day, package.rows, package.zipped(day))


def _broken_off(sound: _Delivery) -> tuple[_Delivery, PlantedFault]:
    """The first attempt of a delivery, a day before the sound one."""
    day = sound.sent - timedelta(1)
    name = f"{sound.feed}_oneroster_{day}.zip"
    broken = _Delivery(sound.kind, sound.feed, name, day, {}, faults.cut_off(sound.content))
    return broken, PlantedFault(kind="truncated_package", outcome=Outcome.REFUSED, feed=sound.feed, file=name)


# -- attendance ---------------------------------------------------------------------------------


def _with_faults(files: list[Sheet], population: Population, random: Random) -> tuple[list[Sheet], list[PlantedFault]]:
    """Plant the faults of attendance files: in the first school's, and in the last one's of the district."""
    by_school: dict[str, list[Sheet]] = {}
    for sheet in files:
        by_school.setdefault(sheet.school_id, []).append(sheet)
    first_school, last_school = next(iter(by_school.values())), list(by_school.values())[-1]
    first_year, last_year = population.years[0], population.years[-1]
    silent_day = _middle(first_year, 1)

    changed: dict[str, list[Sheet]] = {}
    planted: list[PlantedFault] = []

    original, corrected, faulty = faults.first_version(_holding(first_school, _middle(first_year, 0)), random)
    changed[original.name] = [original, corrected]
    planted += faulty
    silent, faulty = faults.unreported(_holding(first_school, silent_day), silent_day)
    changed[silent.name] = [silent]
    planted += faulty
    damaged, faulty = faults.bad_rows(_holding(last_school, _middle(first_year, 1)), random)
    changed[damaged.name] = [damaged]
    planted += faulty
    delayed, faulty = faults.late(_holding(last_school, _middle(last_year, 1)))
    changed[delayed.name] = [delayed]
    planted += faulty
    return [each for sheet in files for each in changed.get(sheet.name, [sheet])], planted


def _middle(year: SchoolYear, position: int) -> date:
    days = year.moving_days[year.terms[position].term]
    return days[len(days) // 2]


def _holding(files: list[Sheet], day: date) -> Sheet:
    return next(sheet for sheet in files if any(record[1] == day for record in sheet.records))


def _attendance(sheet: Sheet) -> _Delivery:
    return _Delivery(
        FileKind.ATTENDANCE,
        sheet.district.attendance_feed,
        sheet.name,
        sheet.sent,
        {"attendance_daily": sheet.row_count},
        sheet.text().encode("utf-8"),
    )


def _table(file: TableFile) -> _Delivery:
    content = file.text().encode("utf-8")
    kind = FileKind.ITEMS if isinstance(file, ods.ItemFile) else FileKind.SHEET
    return _Delivery(kind, file.feed, file.name, file.sent, {file.table: len(file.rows)}, content)


def _stray_file(district: District, population: Population) -> _Delivery:
    day = _middle(population.years[0], 0)
    monday = day - timedelta(day.weekday())
    content = faults.lunch_menu(monday).encode("utf-8")
    return _Delivery(
        FileKind.UNCLAIMED, district.attendance_feed, f"lunch_menu_{monday:%Y-%m}.csv", monday, {}, content
    )


# -- writing ------------------------------------------------------------------------------------


def _write(landing: Path, network: Network, delivery: _Delivery, place: int) -> ExportedFile:
    """Write one file unless the same content lies there; `place` keeps a day's files in order."""
    folder = network.feeds[delivery.feed].folder
    if folder is None:
        raise DeclarationError(f"the sample is written into folders, but feed {delivery.feed} lands at a remote place")
    path = landing / folder / delivery.name
    stands = path.is_file() and path.stat().st_size == len(delivery.content) and path.read_bytes() == delivery.content
    if not stands:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.part")
        aside.write_bytes(delivery.content)
        sent = datetime.combine(delivery.sent, SENT_AT).timestamp() + place
        os.utime(aside, (sent, sent))
        aside.replace(path)
    return ExportedFile(
        kind=delivery.kind,
        feed=delivery.feed,
        path=path.relative_to(landing).as_posix(),
        sent=delivery.sent,
        rows=delivery.rows,
        size=len(delivery.content),
        written=not stands,
    )
