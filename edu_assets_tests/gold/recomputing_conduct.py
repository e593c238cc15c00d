"""Conduct worked out again from the exported sheets, from the definitions in words.

An incident is of the term of its day at its school, its participants with it; a measure is of the term of the day on
which it begins. Students are counted as aggressors. The days of a suspension are those served.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_sheets import Sheets, number
from edu_assets_tests.sample.reading import Row

BEHAVIORS = {"phone": "electronic_device"}  # the other codes are words of their own
MEASURES = {
    "detention": "detention",
    "conference": "conference",
    "parent contact": "family_contact",
    "restorative circle": "restorative_practice",
    "out-of-school suspension": "out_of_school_suspension",
}
SUSPENSION = "out_of_school_suspension"
KEY = ("SchoolID", "IncidentID")


@dataclass(frozen=True)
class Measure:
    row: Row
    behavior: str
    is_incident_of_term: bool

    @property
    def kind(self) -> str:
        return MEASURES[self.row["Action"]]

    @property
    def served(self) -> Decimal | None:
        return number(self.row["DaysServed"])


class Conduct:
    """Incidents, parts and measures by term, from a network's landing zone."""

    def __init__(self, base: Recomputed) -> None:
        self.base = base
        sheets = Sheets(base)
        self.incidents = sheets.dated("behavior_incidents", "IncidentDate", "SchoolID")
        self.participants = sheets.via("behavior_participants", self.incidents, KEY, "SchoolID")
        self.actions = sheets.dated("discipline_actions", "ActionDate", "SchoolID")

    @cached_property
    def measures(self) -> dict[str, list[Measure]]:
        """Term → its measures, with the behaviour of the incident where that is of the term too."""
        found: dict[str, list[Measure]] = {}
        for term, rows in self.actions.items():
            behaviors = {_key(row): behavior(row) for row in self.incidents[term]}
            found[term] = [Measure(row, behaviors.get(_key(row), "unknown"), _key(row) in behaviors) for row in rows]
        return found

    def parts(self) -> dict[tuple, dict]:
        """(term, incident, student, role) → the rest of a part in an incident."""
        found = {}
        for term, rows in self.incidents.items():
            took_part: dict[tuple, list[Row]] = defaultdict(list)
            for row in self.participants[term]:
                took_part[_key(row)].append(row)
            for row in rows:
                for part in took_part[_key(row)] or [{"StudentNumber": "", "Role": "unknown", "Behavior": ""}]:
                    found[term, _incident_key(row), part["StudentNumber"], part["Role"]] = {
                        "school_id": row["SchoolID"],
                        "incident_date": date.fromisoformat(row["IncidentDate"]),
                        "behavior_code": row["Behavior"],
                        "behavior": behavior(row),
                        "incident_location": row["Location"],
                        "severity_level": row["SeverityLevel"],
                        "is_reported_to_police": row["ReportedToPolice"] == "true",
                        "is_student_known": part["StudentNumber"] != "",
                        "student_behavior_code": part["Behavior"] or None,
                    }
        return found

    def discipline_actions(self) -> dict[tuple, dict]:
        return {
            (term, each.row["StudentNumber"], _incident_key(each.row), date.fromisoformat(each.row["ActionDate"])): {
                "school_id": each.row["SchoolID"],
                "is_incident_of_term": each.is_incident_of_term,
                "action_code": each.row["Action"],
                "discipline_action": each.kind,
                "is_suspension": each.kind == SUSPENSION,
                "behavior": each.behavior,
                "days_assigned": number(each.row["DaysAssigned"]),
                "days_served": each.served,
            }
            for term, measures in self.measures.items()
            for each in measures
        }

    def trends(self) -> dict[tuple, dict]:
        """(term, school, behaviour) → the mart."""
        found = {}
        for term in self.incidents:
            incidents, measures = self._grouped(term)
            for place in {*incidents, *measures}:
                days = [day.day for day in self.base.days[term] if day.school == place[0]]
                found[term, *place] = {
                    "incidents": len(incidents[place]),
                    "incidents_without_student": sum(not self._students(term, row, None) for row in incidents[place]),
                    "students_aggressor": len(
                        set().union(*(self._students(term, row, "aggressor") for row in incidents[place]))
                    ),
                    **_of_measures(measures[place]),
                    "school_days_membership": len(days),
                    "school_days_in_session": len(set(days)),
                    "rule_version": "behavior-trends-1",
                }
        return found

    def _grouped(self, term: str) -> tuple[dict[tuple, list[Row]], dict[tuple, list[Measure]]]:
        incidents: dict[tuple, list[Row]] = defaultdict(list)
        measures: dict[tuple, list[Measure]] = defaultdict(list)
        for row in self.incidents[term]:
            incidents[row["SchoolID"], behavior(row)].append(row)
        for each in self.measures[term]:
            measures[each.row["SchoolID"], each.behavior].append(each)
        return incidents, measures

    def _students(self, term: str, incident: Row, role: str | None) -> set[str]:
        return {
            row["StudentNumber"]
            for row in self.participants[term]
            if _key(row) == _key(incident) and role in (None, row["Role"])
        }


def _of_measures(measures: list[Measure]) -> dict[str, int | Decimal]:
    suspensions = [each for each in measures if each.kind == SUSPENSION]
    assigned = [number(each.row["DaysAssigned"]) for each in suspensions]
    return {
        "actions": len(measures),
        "suspensions": len(suspensions),
        "suspensions_out_of_school": len(suspensions),
        "days_suspended_assigned": sum((days for days in assigned if days is not None), Decimal()),
        "days_suspended": sum((each.served for each in suspensions if each.served is not None), Decimal()),
        "suspensions_of_unknown_length": sum(each.served is None for each in suspensions),
    }


def behavior(row: Row) -> str:
    return BEHAVIORS.get(row["Behavior"], row["Behavior"])


def _key(row: Row) -> tuple[str, str]:
    return row["SchoolID"], row["IncidentID"]


def _incident_key(row: Row) -> str:
    return f"records:{row['SchoolID']}|{row['IncidentID']}"
