"""Gold worked out again from the exported files, day by day, from the definitions in words.

Nothing here knows the SQL: memberships are sets of days, figures are counted by walking over them. At each school a
term's memberships are the enrolment records of the student information system where it has any, else what the rosters'
class enrolments add up to. What is taken as given is the school calendar (which days are in session) and the federal
rule as its source states it: enrolled for ten days or more, a tenth or more of the days reported absent, a day is
absent where more than half of it was missed.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from edu_assets.network import EndDates, Network, School
from edu_assets.sample import ExportedFile, ExportSummary, FileKind
from edu_assets.school_calendar import Term
from edu_assets_tests.gold.recomputing_attendance import Attendance, Report
from edu_assets_tests.sample.reading import Row, read_date, read_package

DAY = timedelta(1)
HALF, TENTH, DAYS_ELIGIBLE = Decimal("0.5"), Decimal("0.1"), 10
JUDGED_FROM = {"federal": (10, 0), "new_york": (10, 1), "new_jersey": (45, 0), "california": (31, 0)}
"""Days enrolled, and days present, from which on an authority that the sample network reports by judges a student."""
EXIT_REASONS = {"W1": "transferred_within_network", "W2": "left_network", "W9": "never_came"}
OPEN = date.max
KINDS = {"E": "excused", "A": "unexcused", "S": "suspended"}
TARDY = {"T", "late"}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALLOWED_SHARES = {"0", "0.5", "1", "0.00", "0.50", "1.00"}


@dataclass(frozen=True)
class Membership:
    """One unbroken stay, `[entry, exit)`; OPEN while it lasts."""

    student: str
    school: str
    grade: str
    entry: date
    exit: date
    is_primary: bool
    is_no_show: bool = False
    exit_reason: str | None = None

    @property
    def counts(self) -> bool:
        """Whether it is in a headcount: one count a student, and nobody who never came."""
        return self.is_primary and not self.is_no_show

    def holds_on(self, day: date) -> bool:
        return self.entry <= day < self.exit


@dataclass(frozen=True)
class Day:
    """A student's day in session at a school, with what was reported."""

    student: str
    school: str
    grade: str
    day: date
    report: Report | None
    school_reported: bool

    @property
    def is_absent(self) -> bool:
        return self.report is not None and self.report.missed > HALF


@dataclass
class Attended:
    """Additive parts of a set of days."""

    days: list[Day] = field(default_factory=list)

    @property
    def reported(self) -> list[Report]:
        return [day.report for day in self.days if day.report]

    def made_of(self, source: str) -> int:
        return sum(report.source == source for report in self.reported)

    def parts(self) -> dict[str, Decimal | int]:
        missed = defaultdict(Decimal)
        for report in self.reported:
            missed[KINDS.get(report.code, "other")] += report.missed
        absent = sum(missed.values(), Decimal())
        return {
            "days_enrolled": len(self.days),
            "days_reported": len(self.reported),
            "days_unreported": len(self.days) - len(self.reported),
            "days_present": len(self.reported) - absent,
            "days_absent": absent,
            "days_absent_excused": missed["excused"],
            "days_absent_unexcused": missed["unexcused"],
            "days_suspended_out_of_school": missed["suspended"],
            "days_absent_other": missed["other"],
            "days_tardy": sum(report.code in TARDY for report in self.reported),
            "days_counted_absent": sum(day.is_absent for day in self.days),
        }


def chronic(
    enrolled: int, reported: int, absent: int, present: Decimal | None = None, authority: str = "federal"
) -> bool | None:
    least_enrolled, least_present = JUDGED_FROM[authority]
    if enrolled < least_enrolled or reported == 0 or (present is not None and present < least_present):
        return None
    return Decimal(absent) / Decimal(reported) >= TENTH


def longest_streak(days: Iterable[Day]) -> int:
    longest = running = 0
    for day in sorted(days, key=lambda each: each.day):
        if day.report:
            running = running + 1 if day.is_absent else 0
            longest = max(longest, running)
    return longest


