"""Attendance by section and by tap, and the days that are made of both, worked out again from the exported files.

From the definitions in words: attendance of a class that was taken tells of everybody who is in it on the day; who is
not marked there was there. A school's day is its daily file's where that states anybody, else its periods', else its
taps', by the method that the school has in the network file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from edu_assets_tests.gold.recomputing_sheets import Sheets

if TYPE_CHECKING:
    from edu_assets_tests.gold.recomputing import Recomputed

CATEGORY = {"A": "absent_unexcused", "E": "absent_excused", "S": "suspension_out_of_school", "T": "tardy"}
SHARE = {"A": 1, "E": 1, "S": 1, "T": 0}
NOON = time(12)
VERSION = {
    "share_of_sections": "daily-attendance-sections-1",
    "minutes": "daily-attendance-minutes-1",
    "homeroom": "daily-attendance-homeroom-1",
    "am_pm": "daily-attendance-am-pm-1",
    "any_period": "daily-attendance-any-period-1",
    "first_and_last_tap": "daily-attendance-taps-1",
}


@dataclass(frozen=True)
class Report:
    """What was reported of a student's day."""

    code: str
    missed: Decimal
    source: str = "daily"
    rule: str | None = None


@dataclass(frozen=True)
class Bell:
    period: str
    begins: time
    ends: time
    is_official: bool

    @property
    def minutes(self) -> int:
        return (self.ends.hour - self.begins.hour) * 60 + self.ends.minute - self.begins.minute


@dataclass(frozen=True)
class Section:
    """A student in one period of a class: what was marked, and the bells of the period where it has any."""

    code: str | None
    minutes_stated: int | None
    bell: Bell | None

    @property
    def share(self) -> Fraction:
        return Fraction(SHARE[self.code] if self.code else 0)

    @property
    def minutes_missed(self) -> Fraction:
        assert self.bell
        stated = self.share * self.bell.minutes if self.minutes_stated is None else Fraction(self.minutes_stated)
        return min(stated, Fraction(self.bell.minutes))


def mean(shares: Iterable[Fraction]) -> Fraction:
    found = list(shares)
    return sum(found, Fraction()) / len(found)


def _ringing(sections: list[Section]) -> list[Section]:
    return [section for section in sections if section.bell]


def _official(sections: list[Section]) -> list[Section]:
    return [section for section in sections if section.bell and section.bell.is_official]


def _first_of_halves(sections: list[Section]) -> list[Section]:
    halves: dict[bool, list[tuple[time, Section]]] = defaultdict(list)
    for section in sections:
        if section.bell:
            halves[section.bell.begins >= NOON].append((section.bell.begins, section))
    return [
        section for half in halves.values() for begins, section in half if begins == min(begin for begin, _ in half)
    ]


def _all(sections: list[Section]) -> list[Section]:
    return sections


def _by_minutes(sections: list[Section]) -> Fraction:
    lengths = sum(section.bell.minutes for section in sections if section.bell)
    return sum((section.minutes_missed for section in sections), Fraction()) / lengths


Chooses = Callable[[list[Section]], list[Section]]
Measures = Callable[[list[Section]], Fraction]
METHODS: dict[str, tuple[Chooses, Measures]] = {
    "share_of_sections": (_all, lambda sections: mean(section.share for section in sections)),
    "minutes": (_ringing, _by_minutes),
    "homeroom": (_official, lambda sections: mean(section.share for section in sections)),
    "am_pm": (_first_of_halves, lambda sections: mean(section.share for section in sections)),
    "any_period": (_all, lambda sections: max(section.share for section in sections)),
}
"""Which sections of a day decide, and how much of it they say was missed."""


def decimal_of(share: Fraction) -> Decimal:
    """To fifteen places, as a day keeps it."""
    exact = Context(prec=40).divide(Decimal(share.numerator), Decimal(share.denominator))
    return exact.quantize(Decimal("1e-15"), rounding=ROUND_HALF_UP)


