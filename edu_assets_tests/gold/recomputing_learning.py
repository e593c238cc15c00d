"""Marks, ratings and test results worked out again from the exported sheets, from the definitions in words.

Nothing here knows the SQL. Taken as given are memberships and rosters (recomputing.py) and the rules as they are
written in words beside each constant.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cached_property
from statistics import median
from typing import TypeVar

from edu_assets.sample import ExportedFile, FileKind
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.sample.reading import Row

FOUR_PLACES = Decimal("0.0001")
UNKNOWN = "unknown"
REASONS = ("absent", "refusal", "medical", "first_year_el", "exempt", "invalidated")
BANDS = ("low_performer", "approaching", "proficient", "high_performer")
LEVELS = ("beginning", "developing", "meeting", "exceeding")
"""Levels of approaches to learning in order; a skill is reached from meeting on."""
MYP_BOUNDS = (1, 6, 10, 15, 19, 24, 28)
"""Least sums of four criteria, 0 to 8 each, for the MYP grades 1 to 7."""
STATE_CUTS = (480, 500, 520)
BENCHMARK_CUTS = {
    "02": (182, 194, 208),
    "03": (190, 202, 216),
    "04": (197, 209, 223),
    "05": (204, 216, 230),
    "06": (210, 222, 236),
    "07": (216, 228, 242),
    "08": (221, 233, 247),
    "09": (226, 238, 252),
    "10": (230, 242, 256),
}
"""Scores from which a student is approaching, proficient and a high performer; the last two count as proficient."""
Value = TypeVar("Value")


def rounded(value: Decimal) -> Decimal:
    return value.quantize(FOUR_PLACES, rounding=ROUND_HALF_UP)


def hashed(entity: str, natural_key: str) -> str:
    """The key by which gold holds a natural key."""
    return hashlib.md5(f"{entity}|{natural_key}".encode(), usedforsecurity=False).hexdigest()


def number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def averages(of: str, values: list[Decimal]) -> dict[str, Decimal | int | None]:
    """Count, sum, mean, median and standard deviation of the values themselves."""
    found: dict[str, Decimal | int | None] = {f"{of}_count": len(values), f"{of}_sum": sum(values, Decimal())}
    if not values:
        return found | {f"{of}_mean": None, f"{of}_median": None, f"{of}_stddev": None}
    with localcontext() as context:
        context.prec = 60
        mean = sum(values, Decimal()) / len(values)
        spread = (sum(((value - mean) ** 2 for value in values), Decimal()) / len(values)).sqrt()
    return found | {
        f"{of}_mean": rounded(mean),
        f"{of}_median": rounded(Decimal(median(values))),
        f"{of}_stddev": rounded(spread),
    }


def grouped(values: Iterable[Value], key: Callable[[Value], tuple]) -> dict[tuple, list[Value]]:
    found: dict[tuple, list[Value]] = defaultdict(list)
    for value in values:
        found[key(value)].append(value)
    return found


def _share_reached(skills: dict) -> Decimal:
    return rounded(Decimal(skills["ratings_reached"]) / skills["ratings"])


class Learning:
    """What students learned and how it was judged, from a network's landing zone."""

    def __init__(self, recomputed: Recomputed) -> None:
        self.base = recomputed

    # -- sheets ---------------------------------------------------------------------------------

    def _files(self, table: str) -> Iterator[tuple[ExportedFile, list[Row]]]:
        """The deliveries of a table in order."""
        for file in self.base.files:
            if file.kind is FileKind.SHEET and table in file.rows:
                yield file, self.base.sheet(file)

    def standing(self, table: str) -> dict[str, list[Row]]:
        """Term → the sheet as it stood in the term: the last that was sent in it."""
        found = {}
        for file, rows in self._files(table):
            term = self.base.network.calendar.term_of_date(file.sent)
            assert term is not None
            found[term.key] = rows
        return found

    def dated(self, table: str, term_of: Callable[[Row], str], scope: tuple[str, ...] = ("SchoolID",)) -> list[Row]:
        """Every row that stands; a later delivery replaces what it holds of a term's scope. `term` is its term."""
        found: dict[tuple, list[Row]] = {}
        for _, rows in self._files(table):
            told = [row | {"term": term_of(row)} for row in rows]
            found |= grouped(told, lambda row: (row["term"], *(row[name] for name in scope)))
        return [row for rows in found.values() for row in rows]

    def of_grading_period(self, table: str) -> list[Row]:
        return self.dated(table, lambda row: row["GradingPeriod"].replace(" ", "|"))

    def of_day(self, table: str, column: str, scope: tuple[str, ...] = ("SchoolID",)) -> list[Row]:
        return self.dated(table, lambda row: self._term_of(date.fromisoformat(row[column]), row["SchoolID"]), scope)

    def _term_of(self, day: date, school: str) -> str:
        term = self.base.network.calendar.term_of_date(day, self.base.schools[school].calendar)
        assert term is not None
        return term.key

    # -- who and where --------------------------------------------------------------------------

    @cached_property
    def grade_in_school(self) -> dict[tuple[str, str, str], str]:
        """(term, student, school) → grade level of the membership entered last."""
        return {
            (term, member.student, member.school): member.grade
            for term, members in self.base.memberships.items()
            for member in sorted(members, key=lambda each: each.entry)
        }

    @cached_property
    def classes(self) -> dict[tuple[str, str, str], tuple[str, str]]:
        """(term, school, the roster's name of the class) → class with its feed, and first subject of its course."""
        found = {}
        for (feed, term), tables in self.base.rosters.items():
            for row in tables["classes"].values():
                school = tables["orgs"][row["schoolSourcedId"]]["identifier"]
                subject = tables["courses"][row["courseSourcedId"]]["subjects"].split(",")[0].strip()
                found[term, school, row["sourcedId"]] = (f"{feed}:{row['sourcedId']}", subject or UNKNOWN)
        return found

    # -- marks ----------------------------------------------------------------------------------

    @cached_property
    def marks(self) -> dict[tuple, dict]:
        """(term, student, school, class, grading period) → the mark."""
        scales = {
            (term, row["ScaleID"], row["Grade"]): row
            for term, rows in self.standing("grade_scales").items()
            for row in rows
        }
        found = {}
        for row in self.of_grading_period("course_grades"):
            term, student, school = row["term"], row["StudentNumber"], row["SchoolID"]
            class_id, subject = self.classes[term, school, row["ClassID"]]
            worth = scales[term, row["ScaleID"], row["Grade"]]
            found[term, student, school, class_id, row["GradingPeriod"]] = {
                "subject": subject,
                "grade_level": self.grade_in_school.get((term, student, school), UNKNOWN),
                "grade_scale_id": f"assessment:{row['ScaleID']}",
                "grade": row["Grade"],
                "percent": number(row["Percent"]),
                "grade_points": number(worth["Points"]),
                "is_passing": worth["Passing"] == "true",
                "credits_attempted": number(row["CreditsAttempted"]),
                "credits_earned": number(row["CreditsEarned"]),
                "graded_on": date.fromisoformat(row["GradedOn"]),
            }
        return found

    def myp_grades(self) -> list[tuple[str, str]]:
        """Every mark that has its four criteria, and the grade that their sum gives."""
        by_mark = grouped(self.of_grading_period("course_grade_criteria"), self._mark_of)
        return [
            (row["Grade"], str(sum(sum(int(each["Level"]) for each in levels) >= bound for bound in MYP_BOUNDS)))
            for row in self.of_grading_period("course_grades")
            if len(levels := by_mark.get(self._mark_of(row), [])) == 4
        ]

    @staticmethod
    def _mark_of(row: Row) -> tuple:
        return tuple(row[name] for name in ("SchoolID", "StudentNumber", "ClassID", "GradingPeriod"))

    def subject_performance(self) -> dict[tuple, dict]:
        """(term, school, subject, grade level, scale) → its marks; a mark weighs as its credits."""
        marks = [{"term": key[0], "student": key[1], "school": key[2]} | mark for key, mark in self.marks.items()]
        place = ("term", "school", "subject", "grade_level", "grade_scale_id")
        found = {}
        for key, held in grouped(marks, lambda mark: tuple(mark[name] for name in place)).items():
            with_points = [mark for mark in held if mark["grade_points"] is not None]
            found[key] = {
                "students": len({mark["student"] for mark in held}),
                "graded": len(held),
                "passed": sum(mark["is_passing"] for mark in held),
                "not_passed": sum(not mark["is_passing"] for mark in held),
                "off_scale": 0,
                "gpa_points": sum(mark["grade_points"] * mark["credits_attempted"] for mark in with_points),
                "gpa_credits": sum(mark["credits_attempted"] for mark in with_points),
                "credits_attempted": sum(mark["credits_attempted"] for mark in held),
                "credits_earned": sum(mark["credits_earned"] for mark in held),
                "rule_version": "subject-performance-1",
            }
            found[key] |= averages("percent", [mark["percent"] for mark in held if mark["percent"] is not None])
            found[key] |= averages("points", [mark["grade_points"] for mark in with_points])
        return found

    # -- tests ----------------------------------------------------------------------------------

    @cached_property
    def tests(self) -> dict[tuple[str, str], Row]:
        """(term, test) → the test as the term's sheet has it."""
        return {(term, row["AssessmentID"]): row for term, rows in self.standing("assessments").items() for row in rows}

    @cached_property
    def results(self) -> dict[tuple[str, str], dict]:
        """(term, result) → the result, with whether it is the one that counts: the best score, of equal the first."""
        found = {}
        rows = self.of_day("assessment_results", "AdministeredOn", ("SchoolID", "AssessmentID"))
        for row in rows:
            test, score = self.tests[row["term"], row["AssessmentID"]], number(row["ScaleScore"])
            band = None if row["ObjectiveID"] or score is None else self._band(test, row["GradeLevel"], score)
            found[row["term"], f"assessment:{row['ResultID']}"] = {
                "student_id": row["StudentNumber"],
                "school_id": row["SchoolID"],
                "assessment_id": f"assessment:{row['AssessmentID']}",
                "objective_id": row["ObjectiveID"] or None,
                "assessment_category": test["Category"],
                "subject": test["Subject"],
                "result.grade_level": row["GradeLevel"],
                "administration_date": date.fromisoformat(row["AdministeredOn"]),
                "attempt": int(row["Attempt"]),
                "score": score,
                "score_scale": test["Scale"],
                "cut_score_version": test["CutScoreVersion"] or None,
                "comparable_group": test["ComparableGroup"] or None,
                "performance_level": row["PerformanceLevel"] or None,
                "proficiency_band": None if band is None else BANDS[band],
                "is_proficient": None if band is None else band >= 2,
                "reason_not_tested": row["ReasonNotTested"] or None,
                "is_scored": score is not None and not row["ReasonNotTested"],
                "is_of_record": False,
                "band_rule_version": None if band is None else "proficiency-bands-1",
                "rule_version": "result-of-record-best-1",
            }
        found |= dict(self._of_vendor())
        told = [result | {"term": key[0], "key": key} for key, result in found.items()]
        for attempts in grouped(told, self._test_taken).values():
            scored = [each for each in attempts if each["is_scored"]]
            in_order = sorted(scored or attempts, key=lambda each: (each["administration_date"], each["attempt"] or 0))
            chosen = max(in_order, key=lambda each: each["score"]) if scored else in_order[-1]
            found[chosen["key"]]["is_of_record"] = True
        return found

    def _of_vendor(self) -> Iterator[tuple[tuple[str, str], dict]]:
        """(term, result) and the result, of the vendor's file: it knows students by the state's number, tells no grade
        level, and has no published cuts."""
        for file, rows in self._files("map_growth"):
            for row in rows:
                day = datetime.strptime(row["TestStartDate"], "%m/%d/%Y").date()  # noqa: DTZ007 - a day, no time
                school, state = row["School_StateID"], row["Student_StateID"]
                term = self._term_of(day, school)
                student = self.base.of_state.get((term, state), f"state:{state}")
                stays = [
                    stay for stay in self.base.memberships[term] if (stay.student, stay.school) == (student, school)
                ]
                last = max(stays, key=lambda stay: stay.entry, default=None)
                key = "|".join((row["TermName"], row["StudentID"], row["TestID"], day.isoformat()))
                yield (
                    (term, f"{file.feed}:{key}"),
                    {
                        "student_id": student,
                        "school_id": school,
                        "assessment_id": f"nwea:{row['TestName']}",
                        "objective_id": None,
                        "assessment_category": None,
                        "subject": row["Subject"],
                        "result.grade_level": last.grade if last else UNKNOWN,
                        "administration_date": day,
                        "attempt": None,
                        "score": Decimal(row["TestRITScore"]),
                        "score_scale": "RIT",
                        "cut_score_version": None,
                        "comparable_group": None,
                        "performance_level": None,
                        "proficiency_band": None,
                        "is_proficient": None,
                        "reason_not_tested": None,
                        "is_scored": True,
                        "is_of_record": False,
                        "band_rule_version": None,
                        "rule_version": "result-of-record-best-1",
                    },
                )

    @staticmethod
    def _test_taken(result: dict) -> tuple:
        return result["term"], result["student_id"], result["assessment_id"], result["objective_id"]

    @staticmethod
    def _band(test: Row, grade: str, score: Decimal) -> int | None:
        if not test["CutScoreVersion"]:
            return None
        cuts = STATE_CUTS if test["Scale"] == "state-level" else BENCHMARK_CUTS[grade]
        return sum(score >= cut for cut in cuts)

    @cached_property
    def of_record(self) -> list[dict]:
        """The results that count, of whole tests, each with its term."""
        return [
            result | {"term": term, "grade_level": result["result.grade_level"]}
            for (term, _), result in self.results.items()
            if result["is_of_record"] and result["objective_id"] is None
        ]

    @cached_property
    def expected(self) -> dict[tuple, set[str]]:
        """(term, school, grade level, subject, test) → students enrolled there on the expected day of its window."""
        found: dict[tuple, set[str]] = defaultdict(set)
        for row in self.of_day("assessment_windows", "FirstDay"):
            term, day = row["term"], date.fromisoformat(row["ExpectedOn"])
            subject = self.tests[term, row["AssessmentID"]]["Subject"]
            found[term, row["SchoolID"], row["GradeLevel"], subject, f"assessment:{row['AssessmentID']}"] |= {
                member.student
                for member in self.base.memberships[term]
                if (member.school, member.grade) == (row["SchoolID"], row["GradeLevel"])
                and member.counts
                and member.holds_on(day)
            }
        return found

    def proficiency_distribution(self) -> dict[tuple, dict]:
        """(term, school, grade level, subject, test) → who was expected, tested, and in which band."""
        place = ("term", "school_id", "grade_level", "subject", "assessment_id")
        held = grouped(self.of_record, lambda result: tuple(result[name] for name in place))
        found = {}
        for key in {*held, *self.expected}:
            results, expected = held.get(key, []), self.expected.get(key)
            tested = {each["student_id"] for each in results if each["is_scored"]}
            told = {each["student_id"] for each in results}
            found[key] = {
                "students_expected": None if expected is None else len(expected),
                "students_expected_tested": None if expected is None else len(expected & tested),
                "students_expected_without_result": None if expected is None else len(expected - told),
                "students_with_result": len(told),
                "students_tested": len(tested),
                "students_not_tested_other": 0,
                "students_without_band": sum(
                    each["is_scored"] and each["proficiency_band"] is None for each in results
                ),
                "students_proficient_or_above": sum(each["is_proficient"] is True for each in results),
                "score_sum": sum((each["score"] for each in results if each["is_scored"]), Decimal()),
                "rule_version": "result-of-record-best-1",
            }
            for reason in REASONS:
                found[key][f"students_not_tested_{reason}"] = sum(
                    each["reason_not_tested"] == reason for each in results
                )
            for band in BANDS:
                found[key][f"students_{band}"] = sum(each["proficiency_band"] == band for each in results)
        return found

    # -- approaches to learning -----------------------------------------------------------------

    @cached_property
    def ratings(self) -> dict[tuple, dict]:
        """(term, student, school, class, grading period, category, skill) → the rating."""
        found = {}
        for row in self.of_grading_period("atl_skill_ratings"):
            term, student, school = row["term"], row["StudentNumber"], row["SchoolID"]
            class_id, _ = self.classes[term, school, row["ClassID"]]
            key = (term, student, school, class_id, row["GradingPeriod"], row["Category"], row["Skill"])
            found[key] = {
                "rating.grade_level": self.grade_in_school.get((term, student, school), UNKNOWN),
                "rating": row["Rating"],
                "level": row["Rating"],
                "level_order": LEVELS.index(row["Rating"]) + 1,
            }
        return found

    def atl_skills(self) -> dict[tuple, dict]:
        """(term, school, grade level, category) → its ratings by level."""
        by_place = grouped(
            self.ratings.items(), lambda each: (each[0][0], each[0][2], each[1]["rating.grade_level"], each[0][5])
        )
        found = {}
        for place, held in by_place.items():
            levels = [rating["level_order"] for _, rating in held]
            found[place] = {
                "students": len({key[1] for key, _ in held}),
                "ratings": len(levels),
                "ratings_unmapped": 0,
                "ratings_reached": levels.count(3) + levels.count(4),
                "level_sum": sum(levels),
                "rule_version": "atl-skills-1",
            } | {f"ratings_{level}": levels.count(n) for n, level in enumerate(LEVELS, start=1)}
        return found

    def atl_skills_change(self) -> dict[tuple, dict]:
        """(term, school, grade level, category) → the share of skills reached, and how it moved since earlier terms."""
        skills = self.atl_skills()
        found = {}
        for (term, *place), now in skills.items():
            found[term, *place] = {"ratings_known": now["ratings"], "share_reached": _share_reached(now)}
            compared = self._compared_with(term)
            for comparison in ("previous_term", "previous_year"):
                other = compared.get(comparison)
                then = skills.get((other, *place))
                found[term, *place] |= {
                    f"{comparison}_key" if comparison == "previous_term" else "previous_year_term_key": other,
                    f"ratings_known_{comparison}": then and then["ratings"],
                    f"ratings_reached_{comparison}": then and then["ratings_reached"],
                    f"share_reached_{comparison}": then and _share_reached(then),
                    f"change_{comparison}": then and _share_reached(now) - _share_reached(then),
                }
        return found

    # -- curriculum -----------------------------------------------------------------------------

    def curriculum_performance(self) -> dict[tuple, dict]:
        """(term, programme, unit, objective) → who was tested of it and reached its mastery score."""
        scores: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
        for (term, _), result in self.results.items():
            if result["objective_id"] and result["is_of_record"] and result["is_scored"]:
                best = scores[term, result["objective_id"]]
                student, score = result["student_id"], result["score"]
                best[student] = max(score, best.get(student, score))
        programs = self.standing("programs")
        units = self.standing("units")
        found = {}
        for term, objectives in self.standing("learning_objectives").items():
            titles = {row["ProgramID"]: row["Title"] for row in programs[term]}
            unit_of = {row["UnitID"]: row for row in units[term]}
            for row in objectives:
                unit, least = unit_of[row["UnitID"]], Decimal(row["MasteryScore"])
                held = scores.get((term, row["ObjectiveID"]), {}).values()
                found[term, unit["ProgramID"], unit["UnitID"], row["ObjectiveID"]] = {
                    "program_title": titles[unit["ProgramID"]],
                    "unit_title": unit["Title"],
                    "subject": unit["Subject"],
                    "grade_level": unit["GradeLevel"],
                    "objective_code": row["Code"] or None,
                    "mastery_score": least,
                    "students_assessed": len(held),
                    "students_mastered": sum(score >= least for score in held),
                    "students_not_mastered": sum(score < least for score in held),
                    "students_without_mastery_score": 0,
                    "score_sum": sum(held, Decimal()),
                    "rule_version": "result-of-record-best-1",
                }
        return found

    # -- trends ---------------------------------------------------------------------------------

    def _scored(self) -> Iterator[dict]:
        """The scores that count, each with the group of tests with which it compares."""
        for result in self.of_record:
            if result["is_scored"]:
                yield result | {"group": result["comparable_group"] or result["assessment_id"]}

    def assessment_trends(self) -> dict[tuple, dict]:
        """(term, comparable group, subject, grade level) → its scores."""
        place = ("term", "group", "subject", "grade_level")
        found = {}
        for key, held in grouped(self._scored(), lambda each: tuple(each[name] for name in place)).items():
            figures = averages("score", [each["score"] for each in held])
            found[key] = {
                "students": len({each["student_id"] for each in held}),
                "scores": figures["score_count"],
                "score_sum": figures["score_sum"],
                "score_mean": figures["score_mean"],
                "score_median": figures["score_median"],
                "scores_without_band": sum(each["proficiency_band"] is None for each in held),
                "scores_proficient_or_above": sum(each["is_proficient"] is True for each in held),
                "rule_version": "result-of-record-best-1",
            } | {f"scores_{band}": sum(each["proficiency_band"] == band for each in held) for band in BANDS}
        return found

    def assessment_trends_change(self) -> dict[tuple, dict]:
        """(term, comparison, comparable group, subject, grade level) → the students with a score in both terms.

        In the sample no student takes two tests of a group in a term.
        """
        scores = {(each["term"], each["group"], each["subject"], each["student_id"]): each for each in self._scored()}
        matched: dict[tuple, list[tuple[dict, dict]]] = defaultdict(list)
        for (term, *who), later in scores.items():
            for comparison, other in self._compared_with(term).items():
                earlier = scores.get((other, *who))
                if earlier:
                    key = (term, comparison, later["group"], later["subject"], later["grade_level"])
                    matched[key].append((later, earlier))
        return {key: self._change(pairs) for key, pairs in matched.items()}

    def _compared_with(self, term_key: str) -> dict[str, str]:
        """Comparison → the term that a term is compared with."""
        keys = [term.key for term in self.base.terms]
        term = self.base.terms[keys.index(term_key)]
        found = {"previous_term": keys[keys.index(term_key) - 1]} if term_key != keys[0] else {}
        earlier = [each.key for each in self.base.terms[: keys.index(term_key)] if each.term == term.term]
        return found | ({"previous_year": earlier[-1]} if earlier else {})

    @staticmethod
    def _change(pairs: list[tuple[dict, dict]]) -> dict[str, Decimal | int | str]:
        changes = [later["score"] - earlier["score"] for later, earlier in pairs]
        proficient = [(bool(later["is_proficient"]), bool(earlier["is_proficient"])) for later, earlier in pairs]
        return {
            "students_matched": len(pairs),
            "score_sum": sum(later["score"] for later, _ in pairs),
            "score_sum_compared": sum(earlier["score"] for _, earlier in pairs),
            "score_change_sum": sum(changes),
            "score_change_mean": rounded(sum(changes) / len(pairs)),
            "students_higher": sum(change > 0 for change in changes),
            "students_lower": sum(change < 0 for change in changes),
            "students_became_proficient": proficient.count((True, False)),
            "students_no_longer_proficient": proficient.count((False, True)),
            "rule_version": "result-of-record-best-1",
        }
