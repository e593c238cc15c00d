"""Under which identifiers each feed knows students, worked out again from the exported files.

Belongs here: which number stands in which feed's rows of a term, and whose it is by the definitions in words: a number
given up is that of the number in force, a state's number that of the one student to whom the register gives it, and an
identifier is matched where the roster of the term has the student. Does not belong here: merges (recomputing.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime

from edu_assets.sample import ExportedFile, FileKind
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_conduct import KEY
from edu_assets_tests.gold.recomputing_platform import SystemSheets
from edu_assets_tests.sample.reading import Row, read_items

CONFIDENCE = {"register_number": "1.00", "merged_number": "1.00", "state_number": "0.98", "unmatched": "0.00"}
VERSION = "student-identifier-1"


class AsSent(SystemSheets):
    """The sheets of a system with the numbers that stand in them."""

    def _files(self, table: str) -> Iterator[tuple[ExportedFile, list[Row]]]:
        for file in self.base.files:
            if file.feed in self.feeds and table in file.rows:
                yield file, self.base.sheet(file, as_sent=True)

    def of_grading_period(self, table: str) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for _, rows in self._files(table):
            for row in rows:
                found[row["GradingPeriod"].replace(" ", "|")].append(row)
        return found


class Identifiers:
    """Identifiers by term and feed, from a network's landing zone."""

    def __init__(self, base: Recomputed) -> None:
        self.base = base

    def bridge(self) -> dict[tuple, dict]:
        """(term, identifier, feed) → whose it is, and by which rule."""
        registered: dict[str, set[str]] = defaultdict(set)
        for (_, term), tables in self.base.rosters.items():
            for row in tables["users"].values():
                if row["role"] == "student":
                    registered[term].add(self.base.number_in_force(row["identifier"]))
        found = {}
        expected: set[tuple[str, str, str]] = set()
        for term, feed, identifier, is_expected in self._held():
            if is_expected:
                expected.add((term, identifier, feed))
            student, rule = self._whose(term, identifier)
            if student not in registered[term]:
                rule = "unmatched"
            found[term, identifier, feed] = {
                "system": self.base.network.feeds[feed].system,
                "student_id": student,
                "matched_by": rule,
                "confidence": CONFIDENCE[rule],
                "is_merged": identifier in self.base.given_up,
                "rule_version": VERSION,
            }
        for key, row in found.items():
            row["must_be_registered"] = key in expected
        return found

    def _whose(self, term: str, identifier: str) -> tuple[str, str]:
        """The student of an identifier, and the rule that says so."""
        if identifier in self.base.given_up:
            return self.base.given_up[identifier], "merged_number"
        if (term, identifier.removeprefix("state:")) in self.base.of_state and identifier.startswith("state:"):
            return self.base.of_state[term, identifier.removeprefix("state:")], "state_number"
        return identifier, "register_number"

    def _held(self) -> Iterator[tuple[str, str, str, bool]]:
        """Term, feed and identifier of every row that names a student, and whether it must be one of the register:
        an applicant is none yet, and who left may keep an account of the platform."""
        for (feed, term), tables in self.base.rosters.items():
            for row in tables["users"].values():
                if row["role"] == "student":
                    yield term, feed, row["identifier"], True
        yield from self._of_attendance()
        for system, is_expected, by_term in self._sheets():
            for term, rows in by_term.items():
                for row in rows:
                    if row["StudentNumber"]:
                        yield term, self._feed(system), row["StudentNumber"], is_expected
        for term, members in self.base.recorded.items():
            for member in members:  # who was enrolled and never came stands in no roster
                yield term, self._feed("sis"), member.student, False
        for day, feed, identifier in self._of_others():
            of_day = self.base.network.calendar.term_of_date(day)
            assert of_day is not None
            yield of_day.key, feed, identifier, True

    def _of_others(self) -> Iterator[tuple[date, str, str]]:
        """Day, feed and identifier of students in the files of the vendor of tests and of the Ed-Fi ODS."""
        for file in self.base.files:
            if "map_growth" in file.rows:
                for row in self.base.sheet(file, as_sent=True):
                    day = datetime.strptime(row["TestStartDate"], "%m/%d/%Y").date()  # noqa: DTZ007 - a day, no time
                    yield day, file.feed, f"state:{row['Student_StateID']}"
            elif file.kind is FileKind.ITEMS and "students" in file.rows:
                for item in read_items(self.base.landing / file.path):
                    yield file.sent, file.feed, item["studentUniqueId"]

    def _feed(self, system: str) -> str:
        [feed] = [name for name, held in self.base.network.feeds.items() if held.system == system]
        return feed

    def _of_attendance(self) -> Iterator[tuple[str, str, str, bool]]:
        feed_of: dict[str, str] = {}
        for file in self.base.files:
            if file.kind is FileKind.ATTENDANCE:
                for school, _, _ in self.base.sound_rows(file)[0]:
                    feed_of[school] = file.feed
        for school, number, day in self.base.sent:
            term = self.base.network.calendar.term_of_date(day, self.base.schools[school].calendar)
            assert term is not None
            yield term.key, feed_of[school], number, True
        sheets = AsSent(self.base, "attendance")
        for table in ("period_attendance", "attendance_events"):
            for key, rows in sheets.dated(table, "AttendanceDate", "SchoolID", "AttendanceDate").items():
                for row in rows:
                    yield key, feed_of[row["SchoolID"]], row["StudentNumber"], True

    def _sheets(self) -> Iterator[tuple[str, bool, dict[str, list[Row]]]]:
        """System, whether students must be registered, and rows by term, of every sheet that names students and that
        figures are made of."""
        records = AsSent(self.base, "sis")
        people = ("students", "student_programs", "student_health", "student_transportation", "student_guardians")
        for table in (*people, "interventions"):
            yield "sis", True, records.standing(table)
        incidents = records.dated("behavior_incidents", "IncidentDate", "SchoolID")
        yield "sis", True, records.via("behavior_participants", incidents, KEY, "SchoolID")
        yield "sis", True, records.dated("discipline_actions", "ActionDate", "SchoolID")
        yield "sis", False, records.dated("admission_applications", "AppliedOn", "SchoolID")
        tests = AsSent(self.base, "assessment")
        yield "assessment", True, tests.dated("assessment_results", "AdministeredOn", "SchoolID", "AssessmentID")
        yield "assessment", True, tests.dated("usage_records", "UsedOn", "SchoolID", "ProductID", "UsedOn")
        for table in ("course_grades", "course_grade_criteria", "atl_skill_ratings"):
            yield "assessment", True, tests.of_grading_period(table)
        fees = AsSent(self.base, "finance")
        yield "finance", True, fees.dated("fee_invoices", "InvoicedOn", "SchoolID")
        yield "finance", True, fees.dated("financial_aid", "AwardedOn", "SchoolID")
        yield "lms", False, AsSent(self.base, "lms").standing("students")
