"""Support of students worked out again from the exported files, from the definitions in words.

A programme is dated by its records: the last term that states a participation says when it began and ended, as long as
the school's later sheets do not leave it out.

A student's term at a school is a warning where a tenth or more of the reported days were missed, where three incidents
were theirs as aggressor or a suspension began, where a mark fails or the average on a scale is below C or a 4.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from edu_assets.school_calendar import Term
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_conduct import SUSPENSION, Conduct
from edu_assets_tests.gold.recomputing_learning import UNKNOWN, Learning, hashed
from edu_assets_tests.gold.recomputing_sheets import Sheets, day_of, number
from edu_assets_tests.sample.reading import Row

PROGRESS = {"met": "goal_met", "some": "progress", "none": "no_progress"}
MODES = {"bus": "school_bus", "walk": "walk", "car": "private_vehicle"}
PROGRAM = {
    "IEP": "students_with_disabilities",
    "504": "section_504",
    "EL": "english_learner",
    "economic": "economically_disadvantaged",
    "homeless": "homeless",
    "foster": "foster_care",
    "migrant": "migrant",
    "military": "military_connected",
    "gifted": "gifted",
}
TAKES_PART = ("active", "exited")
LOWEST_AVERAGE = {"assessment:letter": 2, "assessment:myp": 4}
INCIDENTS = 3
DAY = timedelta(1)

Person = tuple[str, str, str]


class Support:
    """Interventions, health, the way to school and early warnings by term, from a network's landing zone."""

    def __init__(self, base: Recomputed) -> None:
        self.base = base
        self.conduct = Conduct(base)
        self.learning = Learning(base)
        self.given = Sheets(base).standing("interventions")
        self.entered = Sheets(base).standing("student_health")
        self.ridden = Sheets(base).standing("student_transportation")
        self.taken_part = Sheets(base).standing("student_programs")
        self.cared_for = Sheets(base).standing("student_guardians")

    def _at_term_end(self, term_key: str, row: Row) -> tuple[date, date, bool]:
        """First day of a row, the last instructional day at its school, and whether it holds on that day."""
        term = next(term for term in self.base.terms if term.key == term_key)
        last = self.base.first_and_last(term, row["SchoolID"])[1]
        begin, last_day = date.fromisoformat(row["BeginDate"]), day_of(row["EndDate"])
        return begin, last, begin <= last and (last_day is None or last <= last_day)

    def health(self) -> dict[tuple, dict]:
        """(term, number, student, school) → an entry as it stood on the last instructional day."""
        found = {}
        for term, rows in self.entered.items():
            for row in rows:
                begin, last, holds = self._at_term_end(term, row)
                found[term, row["HealthRecordID"], row["StudentNumber"], row["SchoolID"]] = {
                    "record_type": row["RecordType"],
                    "has_action_plan": row["ActionPlan"] == "true",
                    "begin_date": begin,
                    "as_of_date": last,
                    "is_current": holds,
                }
        return found

    def transport(self) -> dict[tuple, dict]:
        """(term, student, school, direction, first day) → a way as it stood on the last instructional day."""
        found = {}
        for term, rows in self.ridden.items():
            for row in rows:
                begin, last, holds = self._at_term_end(term, row)
                found[term, row["StudentNumber"], row["SchoolID"], row["Direction"], begin] = {
                    "mode": MODES[row["Mode"]],
                    "is_eligible": row["Eligible"] == "true",
                    "as_of_date": last,
                    "is_current": holds,
                }
        return found

    def participations(self) -> dict[tuple, dict]:
        """(term, student, school, programme, first day) → what the term's sheet states of it."""
        found = {}
        for term, rows in self.taken_part.items():
            for row in rows:
                last_day, begin = day_of(row["EndDate"]), date.fromisoformat(row["BeginDate"])
                found[term, row["StudentNumber"], row["SchoolID"], row["Program"], begin] = {
                    "subgroup": PROGRAM[row["Program"]],
                    "end_date": last_day + DAY if last_day else None,
                    "participates": row["Status"] in TAKES_PART,
                    "rule_version": "subgroups-1",
                }
        return found

    def programme_days(self) -> dict[tuple[str, str], dict[date, str]]:
        """(student, group) → its days up to the `horizon`, each with the last term that states it."""
        last_term: dict[tuple[str, str, str], str] = {}
        for term in self.base.terms:
            last_term |= {_participation(row): term.key for row in self.taken_part.get(term.key, [])}
        found: dict[tuple[str, str], dict[date, str]] = defaultdict(dict)
        for term in self.base.terms:
            for row in self.taken_part.get(term.key, []):
                if row["Status"] not in TAKES_PART or last_term[_participation(row)] != term.key:
                    continue
                last_day = day_of(row["EndDate"]) or self.horizon
                end = min(last_day + DAY, self._told_until(term, row["SchoolID"]))
                day = date.fromisoformat(row["BeginDate"])
                while day < end:
                    found[row["StudentNumber"], PROGRAM[row["Program"]]][day] = term.key
                    day += DAY
        return found

    @cached_property
    def horizon(self) -> date:
        """A day that no sheet tells of: what holds there has no end."""
        return self.base.terms[-1].administrative.end + 1000 * DAY

    def _told_until(self, term: Term, school: str) -> date:
        """The first day of the next term in which the school tells of any programme."""
        later = [
            each.administrative.start
            for each in self.base.terms
            if each.ordinal > term.ordinal
            and any(row["SchoolID"] == school for row in self.taken_part.get(each.key, []))
        ]
        return min(later, default=date.max)

    def programme_history(self) -> dict[tuple, dict]:
        """(student, group, first day) → an unbroken span of days."""
        order = {term.key: term.ordinal for term in self.base.terms}
        found = {}
        for (student, group), days in self.programme_days().items():
            for first in sorted(day for day in days if day - DAY not in days):
                end = first
                while end in days:
                    end += DAY
                stated = [days[first + DAY * n] for n in range((end - first).days)]
                found[student, group, first] = {
                    "valid_to": None if end > self.horizon else end,
                    "last_stated_term_key": max(stated, key=order.__getitem__),
                    "rule_version": "subgroups-1",
                }
        return found

    def guardians(self) -> dict[tuple, dict]:
        """(term, student, guardian) → what the guardian is to the student, and may."""
        return {
            (term, row["StudentNumber"], row["GuardianNumber"]): {
                "school_id": row["SchoolID"],
                "relationship": row["Relationship"] or None,
                "custody": row["Custody"] or None,
                "is_contact_allowed": flag_of(row["ContactAllowed"]),
                "has_court_order": flag_of(row["CourtOrder"]),
                "lives_with": flag_of(row["LivesWith"]),
                "language": row["Language"] or None,
                "household_key": hashed("household", row["HouseholdID"]),
                "contact_priority": number(row["ContactPriority"]),
            }
            for term, rows in self.cared_for.items()
            for row in rows
        }

    def guardians_named(self) -> dict[tuple, dict]:
        """(guardian,) → the names in the last term that has the guardian, of several the first."""
        found: dict[tuple, dict] = {}
        for term in self.base.terms:
            of_term: dict[tuple, dict] = {}
            for row in self.cared_for.get(term.key, []):
                names = {"given_name": row["FirstName"], "family_name": row["LastName"]}
                known = of_term.setdefault((row["GuardianNumber"],), names)
                of_term[row["GuardianNumber"],] = min(known, names, key=lambda each: tuple(each.values()))
            found |= of_term
        return found

    @cached_property
    def interventions(self) -> dict[tuple, dict]:
        """(term, number, student, school) → an intervention as it stood on the last instructional day."""
        found = {}
        for term, rows in self.given.items():
            for row in rows:
                begin, last, holds = self._at_term_end(term, row)
                found[term, row["InterventionID"], row["StudentNumber"], row["SchoolID"]] = {
                    "tier": row["Tier"],
                    "intervention_area": row["Area"],
                    "begin_date": begin,
                    "progress_code": row["Progress"] or None,
                    "progress": PROGRESS.get(row["Progress"]),
                    "is_goal_met": row["Progress"] == "met",
                    "reviewed_date": day_of(row["ReviewedOn"]),
                    "as_of_date": last,
                    "is_open": holds,
                }
        return found

    def early_warning(self) -> dict[Person, dict]:
        """(term, student, school) → flags with their reasons, and help."""
        attendance = self.base.student_attendance()
        incidents, suspensions, marks, helped = self._incidents(), self._suspensions(), self._marks(), self._helped()
        found = {}
        for person in {*attendance, *incidents, *suspensions, *marks, *helped}:
            days = attendance.get(person, {})
            of_conduct = _of_conduct(len(incidents.get(person, ())), suspensions.get(person, 0))
            of_marks = _of_marks(marks.get(person, []))
            flags = [
                days.get("is_term_absence_10pct"),
                of_conduct["is_behavior_flagged"],
                of_marks["is_course_flagged"],
            ]
            term, student, school = person
            found[person] = {
                "mart.grade_level": days.get("grade_level")
                or self.learning.grade_in_school.get((term, student, school), UNKNOWN),
                "is_attendance_flagged": flags[0],
                "attendance_reason": "days_absent" if flags[0] else None,
                "flags": flags.count(True),
                "open_interventions": helped.get(person, 0),
                "days_enrolled": days.get("days_enrolled", 0),
                "days_reported": days.get("days_reported", 0),
                "days_counted_absent": days.get("days_counted_absent", 0),
                "rule_version": "early-warning-1",
                **of_conduct,
                **of_marks,
            }
        return found

    def _incidents(self) -> dict[Person, set[str]]:
        found: dict[Person, set[str]] = defaultdict(set)
        for (term, incident, student, role), part in self.conduct.parts().items():
            if role == "aggressor":
                found[term, student, part["school_id"]].add(incident)
        return found

    def _suspensions(self) -> dict[Person, int]:
        found: dict[Person, int] = defaultdict(int)
        for term, measures in self.conduct.measures.items():
            for each in measures:
                if each.kind == SUSPENSION:
                    found[term, each.row["StudentNumber"], each.row["SchoolID"]] += 1
        return found

    def _marks(self) -> dict[Person, list[dict]]:
        found: dict[Person, list[dict]] = defaultdict(list)
        for (term, student, school, *_), mark in self.learning.marks.items():
            found[term, student, school].append(mark)
        return found

    def _helped(self) -> dict[Person, int]:
        found: dict[Person, int] = defaultdict(int)
        for (term, _, student, school), row in self.interventions.items():
            if row["is_open"]:
                found[term, student, school] += 1
        return found