class Attendance:
    """Sections and the days made of them and of taps, of a network's landing zone."""

    def __init__(self, base: Recomputed) -> None:
        self.base = base
        self.zone = ZoneInfo(base.network.timezone)
        sheets = Sheets(base)
        scope = ("AttendanceDate", "SchoolID", "AttendanceDate")
        self.marked = sheets.dated("period_attendance", *scope)
        self.taken = sheets.dated("attendance_taken", *scope)
        self.tapped = sheets.dated("attendance_events", *scope)
        self.rung = sheets.standing("bell_schedules")
        self.calendar = sheets.dated("calendar_days", "CalendarDate", "SchoolID", "CalendarCode")

    # -- sections -------------------------------------------------------------------------------

    @cached_property
    def sections(self) -> dict[tuple, dict]:
        """(term, student, school, class of the roster, day, period) → a row of the fact."""
        found: dict[tuple, dict] = {}
        taken = {
            (term, row["SchoolID"], row["ClassID"], date.fromisoformat(row["AttendanceDate"]), row["Period"])
            for term, rows in self.taken.items()
            for row in rows
        }
        for term, school, name, day, period in taken:
            for student, begin, end in self._seats.get((term, name), ()):
                if begin <= day < end:
                    found[term, student, school, name, day, period] = _row(is_taken=True)
        for term, rows in self.marked.items():
            for row in rows:
                day = date.fromisoformat(row["AttendanceDate"])
                place = (row["SchoolID"], row["ClassID"], day, row["Period"])
                found[term, row["StudentNumber"], *place] = _row(
                    is_taken=(term, *place) in taken, code=row["AttendanceCode"], minutes=row["MinutesAbsent"]
                )
        return found

    @cached_property
    def _seats(self) -> dict[tuple[str, str], list[tuple[str, date, date]]]:
        """(term, class) → students with first day and first day no longer in it."""
        found: dict[tuple[str, str], list[tuple[str, date, date]]] = defaultdict(list)
        for (feed, term), tables in self.base.rosters.items():
            last_day_counts = timedelta(self.base.network.feeds[feed].end_dates.value == "inclusive")
            for row in tables["enrollments"].values():
                if row["role"] == "student":
                    student = self.base.number_in_force(tables["users"][row["userSourcedId"]]["identifier"])
                    begin, end = date.fromisoformat(row["beginDate"]), date.fromisoformat(row["endDate"])
                    found[term, row["classSourcedId"]].append((student, begin, end + last_day_counts))
        return found

    # -- days -----------------------------------------------------------------------------------

    def made(self, stated: dict[tuple[str, str, date], Report]) -> dict[tuple[str, str, date], Report]:
        """(school, student, day) → what is made of periods or taps where no daily file states the school's day."""
        spoken = {(school, day) for school, _, day in stated}
        of_periods = {key: report for key, report in self._of_periods() if (key[0], key[2]) not in spoken}
        spoken |= {(school, day) for school, _, day in of_periods}
        return of_periods | {key: report for key, report in self._of_taps() if (key[0], key[2]) not in spoken}

    def _method(self, school: str, made_of: str) -> str | None:
        own = self.base.schools[school].daily_attendance or self.base.network.daily_attendance
        return own.periods if made_of == "periods" else own.taps

    def _bells(self, term: str, school: str, day: date) -> list[Bell]:
        names = {
            row["BellSchedule"]
            for row in self.calendar.get(term, [])
            if (row["SchoolID"], row["CalendarDate"]) == (school, str(day))
        }
        return [
            Bell(
                row["Period"],
                time.fromisoformat(row["StartTime"]),
                time.fromisoformat(row["EndTime"]),
                row["OfficialAttendance"] == "true",
            )
            for row in self.rung.get(term, [])
            if row["SchoolID"] == school and row["BellSchedule"] in names
        ]

    def _of_periods(self) -> Iterator[tuple[tuple[str, str, date], Report]]:
        days: dict[tuple[str, str, str, date], list[tuple[str, dict]]] = defaultdict(list)
        for (term, student, school, _, day, period), row in self.sections.items():
            if self._method(school, "periods"):
                days[term, school, student, day].append((period, row))
        bells = {
            place: {bell.period: bell for bell in self._bells(*place)}
            for place in {(term, school, day) for term, school, _, day in days}
        }
        for (term, school, student, day), rows in days.items():
            method = self._method(school, "periods")
            assert method
            choose, measure = METHODS[method]
            sections = choose(
                [
                    Section(row["attendance_code"], row["minutes_absent"], bells[term, school, day].get(period))
                    for period, row in rows
                ]
            )
            if sections:
                # the code of what was missed most, a mark before none, of equal marks the first by name
                code = min(sections, key=lambda each: (-each.share, each.code is None, each.code or "")).code
                missed = decimal_of(measure(sections))
                yield (school, student, day), Report(code or "unmarked", missed, "periods", VERSION[method])

    def _of_taps(self) -> Iterator[tuple[tuple[str, str, date], Report]]:
        seen: dict[tuple[str, str, date], dict[str, list[tuple[time, str]]]] = defaultdict(lambda: defaultdict(list))
        for term, rows in self.tapped.items():
            for row in rows:
                if self._method(row["SchoolID"], "taps"):
                    at = datetime.fromisoformat(row["EventAt"]).astimezone(self.zone)
                    day = date.fromisoformat(row["AttendanceDate"])
                    assert at.date() == day
                    seen[term, row["SchoolID"], day][row["StudentNumber"]].append((at.time(), row["Direction"]))
        for (term, school, day), taps in seen.items():
            method = self._method(school, "taps")
            assert method == "first_and_last_tap"
            bells = self._bells(term, school, day)
            enrolled = {
                each.student
                for each in self.base.memberships[term]
                if each.school == school and each.holds_on(day) and each.counts
            }
            for student in {*taps, *enrolled} if bells else ():
                code, missed = _by_taps(taps.get(student, []), bells)
                yield (school, student, day), Report(code, decimal_of(missed), "taps", VERSION[method])


