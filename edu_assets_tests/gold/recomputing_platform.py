"""Learning online worked out again from the exported sheets, from the definitions in words.

A learner is a student where the term's own sheet of learners gives the authority's number. On the platform a day is
active from one interaction on, in a product from one minute on; time that is not measured is no time at all, not zero.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cached_property

from edu_assets.sample import ExportedFile
from edu_assets_tests.gold.recomputing import Membership, Recomputed
from edu_assets_tests.gold.recomputing_sheets import Sheets, number
from edu_assets_tests.sample.reading import Row

PLATFORM, NO_SCHOOL = "platform", ""


class SystemSheets(Sheets):
    """The sheets of one system alone: others have sheets of the same names."""

    def __init__(self, base: Recomputed, system: str) -> None:
        super().__init__(base)
        self.feeds = {name for name, feed in base.network.feeds.items() if feed.system == system}

    def _files(self, table: str) -> Iterator[tuple[ExportedFile, list[Row]]]:
        for file in self.base.files:
            if file.feed in self.feeds and table in file.rows:
                with (self.base.landing / file.path).open(encoding="utf-8", newline="") as lines:
                    yield file, list(csv.DictReader(lines))


class LearningOnline:
    """Activity, use of products and what follows from them by term, from a network's landing zone."""

    def __init__(self, base: Recomputed) -> None:
        self.base = base
        lms, products = SystemSheets(base, "lms"), SystemSheets(base, "assessment")
        self.learners = lms.standing("students")
        self.activity = lms.dated("course_activity", "ActivityDate", "ActivityDate")
        self.usage = products.dated("usage_records", "UsedOn", "SchoolID", "ProductID", "UsedOn")

    @cached_property
    def student_of(self) -> dict[tuple[str, str], str]:
        """(term, learner) → the student whom the term's sheet of learners names."""
        return {
            (term, row["LearnerID"]): row["StudentNumber"]
            for term, rows in self.learners.items()
            for row in rows
            if row["StudentNumber"]
        }

    @cached_property
    def days(self) -> dict[tuple, dict]:
        """(term, learner, course, day) → what the learner did."""
        kinds: dict[tuple, list[Row]] = defaultdict(list)
        for term, rows in self.activity.items():
            for row in rows:
                day = date.fromisoformat(row["ActivityDate"])
                kinds[term, f"platform:{row['LearnerID']}", f"platform:{row['CourseID']}", day].append(row)
        return {
            key: {
                "student_id": self.student_of.get((key[0], rows[0]["LearnerID"]), ""),
                "interactions": sum(int(row["Interactions"]) for row in rows),
                "interactions_timed": sum(int(row["Interactions"]) for row in rows if row["Minutes"]),
                "minutes": total([number(row["Minutes"]) for row in rows]),
            }
            for key, rows in kinds.items()
        }

    @cached_property
    def course_of(self) -> dict[tuple[str, str, str], tuple[str, str]]:
        """(term, school, the roster's name of a class) → the class and its course, with their feed."""
        return {
            (term, tables["orgs"][row["schoolSourcedId"]]["identifier"], row["sourcedId"]): (
                f"{feed}:{row['sourcedId']}",
                f"{feed}:{row['courseSourcedId']}",
            )
            for (feed, term), tables in self.base.rosters.items()
            for row in tables["classes"].values()
        }

    @cached_property
    def product_days(self) -> dict[tuple, dict]:
        """(term, student, school, product, the roster's name of the class, day) → the use."""
        found = {}
        for term, rows in self.usage.items():
            for row in rows:
                class_id, course_id = self.course_of[term, row["SchoolID"], row["ClassID"]]
                day = date.fromisoformat(row["UsedOn"])
                found[term, row["StudentNumber"], row["SchoolID"], row["ProductID"], row["ClassID"], day] = {
                    "class_id": class_id,
                    "course_id": course_id,
                    "minutes": Decimal(row["Minutes"]),
                    "sessions": int(row["Sessions"]),
                    "items_completed": int(row["ItemsCompleted"]),
                }
        return found

    @cached_property
    def _stays(self) -> dict[tuple[str, str], list[Membership]]:
        found: dict[tuple[str, str], list[Membership]] = defaultdict(list)
        for term, members in self.base.memberships.items():
            for member in members:
                found[term, member.student].append(member)
        return found

    def school_on(self, term: str, student: str, day: date) -> str:
        """The school of the membership on a day, the primary one first; else of the term's last."""
        stays = self._stays.get((term, student), [])
        foremost = max(stays, key=lambda stay: (stay.holds_on(day), stay.is_primary, stay.entry), default=None)
        return foremost.school if foremost else NO_SCHOOL

    def learning_usage(self) -> dict[tuple, dict]:
        """(term, school, course, source) → the mart."""
        spent: dict[tuple, dict[tuple[str, date], list[dict]]] = defaultdict(lambda: defaultdict(list))
        for (term, learner, course, day), done in self.days.items():
            school = self.school_on(term, done["student_id"], day)
            spent[term, school, course, PLATFORM][done["student_id"] or learner, day].append(done)
        for (term, student, school, product, _, day), used in self.product_days.items():
            spent[term, school, used["course_id"], product][student, day].append(used)
        return {place: _of_days(place[3] == PLATFORM, by_day) for place, by_day in spent.items()}


def total(values: list[Decimal | None]) -> Decimal | None:
    """The sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known, Decimal()) if known else None


def _of_days(on_platform: bool, by_day: dict[tuple[str, date], list[dict]]) -> dict:
    minutes = {key: total([each["minutes"] for each in done]) for key, done in by_day.items()}
    if on_platform:
        interactions = {key: sum(each["interactions"] for each in done) for key, done in by_day.items()}
        active = [key for key, count in interactions.items() if count >= 1]
    else:
        interactions = {}
        active = [key for key, spent in minutes.items() if spent is not None and spent >= 1]
    return {
        "active_students": len({person for person, _ in active}),
        "active_days": len(active),
        "interactions": sum(interactions.values()) if on_platform else None,
        "days_timed": sum(spent is not None for spent in minutes.values()),
        "minutes": total(list(minutes.values())),
        "rule_version": "learning-usage-1",
    }