def _participation(row: Row) -> tuple[str, str, str]:
    return row["StudentNumber"], row["Program"], row["BeginDate"]


def flag_of(text: str) -> bool | None:
    return text == "true" if text else None


def _of_conduct(incidents: int, suspensions: int) -> dict[str, int | str | bool | None]:
    reasons = [name for name, holds in (("suspensions", suspensions), ("incidents", incidents >= INCIDENTS)) if holds]
    return {
        "incidents": incidents,
        "suspensions": suspensions,
        "is_behavior_flagged": bool(reasons),
        "behavior_reason": ", ".join(reasons) or None,
    }


def _of_marks(marks: list[dict]) -> dict[str, int | str | bool | None]:
    failing = sum(not mark["is_passing"] for mark in marks)
    low = sum(_average(marks, scale) < bound for scale, bound in LOWEST_AVERAGE.items())
    reasons = [name for name, holds in (("failing_marks", failing), ("grade_point_average", low)) if holds]
    return {
        "marks": len(marks),
        "failing_marks": failing,
        "scales_below_gpa": low,
        "is_course_flagged": bool(reasons) if marks else None,
        "course_reason": ", ".join(reasons) or None,
    }


def _average(marks: list[dict], scale: str) -> Decimal:
    """The grade point average on a scale; without credits on it none that is too low."""
    held = [mark for mark in marks if mark["grade_scale_id"] == scale and mark["grade_points"] is not None]
    weight = sum((mark["credits_attempted"] for mark in held), Decimal())
    points = sum((mark["grade_points"] * mark["credits_attempted"] for mark in held), Decimal())
    return points / weight if weight else Decimal("Infinity")