def _row(*, is_taken: bool, code: str | None = None, minutes: str | None = None) -> dict:
    return {
        "is_taken": is_taken,
        "is_marked": code is not None,
        "attendance_code": code,
        "attendance_category": CATEGORY[code] if code else None,
        "absent_portion": Decimal(SHARE[code]) if code else None,
        "minutes_absent": int(minutes) if minutes else None,
    }


def _by_taps(taps: list[tuple[time, str]], bells: list[Bell]) -> tuple[str, Fraction]:
    """What the taps tell, and the share of the day missed: walking through the day second by second would say it."""
    if not taps:
        return "absent", Fraction(1)
    into = [at for at, direction in taps if direction != "out"]
    out = [at for at, direction in taps if direction != "in"]
    came = min(into, default=time.min)
    # the last word is a way out, and not the only tap there is
    leaves = (
        bool(out)
        and max(out) > came
        and max(out) > max((at for at, direction in taps if direction == "in"), default=time.min)
    )
    gone = max(out) if leaves else time.max
    there = total = Fraction()
    for bell in bells:
        begin, end = max(came, bell.begins), min(gone, bell.ends)
        there += max(Fraction(), _seconds(end) - _seconds(begin))
        total += _seconds(bell.ends) - _seconds(bell.begins)
    missed = 1 - there / total
    if missed == 1:
        return "absent", missed
    if came > min(bell.begins for bell in bells):
        return "late", missed
    return ("left_early" if missed else "in_time"), missed


def _seconds(at: time) -> Fraction:
    return Fraction((at.hour * 60 + at.minute) * 60 + at.second) + Fraction(at.microsecond, 1_000_000)
