"""Results of four vendors in one shape: the files that their portals export, read again in plain Python."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edu_assets_tests.testbed import MakeNetwork, Platform, network_declaration, shared_data

FILES = {
    "map_growth.csv": ("nwea", "MAP_Growth/sample_anonymized_file.csv"),
    "diagnostic_results_ela.csv": ("iready", "i-Ready/sample_anonymized_file_ela.csv"),
    "diagnostic_results_math.csv": ("iready", "i-Ready/sample_anonymized_file_math.csv"),
    "SR_v3.csv": ("star", "STAR/SR_sample_anonymized_file.csv"),
    "ib.csv": ("ib", "IB/sample_anonymized_file.csv"),
}
YEARS = {
    year: {
        "last_day": f"{int(year) + 1}-07-31",
        "terms": {"Y": {"starts": f"{year}-08-01", "first_day": f"{year}-08-15", "last_day": f"{int(year) + 1}-06-15"}},
    }
    for year in ("2021", "2022", "2023", "2024", "2025")
}
COLUMNS = (
    "student_id, school_id, assessment_id, subject, administration_date::text, grade_level, score, score_scale,"
    " performance_level"
)


@pytest.fixture(scope="module")
def conformed(make_session_network: MakeNetwork) -> Platform:
    """A network whose feeds are vendors, with their files loaded and the conformed view made."""
    systems = sorted({system for system, _ in FILES.values()})
    platform = make_session_network(
        deployed=True,
        calendar={"terms": ["Y"], "years": YEARS},
        schools=[{key: value for key, value in school.items() if key != "calendar"} for school in _schools()],
        feeds={system: {"system": system, "landing": system} for system in systems},
    )
    for name, (system, path) in FILES.items():
        content = (shared_data("vendor_assessments") / path).read_bytes()
        report = platform.deliver(system, name, content, term=None if system in ("nwea", "iready") else "2023|Y")
        assert report.status == "applied", report.problems
    return platform


def _schools() -> list[dict[str, Any]]:
    schools: list[dict[str, Any]] = network_declaration()["schools"]
    return schools


def rows(name: str) -> Iterator[Mapping[str, str]]:
    path = shared_data("vendor_assessments") / FILES[name][1]
    with path.open(encoding="utf-8-sig", newline="") as lines:
        yield from csv.DictReader(lines)


def day(text: str) -> str:
    month, of_month, year = (int(part) for part in text.split("/"))
    return f"{year:04}-{month:02}-{of_month:02}"


def padded(grade: str) -> str:
    return f"{int(grade):02}"


def map_growth() -> Iterator[tuple]:
    for row in rows("map_growth.csv"):
        if not row["TestID"]:
            continue  # set aside: a result without its key
        yield (
            f"state:{row['Student_StateID']}",
            row["School_StateID"],
            f"nwea:{row['TestName']}",
            row["Subject"],
            day(row["TestStartDate"]),
            None,
            Decimal(row["TestRITScore"]),
            "RIT",
            None,
        )


def iready() -> Iterator[tuple]:
    for subject, name in (("ela", "Reading"), ("math", "Mathematics")):
        for row in rows(f"diagnostic_results_{subject}.csv"):
            yield (
                f"state:{row['Student State ID']}",
                None,
                f"iready:diagnostic_{subject}",
                name,
                day(row["Completion Date"] or row["Start Date"]),
                padded(row["Student Grade"]),
                Decimal(row["Overall Scale Score"]),
                f"i-Ready {subject} scale score",
                row["Overall Placement"],
            )


def star() -> Iterator[tuple]:
    for row in rows("SR_v3.csv"):
        completed = datetime.fromisoformat(row["CompletedDate"]).astimezone(ZoneInfo("America/New_York"))
        yield (
            f"state:{row['StudentStateID']}",
            row["SchoolIdentifier"],
            "star:reading",
            "Reading",
            completed.date().isoformat(),
            padded(row["CurrentGrade"]),
            Decimal(row["ScaledScore"]),
            "Star Reading scaled score",
            None,
        )


def ib() -> Iterator[tuple]:
    for row in rows("ib.csv"):
        grade = row["SUBJECT_GRADE"]
        yield (
            row["student_unique_id"],
            row["SCHOOL_CODE"],
            f"ib:{row['SUBJECT']} {row['LEVEL']}",
            row["SUBJECT"],
            None,
            None,
            Decimal(grade) if grade.isdigit() else None,
            {"N": None}.get(grade, "IB 1-7" if grade.isdigit() else "IB A-E"),  # N: no grade was awarded
            grade,
        )


@pytest.mark.parametrize(
    ("feed", "theirs"),
    [("nwea", map_growth), ("iready", iready), ("star", star), ("ib", ib)],
    ids=["nwea", "iready", "star", "ib"],
)
def test_a_vendors_results_are_conformed(conformed: Platform, feed: str, theirs: Any) -> None:
    ours = conformed.query(f"select {COLUMNS} from staging.conformed_assessment_result where _feed = %s", [feed])  # noqa: S608
    expected = sorted(theirs(), key=repr)
    assert expected
    assert sorted(ours, key=repr) == expected


def test_a_result_is_there_once_with_its_origin(conformed: Platform) -> None:
    results, ids, without = conformed.query(
        "select count(*), count(distinct assessment_result_id), count(*) filter (where _load_id is null)"
        " from staging.conformed_assessment_result"
    )[0]
    assert (results, without) == (ids, 0)
    assert results == sum(len(list(theirs())) for theirs in (map_growth, iready, star, ib))
