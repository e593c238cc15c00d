"""What goes wrong in real life, planted on purpose and written down, so that tests can look for it.

Belongs here: damage to finished exports and its record. Does not belong here: how exports look
(oneroster.py, attendance.py), how a loader should react (raw_zone/).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from pydantic import BaseModel, ConfigDict

from edu_assets.sample.absence import EXCUSED, HALF_DAY, PRESENT, SUSPENDED, TARDY, UNEXCUSED
from edu_assets.sample.attendance import Sheet

MONTH_ABBREVIATIONS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
EXCEL_EPOCH = date(1899, 12, 30)
CORRECTION_DELAY = timedelta(16)
LATE_DELAY = timedelta(45)

# What the office had first written where the corrected file says something else.
FIRST_WRITTEN = {
    EXCUSED: UNEXCUSED,
    UNEXCUSED: PRESENT,
    SUSPENDED: UNEXCUSED,
    HALF_DAY: PRESENT,
    TARDY: UNEXCUSED,
    PRESENT: UNEXCUSED,
}


class Outcome(StrEnum):
    """What must become of what was planted."""

    REFUSED = "refused"
    UNCLAIMED = "unclaimed"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    CHANGED = "changed"
    INSERTED = "inserted"
    LATE = "late"
    UNREPORTED = "unreported"


class PlantedFault(BaseModel):
    """One planted fault.

    lines: 1-based lines of the file, header included; empty where the whole file is meant.
    school_id, day: of a school that reported nothing on a day.
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    outcome: Outcome
    feed: str
    file: str
    lines: tuple[int, ...] = ()
    school_id: str | None = None
    day: date | None = None


def _fault(sheet: Sheet, kind: str, outcome: Outcome, *lines: int) -> PlantedFault:
    return PlantedFault(kind=kind, outcome=outcome, feed=sheet.district.attendance_feed, file=sheet.name, lines=lines)


def first_version(corrected: Sheet, random: Random) -> tuple[Sheet, Sheet, list[PlantedFault]]:
    """A file as first sent, and the one that corrects it: changed rows, and rows that were forgotten."""
    positions = random.sample(range(len(corrected.records)), min(26, max(4, len(corrected.records) // 20)))
    forgotten, changed = set(positions[:2]), set(positions[2:])
    first = tuple(
        (number, day, FIRST_WRITTEN[code] if position in changed else code)
        for position, (number, day, code) in enumerate(corrected.records)
        if position not in forgotten
    )
    stem = corrected.name.removesuffix(".csv")
    again = replace(corrected, name=f"{stem}_corrected.csv", sent=corrected.sent + CORRECTION_DELAY)
    return (
        replace(corrected, records=first),
        again,
        [
            _fault(again, "correction", Outcome.CHANGED, *sorted(map(again.line, changed))),
            _fault(again, "correction", Outcome.INSERTED, *sorted(map(again.line, forgotten))),
        ],
    )


def late(sheet: Sheet) -> tuple[Sheet, list[PlantedFault]]:
    """A file that is sent weeks after it was due, behind files of later months."""
    return replace(sheet, sent=sheet.sent + LATE_DELAY), [_fault(sheet, "late_file", Outcome.LATE)]


def unreported(sheet: Sheet, day: date) -> tuple[Sheet, list[PlantedFault]]:
    """The school reports nothing of one of its days."""
    kept = tuple(record for record in sheet.records if record[1] != day)
    fault = PlantedFault(
        kind="school_reported_nothing",
        outcome=Outcome.UNREPORTED,
        feed=sheet.district.attendance_feed,
        file=sheet.name,
        school_id=sheet.school_id,
        day=day,
    )
    return replace(sheet, records=kept), [fault]


def bad_rows(sheet: Sheet, random: Random) -> tuple[Sheet, list[PlantedFault]]:
    """Rows that a spreadsheet or a hand has damaged, and rows that stand twice."""
    damages = _damages(sheet)
    positions = random.sample(range(len(sheet.records)), len(damages) + 2)
    twice, conflicting = positions[-2:]
    replaced = {
        position: damage(*sheet.records[position])
        for position, damage in zip(positions, damages.values(), strict=False)
    }
    faults = [
        _fault(sheet, kind, Outcome.QUARANTINED, sheet.line(position))
        for kind, position in zip(damages, positions, strict=False)
    ]
    number, day, code = sheet.records[conflicting]
    added = (
        sheet.spell(*sheet.records[twice]),
        sheet.spell(number, day, FIRST_WRITTEN[code]),
    )
    end = len(sheet.records)
    faults += [
        _fault(sheet, "identical_duplicate", Outcome.DUPLICATE, sheet.line(twice), sheet.line(end)),
        _fault(sheet, "conflicting_duplicate", Outcome.QUARANTINED, sheet.line(conflicting), sheet.line(end + 1)),
    ]
    return replace(sheet, replaced=replaced, added=added), faults


def _damages(sheet: Sheet) -> dict[str, Callable[[str, date, str], str]]:
    school, spelled = sheet.school_id, sheet.district.attendance_date
    whole = sheet.district.half_days[2]
    return {
        "excel_date": lambda number, day, code: (
            f"{school},{number},{day.day}-{MONTH_ABBREVIATIONS[day.month - 1]},{code},{whole}"
        ),
        "excel_serial_date": lambda number, day, code: f"{school},{number},{(day - EXCEL_EPOCH).days},{code},{whole}",
        "impossible_date": lambda number, day, code: f"{school},{number},{day.year}-02-30,{code},{whole}",
        "missing_student_number": lambda _, day, code: f"{school},,{spelled(day)},{code},{whole}",
        "code_not_in_pattern": lambda number, day, _: f"{school},{number},{spelled(day)},absent,{whole}",
        "missing_code": lambda number, day, _: f"{school},{number},{spelled(day)},,{whole}",
        "excel_scientific_number": lambda number, day, code: (
            f"{school},{float(number):.2E},{spelled(day)},{code},{whole}"
        ),
        "decimal_comma": lambda number, day, _: f'{school},{number},{spelled(day)},{HALF_DAY},"0,5"',
        "absence_value_not_allowed": lambda number, day, _: f"{school},{number},{spelled(day)},{UNEXCUSED},100",
        "record_cut_off": lambda number, day, _: f"{school},{number},{spelled(day)}",
    }


def cut_off(content: bytes) -> bytes:
    """The first part of a file whose transfer broke off."""
    return content[: len(content) * 3 // 5]


def lunch_menu(first_day: date) -> str:
    """A file that somebody dropped into the wrong folder."""
    dishes = ("Vegetable lasagne", "Bean chili", "Chicken and rice", "Lentil soup", "Fish tacos")
    lines = [f"{first_day + timedelta(n)},{dish},yes" for n, dish in enumerate(dishes)]
    return "\n".join(["menu_date,main_dish,vegetarian_option", *lines, ""])