class Recomputed:
    """Everything of a network's gold, from its landing zone."""

    def __init__(self, network: Network, landing: Path, summary: ExportSummary) -> None:
        self.network = network
        self.landing = landing
        self.files = summary.files
        self.terms: list[Term] = list(network.calendar.ordered_terms())
        self.schools: dict[str, School] = {school.school_id: school for school in network.schools}

    # -- calendar -------------------------------------------------------------------------------

    @cached_property
    def in_session(self) -> dict[tuple[str, str], list[date]]:
        """(term, school) → days in session, in order."""
        return {
            (term.key, school.school_id): sorted(self.network.calendar.school_days(term, school.calendar))
            for term in self.terms
            for school in self.network.schools
        }

    def first_and_last(self, term: Term, school: str) -> tuple[date, date]:
        own = self.network.calendar.instructional(term, self.schools[school].calendar)
        return own.start, own.end - DAY

    # -- what was sent --------------------------------------------------------------------------

    @cached_property
    def rosters(self) -> dict[tuple[str, str], dict[str, dict[str, Row]]]:
        """(feed, term) → tables at the term's end: its bulk package with its deltas applied."""
        slices: dict[tuple[str, str], dict[str, dict[str, Row]]] = defaultdict(lambda: defaultdict(dict))
        for file in self._of_kind(FileKind.ONEROSTER_BULK, FileKind.ONEROSTER_DELTA):
            try:
                manifest, members = read_package(self.landing / file.path)
            except zipfile.BadZipFile:
                continue
            term = self.network.calendar.term_of_date(file.sent)
            assert term is not None
            tables = slices[file.feed, term.key]
            for name, rows in members.items():
                if manifest[f"file.{name}"] == "bulk":
                    tables[name] = {}
                for row in rows:
                    tables[name].pop(row["sourcedId"], None)
                    if row["status"] != "tobedeleted":
                        tables[name][row["sourcedId"]] = row
        return slices

    @cached_property
    def given_up(self) -> dict[str, str]:
        """Numbers of students that were merged into another → the one that is left in the end."""
        merges: dict[str, tuple[date, str]] = {}
        for file in self._of_kind(FileKind.SHEET):
            for row in self.sheet(file, as_sent=True) if "student_id_merges" in file.rows else ():
                old, new, day = row["OldStudentNumber"], row["NewStudentNumber"], date.fromisoformat(row["MergedOn"])
                if old not in merges or day >= merges[old][0]:
                    merges[old] = day, new
        found = {}
        for old in merges:
            passed = [old]
            while passed[-1] in merges:
                passed.append(merges[passed[-1]][1])
                assert len(passed) <= len(merges) + 1, "the sample merges in no circle"
            found[old] = passed[-1]
        return found

    def number_in_force(self, number: str) -> str:
        """The number under which gold knows a student, whatever number a system knows."""
        return self.given_up.get(number, number)

    @cached_property
    def of_state(self) -> dict[tuple[str, str], str]:
        """(term, state's number) → the one student to whom the term's register gives it."""
        given: dict[str, dict[str, set[str]]] = {}
        for file in self._of_kind(FileKind.SHEET):
            if "students" in file.rows and self.network.feeds[file.feed].system == "sis":
                term = self.network.calendar.term_of_date(file.sent)
                assert term is not None
                given[term.key] = defaultdict(set)
                for row in self.sheet(file):
                    given[term.key][row["StateStudentID"]].add(row["StudentNumber"])
        return {
            (term, number): next(iter(students))
            for term, register in given.items()
            for number, students in register.items()
            if len(students) == 1
        }

    def sheet(self, file: ExportedFile, *, as_sent: bool = False) -> list[Row]:
        """The rows of a sheet, its students under the numbers in force or as they were sent."""
        with (self.landing / file.path).open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        if as_sent:
            return rows
        return [
            row | {"StudentNumber": self.number_in_force(row["StudentNumber"])} if "StudentNumber" in row else row
            for row in rows
        ]

    @cached_property
    def reports(self) -> dict[tuple[str, str, date], Report]:
        """(school, student, day) → what is said of it: by the daily file, else by periods, else by taps."""
        return self.stated | Attendance(self).made(self.stated)

    @cached_property
    def stated(self) -> dict[tuple[str, str, date], Report]:
        """(school, student, day) → what the daily file says, under the student's number in force."""
        return {
            (school, self.number_in_force(student), day): report for (school, student, day), report in self.sent.items()
        }

    @cached_property
    def sent(self) -> dict[tuple[str, str, date], Report]:
        """(school, number, day) → what the last file that holds the school's day says."""
        found: dict[tuple[str, str, date], Report] = {}
        for file in self._of_kind(FileKind.ATTENDANCE):
            sent, unreadable = self.sound_rows(file)
            scopes = {(school, day) for school, _, day in sent}
            for key in [key for key in found if (key[0], key[2]) in scopes and key not in unreadable]:
                del found[key]
            found |= sent
        return found

    def sound_rows(self, file: ExportedFile) -> tuple[dict, set]:
        """A file's rows by key, and the keys of which it says two different things."""
        text = (self.landing / file.path).read_text(encoding="utf-8-sig")
        said: dict[tuple[str, str, date], set[Report]] = defaultdict(set)
        for row in csv.DictReader(io.StringIO(text)):
            if _is_sound(row):
                key = (row["SchoolID"], row["StudentNumber"], read_date(row["AttendanceDate"]))
                said[key].add(Report(row["AttendanceCode"], Decimal(row["AbsenceValue"])))
        contradictory = {key for key, reports in said.items() if len(reports) > 1}
        return {key: reports.pop() for key, reports in said.items() if key not in contradictory}, contradictory

    def _of_kind(self, *kinds: FileKind) -> list[ExportedFile]:
        return [file for file in self.files if file.kind in kinds]

    # -- memberships ----------------------------------------------------------------------------

    @cached_property
    def memberships(self) -> dict[str, list[Membership]]:
        """Term → its memberships: of each school the records, where there are any, else the roster's."""
        found = {}
        for term in self.terms:
            records = self.recorded[term.key]
            schools = {each.school for each in records}
            found[term.key] = records + [each for each in self.rostered[term.key] if each.school not in schools]
        return found

    @cached_property
    def recorded(self) -> dict[str, list[Membership]]:
        """Term → the enrolment records of the sheet that was sent last in it, as far as they meet the term."""
        found: dict[str, list[Membership]] = {term.key: [] for term in self.terms}
        for file in self._of_kind(FileKind.SHEET):
            if "student_enrollments" in file.rows:
                term = self.network.calendar.term_of_date(file.sent)
                assert term is not None
                found[term.key] = list(self._meeting(term, map(_record, self.sheet(file))))
        return found

    def _meeting(self, term: Term, records: Iterable[Membership]) -> Iterator[Membership]:
        for each in records:
            own = self.network.calendar.instructional(term, self.schools[each.school].calendar)
            if any(each.entry < days.end and each.exit > days.start for days in (term.administrative, own)):
                yield each

    @cached_property
    def rostered(self) -> dict[str, list[Membership]]:
        """Term → what the class enrolments of its rosters add up to."""
        return {term.key: list(self._rostered_in(term)) for term in self.terms}

    def _rostered_in(self, term: Term) -> Iterator[Membership]:
        for (feed, key), tables in self.rosters.items():
            if key != term.key:
                continue
            stays: dict[str, list[tuple[str, date, date]]] = defaultdict(list)
            for (student, school), covered in self._days_covered(feed, term, tables).items():
                for entry, leaving in self._unbroken(school, covered):
                    stays[student].append((school, entry, leaving))
            users = {
                self.number_in_force(row["identifier"]): row
                for row in tables["users"].values()
                if row["role"] == "student"
            }
            for student, held in stays.items():
                first_org = users[student]["orgSourcedIds"].split(",")[0]
                home = tables["orgs"][first_org]["identifier"]
                for school, entry, leaving in held:
                    beside = any(other == home and begins < leaving and entry < ends for other, begins, ends in held)
                    yield Membership(
                        student, school, users[student]["grades"], entry, leaving, school == home or not beside
                    )

    def _days_covered(
        self, feed: str, term: Term, tables: dict[str, dict[str, Row]]
    ) -> dict[tuple[str, str], set[date]]:
        inclusive = self.network.feeds[feed].end_dates is EndDates.INCLUSIVE
        covered: dict[tuple[str, str], set[date]] = defaultdict(set)
        for row in tables["enrollments"].values():
            if row["role"] != "student":
                continue
            begin, end = date.fromisoformat(row["beginDate"]), date.fromisoformat(row["endDate"])
            days = {begin + DAY * n for n in range((end - begin).days + inclusive)}
            student = self.number_in_force(tables["users"][row["userSourcedId"]]["identifier"])
            school = tables["orgs"][row["schoolSourcedId"]]["identifier"]
            own = self.network.calendar.instructional(term, self.schools[school].calendar)
            if any(term.administrative.contains(day) or own.contains(day) for day in days):
                covered[student, school] |= days
        return covered

    def _unbroken(self, school: str, covered: set[date]) -> Iterator[tuple[date, date]]:
        """Runs of covered days, [entry, exit); a gap without a day in session does not end a run."""
        school_days = {day for (_, at), days in self.in_session.items() if at == school for day in days}
        entry = last = min(covered)
        for day in sorted(covered)[1:]:
            between = {last + DAY * n for n in range(1, (day - last).days)}
            if between & school_days:
                yield entry, last + DAY
                entry = day
            last = day
        yield entry, last + DAY

    # -- days -----------------------------------------------------------------------------------

    @cached_property
    def days(self) -> dict[str, list[Day]]:
        """Term → every enrolled student's days in session; of a secondary membership those that its school reports."""
        reported = {(school, day) for school, _, day in self.reports}
        return {
            term: [
                Day(
                    member.student,
                    member.school,
                    member.grade,
                    day,
                    self.reports.get((member.school, member.student, day)),
                    (member.school, day) in reported,
                )
                for member in members
                for day in self.in_session[term, member.school]
                if member.holds_on(day)
                and not member.is_no_show
                and (member.is_primary or (member.school, member.student, day) in self.reports)
            ]
            for term, members in self.memberships.items()
        }

    @cached_property
    def by_student(self) -> dict[tuple[str, str, str], Attended]:
        """(term, student, school) → its days."""
        found: dict[tuple[str, str, str], Attended] = defaultdict(Attended)
        for term, days in self.days.items():
            for day in days:
                found[term, day.student, day.school].days.append(day)
        return found

    # -- marts ----------------------------------------------------------------------------------

    def student_attendance(self) -> dict[tuple, dict]:
        found = {}
        for key, attended in self.by_student.items():
            parts = attended.parts()
            found[key] = parts | {
                "grade_level": max(attended.days, key=lambda day: day.day).grade,
                "longest_absence_streak": longest_streak(attended.days),
                "is_term_absence_10pct": chronic(
                    int(parts["days_enrolled"]), int(parts["days_reported"]), int(parts["days_counted_absent"])
                ),
            }
        return found

    def attendance_insights(self) -> dict[tuple, dict]:
        grouped: dict[tuple[str, str, str], Attended] = defaultdict(Attended)
        for term, days in self.days.items():
            for day in days:
                grouped[term, day.school, day.grade].days.append(day)
        flags = Counter(
            (key[0], key[2], row["grade_level"], row["is_term_absence_10pct"])
            for key, row in self.student_attendance().items()
        )
        outside = self._reports_outside()
        return {
            key: grouped[key].parts()
            | self._weekdays(grouped[key])
            | {
                "students": len({day.student for day in grouped[key].days}),
                "days_reported_by_periods": grouped[key].made_of("periods"),
                "days_reported_by_taps": grouped[key].made_of("taps"),
                "school_days_unreported": len({day.day for day in grouped[key].days if not day.school_reported}),
                "students_term_absence_10pct": flags[*key, True],
                "students_term_absence_eligible": flags[*key, True] + flags[*key, False],
                "reports_outside_enrollment": outside[key],
            }
            for key in {*grouped, *outside}
        }

    def _weekdays(self, attended: Attended) -> dict[str, Decimal | int]:
        found: dict[str, Decimal | int] = {}
        for number, name in enumerate(WEEKDAYS):
            reports = [day.report for day in attended.days if day.report and day.day.weekday() == number]
            found[f"days_reported_{name}"] = len(reports)
            found[f"days_absent_{name}"] = sum((report.missed for report in reports), Decimal())
        return found

    def _reports_outside(self) -> Counter[tuple[str, str, str]]:
        inside = {(day.school, day.student, day.day) for days in self.days.values() for day in days}
        found: Counter[tuple[str, str, str]] = Counter()
        for school, student, day in self.reports.keys() - inside:
            term = next(
                term
                for term in self.terms
                if self.first_and_last(term, school)[0] <= day <= self.first_and_last(term, school)[1]
            )
            grades = [
                each.grade for each in self.memberships[term.key] if (each.student, each.school) == (student, school)
            ]
            found[term.key, school, max(grades, default="unknown")] += 1
        return found

    def chronic_absence(self) -> dict[tuple, dict]:
        """(authority, window, as-of term, level, organisation, student) → days of the year to date."""
        found: dict[tuple, dict] = {}
        last_of_year = {term.academic_year: term.key for term in self.terms}
        for as_of in self.terms:
            sums: dict[tuple[str, str, str], list[Any]] = defaultdict(lambda: [0, 0, 0, Decimal(0)])
            to_date = {
                t.key for t in self.terms if t.academic_year == as_of.academic_year and t.ordinal <= as_of.ordinal
            }
            for (term, student, school), attended in self.by_student.items():
                if term in to_date:
                    parts = attended.parts()
                    for place in (("school", school), ("lea", self.schools[school].lea_id)):
                        total = sums[*place, student]
                        for n, part in enumerate(("days_enrolled", "days_reported", "days_counted_absent")):
                            total[n] += int(parts[part])
                        total[3] += parts["days_present"]
            windows = ["ytd"] + ["year"] * (last_of_year[as_of.academic_year] == as_of.key)
            for authority, window in product(JUDGED_FROM, windows):
                for place, (enrolled, reported, absent, present) in sums.items():
                    found[authority, window, as_of.key, *place] = {
                        "days_enrolled": enrolled,
                        "days_reported": reported,
                        "days_counted_absent": absent,
                        "is_eligible": enrolled >= JUDGED_FROM[authority][0],
                        "is_chronically_absent": chronic(enrolled, reported, absent, present, authority),
                    }
        return found

    def enrollment(self) -> dict[tuple, dict]:
        """(term, school, grade) → headcount and movement."""
        found: dict[tuple, dict] = {}
        for term in self.terms:
            members = [each for each in self.memberships[term.key] if each.counts]
            counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
            reasons: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
            counts["headcount_term_end"] = self._headcount(
                members, lambda at, term=term: self.first_and_last(term, at)[1]
            )
            count_date = term.count_date
            if count_date and term.administrative.contains(count_date):
                counts["headcount_count_date"] = self._headcount(members, lambda _, day=count_date: day)
            for each in self.memberships[term.key]:
                place = (each.school, each.grade)
                counts["memberships"][place] += each.counts
                counts["memberships_secondary"][place] += not each.is_primary
                counts["no_shows"][place] += each.is_no_show
            self._count_movement(term, members, counts, reasons)
            for place in self._places(term):
                found[term.key, *place] = {name: counts[name][place] for name in COUNTED} | {
                    "headcount_count_date": counts["headcount_count_date"][place]
                    if "headcount_count_date" in counts and count_date and term.administrative.contains(count_date)
                    else None,
                    "exits_by_reason": dict(reasons[place]),
                    "capacity": self.seats(term, place[0]).get(place[1]),
                }
        return found

    def _places(self, term: Term) -> set[tuple[str, str]]:
        held = {(each.school, each.grade) for each in self.memberships[term.key]}
        schools = {school for school, _ in held}
        return held | {(school, grade) for school in schools for grade in self.seats(term, school)}

    def seats(self, term: Term, school: str) -> dict[str, int]:
        """Seats by grade: those of the school's register of the term; where it has none, those of the network file."""
        return self.registered_seats.get((term.key, school)) or self.schools[school].capacity

    @cached_property
    def registered_seats(self) -> dict[tuple[str, str], dict[str, int]]:
        """(term, school) → seats by grade in the sheet that was sent last in the term."""
        found: dict[tuple[str, str], dict[str, int]] = {}
        for file in self._of_kind(FileKind.SHEET):
            if "school_capacity" in file.rows:
                term = self.network.calendar.term_of_date(file.sent)
                assert term is not None
                for key in [key for key in found if key[0] == term.key]:
                    del found[key]
                for row in self.sheet(file):
                    grade = "KG" if row["GradeLevel"] == "K" else row["GradeLevel"]
                    found.setdefault((term.key, row["SchoolID"]), {})[grade] = int(row["Seats"])
        return found

    def _headcount(self, members: list[Membership], day_at: Callable[[str], date]) -> Counter[tuple[str, str]]:
        """Students on a day, each once: at the school entered last."""
        latest: dict[str, Membership] = {}
        for each in sorted(members, key=lambda member: member.entry):
            if each.holds_on(day_at(each.school)):
                latest[each.student] = each
        return Counter((each.school, each.grade) for each in latest.values())

    def _count_movement(
        self, term: Term, members: list[Membership], counts: dict[str, Counter], reasons: dict[tuple, Counter]
    ) -> None:
        paths: dict[str, list[Membership]] = defaultdict(list)
        for each in sorted(members, key=lambda member: member.entry):
            first, last = self.first_and_last(term, each.school)
            if any(each.holds_on(first + DAY * n) for n in range((last - first).days + 1)):
                paths[each.student].append(each)
        for path in paths.values():
            moves = {
                (before, after)
                for before, after in pairwise(path)
                if before.school != after.school and after.entry >= before.exit
            }
            came, left = {after for _, after in moves}, {before for before, _ in moves}
            for each in path:
                first, last = self.first_and_last(term, each.school)
                place = (each.school, each.grade)
                counts["entries"][place] += not each.holds_on(first) or each in came
                if not each.holds_on(last) or each in left:
                    counts["exits"][place] += 1
                    reasons[place][each.exit_reason or "not_given"] += 1
                counts["transfers_in"][place] += each in came
                counts["transfers_out"][place] += each in left


