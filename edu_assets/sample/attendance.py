"""Daily attendance files of a district: one line a student, school and day, present days included.

Belongs here: sheets (the lines of one file) and their spelling. Does not belong here: what happened
on a day (absence.py), damage to a file (faults.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from edu_assets.network import Network
from edu_assets.sample.absence import HALVES_MISSED, day_codes
from edu_assets.sample.districts import District
from edu_assets.sample.population import Population

HEADER = ("SchoolID", "StudentNumber", "AttendanceDate", "AttendanceCode", "AbsenceValue")

LAST_DAYS = 10
"""Last days in session of a term: of them readers' events are sent, and in the last term of all no daily file of a
district's last school."""

DayRecords = dict[date, list[tuple[str, str]]]
"""Day → (student number, code) of one school, in the order of the students' numbers."""


@dataclass(frozen=True)
class Sheet:
    """One attendance file: `records` are (student number, day, code), in file order.

    sent: the day on which the office sends it. replaced: record position → the text that stands there
    instead. added: texts after the last record.
    """

    district: District
    school_id: str
    name: str
    sent: date
    records: tuple[tuple[str, date, str], ...]
    replaced: dict[int, str] = field(default_factory=dict)
    added: tuple[str, ...] = ()

    def line(self, position: int) -> int:
        """The 1-based line of a record; the header is line 1."""
        return position + 2

    def spell(self, number: str, day: date, code: str) -> str:
        missed = self.district.half_days[HALVES_MISSED[code]]
        return f"{self.school_id},{number},{self.district.attendance_date(day)},{code},{missed}"

    @property
    def row_count(self) -> int:
        return len(self.records) + len(self.added)

    def text(self) -> str:
        school_id, spelled = self.school_id, self.district.attendance_date
        tails = {code: f"{code},{self.district.half_days[halves]}" for code, halves in HALVES_MISSED.items()}
        days = {day: spelled(day) for day in {day for _, day, _ in self.records}}
        lines = [f"{school_id},{number},{days[day]},{tails[code]}" for number, day, code in self.records]
        for position, damaged in self.replaced.items():
            lines[position] = damaged
        end = self.district.line_end
        return self.district.attendance_bom + end.join([",".join(HEADER), *lines, *self.added, ""])


def attendance_of_schools(network: Network, population: Population, seed: int) -> dict[str, DayRecords]:
    """What every school of the network recorded, by school and day."""
    recorded: dict[str, DayRecords] = {school.school_id: {} for school in network.schools}
    for member, days, codes in day_codes(population, seed):
        school = recorded[member.school_id]
        for day, code in zip(days, codes, strict=True):
            school.setdefault(day, []).append((member.student.number, code))
    return {
        school_id: {day: sorted(records[day]) for day in sorted(records)} for school_id, records in recorded.items()
    }


def sheets(
    network: Network, district: District, population: Population, recorded: dict[str, DayRecords]
) -> list[Sheet]:
    """The district's files as its offices send them, the day after the last day that they hold. That of the last school
    sends none of the last days of all."""
    files: list[Sheet] = []
    last_school = district.schools(network)[-1]
    given_up = population.years[-1].days[last_school.school_id][-LAST_DAYS:]
    for school in district.schools(network):
        periods: dict[str, list[date]] = {}
        for year in population.years:
            for term in year.terms:
                own = year.intervals[school.school_id, term.term]
                for day in year.days[school.school_id]:
                    if own.contains(day) and not (school is last_school and day in given_up):
                        label = f"{day:%Y-%m}" if district.attendance_files == "month" else f"{year.label}_{term.term}"
                        periods.setdefault(label, []).append(day)
        for label, days in periods.items():
            files.append(
                Sheet(
                    district=district,
                    school_id=school.school_id,
                    name=f"attendance_daily_{school.school_id}_{label}.csv",
                    sent=days[-1] + timedelta(1),
                    records=tuple(
                        (number, day, code) for day in days for number, code in recorded[school.school_id].get(day, ())
                    ),
                )
            )
    return files
