"""Personnel worked out again from the exported sheets, from the definitions in words.

Somebody's role on a day is that of the assignment at the school that holds on it, first and last day included; posts
are looked at on the last instructional day of the term at their school. Professional learning counts once it is
completed, and hours that a year asks are reached from exactly so many on.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from functools import cached_property

from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_sheets import Sheets, day_of
from edu_assets_tests.sample.reading import Row


class Personnel:
    """Days, cover and posts by term, from a network's landing zone."""

    def __init__(self, base: Recomputed) -> None:
        self.base = base
        self.sheets = Sheets(base)
        self.assignments = self.sheets.standing("staff_assignments")
        self.positions = self.sheets.standing("staff_positions")
        self.worked = self.sheets.dated("staff_attendance", "WorkDate", "SchoolID", "WorkDate")
        self.learned = self.sheets.dated("professional_learning", "HeldOn", "SchoolID")
        self.asked = self.sheets.standing("professional_learning_requirements")
        self.covers = self.sheets.dated("substitute_assignments", "WorkDate", "SchoolID", "WorkDate")

    def role_on(self, term: str, staff: str, school: str, day: date) -> str:
        held = [
            row
            for row in self._assignments_of[term].get((staff, school), ())
            if date.fromisoformat(row["BeginDate"]) <= day <= (day_of(row["EndDate"]) or date.max)
        ]
        foremost = max(held, key=lambda row: (Decimal(row["FTE"]), row["BeginDate"]), default=None)
        return foremost["Role"] if foremost else "unknown"

    @cached_property
    def _assignments_of(self) -> dict[str, dict[tuple[str, str], list[Row]]]:
        found: dict[str, dict[tuple[str, str], list[Row]]] = {}
        for term, rows in self.assignments.items():
            found[term] = defaultdict(list)
            for row in rows:
                found[term][row["StaffNumber"], row["SchoolID"]].append(row)
        return found

    @cached_property
    def days(self) -> dict[tuple, dict]:
        """(term, staff, school, day) → role and what was missed."""
        return {
            (term, row["StaffNumber"], row["SchoolID"], day): {
                "role": self.role_on(term, row["StaffNumber"], row["SchoolID"], day),
                "absent_portion": Decimal(row["AbsentPortion"]),
                "absence_reason": row["Reason"] or None,
            }
            for term, rows in self.worked.items()
            for row in rows
            for day in [date.fromisoformat(row["WorkDate"])]
        }

    @cached_property
    def cover(self) -> dict[tuple, dict]:
        """(term, number, absent, school) → the rest of a cover."""
        return {
            (term, row["CoverID"], row["AbsentStaffNumber"], row["SchoolID"]): {
                "substitute_id": row["SubstituteNumber"] or None,
                "work_date": day,
                "role": self.role_on(term, row["AbsentStaffNumber"], row["SchoolID"], day),
                "cover_portion": Decimal(row["Portion"]),
                "is_filled": row["Filled"] == "true",
            }
            for term, rows in self.covers.items()
            for row in rows
            for day in [date.fromisoformat(row["WorkDate"])]
        }

    @cached_property
    def posts(self) -> dict[tuple, dict]:
        """(term, number, school) → a post as it stood at the term's end."""
        found = {}
        terms = {term.key: term for term in self.base.terms}
        for term, rows in self.positions.items():
            for row in rows:
                last = self.base.first_and_last(terms[term], row["SchoolID"])[1]
                begin, end, vacant = (day_of(row[name]) for name in ("BeginDate", "EndDate", "VacantSince"))
                assert begin is not None
                is_open = begin <= last and (end is None or last <= end)
                found[term, row["PositionID"], row["SchoolID"]] = {
                    "role": row["Role"],
                    "subject": row["Subject"] or None,
                    "fte": Decimal(row["FTE"]),
                    "begin_date": begin,
                    "end_date": end,
                    "vacant_since": vacant,
                    "as_of_date": last,
                    "is_open": is_open,
                    "is_vacant": is_open and vacant is not None and vacant <= last,
                }
        return found

    def attendance(self) -> dict[tuple, dict]:
        """(term, school, role) → the mart."""
        days: dict[tuple, list[tuple[str, Decimal]]] = defaultdict(list)
        covers: dict[tuple, list[dict]] = defaultdict(list)
        posts: dict[tuple, list[dict]] = defaultdict(list)
        for (term, staff, school, _), day in self.days.items():
            days[term, school, day["role"]].append((staff, day["absent_portion"]))
        for (term, _, _, school), cover in self.cover.items():
            covers[term, school, cover["role"]].append(cover)
        for (term, _, school), post in self.posts.items():
            if post["is_open"]:
                posts[term, school, post["role"]].append(post)
        return {
            place: _of_days(days[place]) | _of_cover(covers[place]) | _of_posts(posts[place])
            for place in {*days, *covers, *posts}
        }

    # -- professional learning ------------------------------------------------------------------

    @cached_property
    def held(self) -> dict[tuple, dict]:
        """(term, number, staff, school) → an assignment as it stood at the term's end."""
        found = {}
        terms = {term.key: term for term in self.base.terms}
        for term, rows in self.assignments.items():
            for row in rows:
                last = self.base.first_and_last(terms[term], row["SchoolID"])[1]
                begin, end = date.fromisoformat(row["BeginDate"]), day_of(row["EndDate"])
                found[term, row["AssignmentID"], row["StaffNumber"], row["SchoolID"]] = {
                    "role": row["Role"],
                    "fte": Decimal(row["FTE"]),
                    "begin_date": begin,
                    "end_date": end,
                    "as_of_date": last,
                    "is_held": begin <= last <= (end or date.max),
                }
        return found

    @cached_property
    def learning(self) -> dict[tuple, dict]:
        """(term, number, staff, school) → the rest of a record."""
        return {
            (term, row["RecordID"], row["StaffNumber"], row["SchoolID"]): {
                "role": self.role_on(term, row["StaffNumber"], row["SchoolID"], day),
                "topic": row["Topic"],
                "event_date": day,
                "hours": Decimal(row["Hours"]),
                "attendance_status": row["Status"],
                "is_counted": row["Status"] == "completed",
                "rule_version": "professional-learning-1",
            }
            for term, rows in self.learned.items()
            for row in rows
            for day in [date.fromisoformat(row["HeldOn"])]
        }

    def hours_asked(self, term: str) -> dict[tuple[str, str], Decimal]:
        """(role, topic) → hours that the academic year of a term asks."""
        year = next(each.academic_year for each in self.base.terms if each.key == term)
        rows = [row for row in self.asked[term] if row["AcademicYear"] == year]
        return {(row["Role"], row["Topic"]): Decimal(row["Hours"]) for row in rows}

    def staff_in(self, term: str) -> dict[tuple[str, str], set[str]]:
        """(school, role) → who has it at the term's end."""
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        for (of, _, staff, school), row in self.held.items():
            if of == term and row["is_held"]:
                found[school, row["role"]].add(staff)
        return found

    def development(self) -> dict[tuple, dict]:
        """(term, school, role, topic) → the mart."""
        records: dict[tuple, list[tuple[str, dict]]] = defaultdict(list)
        for (term, _, staff, school), row in self.learning.items():
            records[term, school, row["role"], row["topic"]].append((staff, row))
        found = {}
        for term in self.learned:
            asked, staff_in = self.hours_asked(term), self.staff_in(term)
            places = {place for place in records if place[0] == term}
            places |= {(term, school, role, topic) for school, role in staff_in for of, topic in asked if of == role}
            for place in places:
                _, school, role, topic = place
                counted = [(staff, row) for staff, row in records[place] if row["is_counted"]]
                found[place] = {
                    "records": len(records[place]),
                    "completions": len(counted),
                    "hours_completed": sum((row["hours"] for _, row in counted), Decimal()),
                    "staff": len({staff for staff, _ in records[place]}),
                    "staff_completed": len({staff for staff, _ in counted}),
                    "staff_in_role": len(staff_in[school, role]),
                    "hours_required": asked.get((role, topic)),
                    "rule_version": "professional-learning-1",
                }
        return found

    def coverage(self) -> dict[tuple, dict]:
        """(term, school, role, topic) → who has reached what the year asks, up to the term's end."""
        found = {}
        for term in self.base.terms:
            so_far = {
                each.key
                for each in self.base.terms
                if each.academic_year == term.academic_year and each.ordinal <= term.ordinal
            }
            hours: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
            for (of, _, staff, _), row in self.learning.items():
                if of in so_far and row["is_counted"]:
                    hours[staff, row["topic"]] += row["hours"]
            asked = self.hours_asked(term.key)
            for (school, role), members in self.staff_in(term.key).items():
                for topic, required in ((topic, each) for (of, topic), each in asked.items() if of == role):
                    done = [hours[staff, topic] for staff in members]
                    found[term.key, school, role, topic] = {
                        "hours_required": required,
                        "staff_required": len(members),
                        "staff_covered": sum(each >= required for each in done),
                        "hours_completed": sum(done, Decimal()),
                        "hours_counted": sum((min(each, required) for each in done), Decimal()),
                    }
        return found


def _of_days(days: list[tuple[str, Decimal]]) -> dict:
    missed = [portion for _, portion in days]
    parts = [portion for portion in missed if 0 < portion < 1]
    return {
        "staff": len({staff for staff, _ in days}),
        "days_working": len(days),
        "days_present": len(days) - sum(missed, Decimal()),
        "days_absent": sum(missed, Decimal()),
        "whole_days_absent": missed.count(Decimal(1)),
        "days_absent_in_part": len(parts),
        "absence_in_part": sum(parts, Decimal()),
        "rule_version": "staff-attendance-1",
    }


def _of_cover(covers: list[dict]) -> dict:
    filled = [cover for cover in covers if cover["is_filled"]]
    return {
        "covers_needed": len(covers),
        "covers_filled": len(filled),
        "cover_days_needed": sum((cover["cover_portion"] for cover in covers), Decimal()),
        "cover_days_filled": sum((cover["cover_portion"] for cover in filled), Decimal()),
    }


def _of_posts(posts: list[dict]) -> dict:
    return {
        "fte_posts": sum((post["fte"] for post in posts), Decimal()),
        "fte_vacant": sum((post["fte"] for post in posts if post["is_vacant"]), Decimal()),
    }