COUNTED = (
    "headcount_term_end",
    "memberships",
    "memberships_secondary",
    "no_shows",
    "entries",
    "exits",
    "transfers_in",
    "transfers_out",
)


def _record(row: Row) -> Membership:
    """A line of the sheet of enrolment records. Ends are the first day no longer enrolled, as the feed has them."""
    kind = row["EnrollmentType"]
    assert kind in ("primary", "secondary"), "the sample has no dual enrolments"
    left = row["ExitDate"]
    return Membership(
        row["StudentNumber"],
        row["SchoolID"],
        row["GradeLevel"],
        date.fromisoformat(row["EntryDate"]),
        date.fromisoformat(left) if left else OPEN,
        kind == "primary",
        row["NoShow"] == "true",
        EXIT_REASONS[row["ExitCode"]] if left else None,
    )


def _is_sound(row: dict[str, str | None]) -> bool:
    """Whether a line of an attendance file can be read at all."""
    cells = [row[name] or "" for name in ("SchoolID", "StudentNumber", "AttendanceCode", "AbsenceValue")]
    school, student, code, share = cells
    return (
        re.fullmatch(r"[0-9A-Za-z\-]+", school) is not None
        and re.fullmatch(r"[0-9A-Za-z\-]+", student) is not None
        and re.fullmatch(r"[A-Z]{1,3}", code) is not None
        and share in ALLOWED_SHARES
        and _is_date(row["AttendanceDate"] or "")
    )


def _is_date(text: str) -> bool:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{4}", text) is None:
        return False
    try:
        read_date(text)
    except ValueError:
        return False
    return True
