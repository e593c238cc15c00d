"""Surveys worked out again from the exported sheets, from the definitions in words.

What belongs to a survey is of the term in which it opened. A rating is a whole number within its question's bounds,
favourable from the bound that the question states on; choices and words are counted and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_sheets import Sheets
from edu_assets_tests.sample.reading import Row

KEY = ("SurveyID",)
Place = tuple[str, str, str, str]
"""Term, question, respondent group, school."""


class Surveys:
    """Questions, invitations and answers by term, from a network's landing zone."""

    def __init__(self, base: Recomputed) -> None:
        sheets = Sheets(base)
        self.surveys = sheets.dated("surveys", "OpensOn", "SurveyID")
        self.questions = sheets.via("survey_questions", self.surveys, KEY, "SurveyID")
        self.invitations = sheets.via("survey_invitations", self.surveys, KEY, "SurveyID", "SchoolID")
        self.answers = sheets.via("survey_responses", self.surveys, KEY, "SurveyID", "SchoolID")

    @cached_property
    def responses(self) -> dict[tuple, dict]:
        """(term, number, question, school) → an answer."""
        found = {}
        for term, rows in self.answers.items():
            questions = {question_of(row): row for row in self.questions[term]}
            for row in rows:
                question = questions[question_of(row)]
                rating = rating_of(row, question)
                judged = question["FavourableFrom"] != ""
                found[term, row["ResponseID"], question_of(row), row["SchoolID"]] = {
                    "respondent_group": row["RespondentGroup"],
                    "is_of_rating_question": question["Kind"] == "rating",
                    "rating": rating,
                    "is_favourable": rating >= int(question["FavourableFrom"])
                    if rating is not None and judged
                    else None,
                    "rule_version": "survey-feedback-1",
                }
        return found

    def asked(self) -> dict[tuple, dict]:
        """(question) → what is said of it and of its survey."""
        found = {}
        for term, rows in self.questions.items():
            surveys = {row["SurveyID"]: row for row in self.surveys[term]}
            for row in rows:
                survey = surveys[row["SurveyID"]]
                found[(question_of(row),)] = {
                    "survey_title": survey["Title"],
                    "instrument": survey["Instrument"],
                    "privacy": survey["Privacy"],
                    "opens_on::text": survey["OpensOn"],
                    "closes_on::text": survey["ClosesOn"],
                    "topic": row["Topic"],
                    "question_text": row["Text"],
                    "question_kind": row["Kind"],
                    **{
                        name: int(row[header]) if row[header] else None
                        for name, header in (
                            ("lowest_rating", "LowestRating"),
                            ("highest_rating", "HighestRating"),
                            ("favourable_from", "FavourableFrom"),
                        )
                    },
                }
        return found

    def feedback(self) -> dict[Place, dict]:
        answered: dict[Place, list[dict]] = defaultdict(list)
        for (term, _, question, school), row in self.responses.items():
            answered[term, question, row["respondent_group"], school].append(row)
        invited: dict[Place, list[Row]] = defaultdict(list)
        for term, rows in self.invitations.items():
            for row in rows:
                for question in self.questions[term]:
                    if question["SurveyID"] == row["SurveyID"]:
                        invited[term, question_of(question), row["RespondentGroup"], row["SchoolID"]].append(row)
        return {place: _figures(invited[place], answered[place]) for place in {*invited, *answered}}


def _figures(invited: list[Row], answered: list[dict]) -> dict:
    ratings = [row["rating"] for row in answered if row["rating"] is not None]
    return {
        "invited": len(invited),
        "opened": sum(row["Opened"] == "true" for row in invited),
        "invitations_answered": sum(row["Answered"] == "true" for row in invited),
        "answered": len(answered),
        "ratings": len(ratings),
        "ratings_sum": sum(ratings),
        "ratings_judged": sum(row["is_favourable"] is not None for row in answered),
        "favourable": sum(row["is_favourable"] is True for row in answered),
        "ratings_unreadable": sum(row["is_of_rating_question"] and row["rating"] is None for row in answered),
        "rule_version": "survey-feedback-1",
    }


def question_of(row: Row) -> str:
    return f"survey:{row['SurveyID']}|{row['QuestionID']}"


def rating_of(row: Row, question: Row) -> int | None:
    if question["Kind"] != "rating" or not row["Answer"].isdecimal():
        return None
    rating = int(row["Answer"])
    return rating if int(question["LowestRating"]) <= rating <= int(question["HighestRating"]) else None
