"""Progress of students worked out again from the exported files, from the definitions in words.

A subject of a student's term at a school is what marks, ratings and tests say of it there. The score is that of the
last test; it compares with the last one of its group that the student took in an earlier term.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_learning import Learning, rounded

Place = tuple[str, str, str, str]


class Progress:
    """(term, student, school, subject) → progress, from a network's landing zone."""

    def __init__(self, base: Recomputed) -> None:
        self.base = base
        self.learning = Learning(base)
        self.order = [term.key for term in base.terms]
        self.subject_of = {
            (term, class_id): subject for (term, *_), (class_id, subject) in self.learning.classes.items()
        }
        self.tests: dict[Place, list[dict]] = defaultdict(list)
        for result in self.learning.of_record:
            if result["is_scored"]:
                place = (result["term"], result["student_id"], result["school_id"], result["subject"])
                self.tests[place].append(result | {"group": result["comparable_group"] or result["assessment_id"]})

    def rows(self) -> dict[Place, dict]:
        marks: dict[Place, list[dict]] = defaultdict(list)
        for (term, student, school, *_), mark in self.learning.marks.items():
            marks[term, student, school, mark["subject"]].append(mark)
        levels: dict[Place, list[int]] = defaultdict(list)
        for (term, student, school, class_id, *_), rating in self.learning.ratings.items():
            levels[term, student, school, self.subject_of[term, class_id]].append(rating["level_order"])
        attendance = self.base.student_attendance()
        found = {}
        for place in {*marks, *levels, *self.tests}:
            days = attendance.get(place[:3], {})
            found[place] = {
                **_of_marks(marks.get(place, [])),
                "atl_ratings": len(levels.get(place, [])),
                "atl_level_sum": sum(levels.get(place, [])),
                "atl_level_mean": _mean([Decimal(level) for level in levels.get(place, [])]),
                **_of_tests(self.tests.get(place, [])),
                "school_days_enrolled": days.get("days_enrolled"),
                "school_days_reported": days.get("days_reported"),
                "school_days_present": days.get("days_present"),
                "rule_version": "result-of-record-best-1",
            }
        return found

    def change(self) -> dict[Place, dict]:
        rows = self.rows()
        found = {}
        for place, row in rows.items():
            before = self.order[self.order.index(place[0]) - 1] if place[0] != self.order[0] else None
            earlier = rows.get((before, *place[1:]), {}) if before else {}
            one_scale = row["grade_scale_id"] and row["grade_scale_id"] == earlier.get("grade_scale_id")
            compared = self._compared(place, row["comparable_group"])
            rates = [_rate(row), _rate(earlier)]
            found[place] = {
                "previous_term_key": before,
                "percent_change": _difference(row["percent_mean"], earlier.get("percent_mean")) if one_scale else None,
                "atl_level_change": _difference(row["atl_level_mean"], earlier.get("atl_level_mean")),
                "attendance_rate": rates[0],
                "attendance_rate_change": _difference(*rates),
                "score": row["score"],
                "compared_term_key": compared["term"] if compared else None,
                "score_change": row["score"] - compared["score"] if compared else None,
            }
        return found

    def _compared(self, place: Place, group: str | None) -> dict | None:
        """The last test of the group that the student took in the subject in an earlier term, at any school."""
        term, student, _, subject = place
        taken = [
            test
            for (of, who, _, about), tests in self.tests.items()
            if (who, about) == (student, subject) and self.order.index(of) < self.order.index(term)
            for test in tests
            if test["group"] == group
        ]
        return max(taken, key=lambda test: test["administration_date"], default=None)


def _of_marks(marks: list[dict]) -> dict:
    percents = [mark["percent"] for mark in marks if mark["percent"] is not None]
    scales = {mark["grade_scale_id"] for mark in marks}
    return {
        "marks": len(marks),
        "failing_marks": sum(not mark["is_passing"] for mark in marks),
        "grade": marks[0]["grade"] if len(marks) == 1 else None,
        "grade_scale_id": scales.pop() if len(scales) == 1 else None,
        "percent_count": len(percents),
        "percent_sum": sum(percents, Decimal()),
        "percent_mean": _mean(percents),
        "credits_attempted": sum((mark["credits_attempted"] for mark in marks), Decimal()),
        "credits_earned": sum((mark["credits_earned"] for mark in marks), Decimal()),
    }


def _of_tests(tests: list[dict]) -> dict:
    names = ("assessment_id", "administration_date", "score", "score_scale", "proficiency_band", "is_proficient")
    last = max(tests, key=lambda test: test["administration_date"], default=None)
    told = {name: last[name] if last else None for name in names}
    return {"tests_scored": len(tests), "comparable_group": last["group"] if last else None, **told}


def _mean(values: list[Decimal]) -> Decimal | None:
    return rounded(sum(values, Decimal()) / len(values)) if values else None


def _rate(row: dict) -> Decimal | None:
    reported = row.get("school_days_reported")
    return rounded(Decimal(row["school_days_present"]) / reported) if reported else None


def _difference(later: Decimal | None, earlier: Decimal | None) -> Decimal | None:
    return None if later is None or earlier is None else later - earlier
