"""The figures of OULAD, real data that nobody on this project wrote, come out of raw exactly.

They are those of ../shared/data/README.md; the data are loaded once a session as networks/oulad.yaml says.
"""

from __future__ import annotations

import pytest
import yaml

from edu_assets.raw_zone import DeliveryReport
from edu_assets.settings import PROJECT
from edu_assets_tests.testbed import MakeNetwork, Platform, shared_data

Loaded = tuple[Platform, list[DeliveryReport]]


@pytest.fixture(scope="module")
def loaded(make_session_network: MakeNetwork) -> Loaded:
    shared_data("oulad")
    declared = yaml.safe_load((PROJECT / "networks" / "oulad.yaml").read_text(encoding="utf-8"))
    platform = make_session_network(**declared | {"name": "oulad_raw"})
    return platform, platform.load_waiting()


@pytest.fixture
def oulad(loaded: Loaded) -> Platform:
    return loaded[0]


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("courses", 22),
        ("student_info", 32_593),
        ("student_registration", 32_593),
        ("assessments", 206),
        ("student_assessment", 173_912),
        ("vle", 6_364),
    ],
)
def test_every_row_of_a_table_is_loaded(oulad: Platform, table: str, rows: int) -> None:
    assert oulad.value(f"select count(*) from raw_zone.oulad__{table}") == rows  # noqa: S608


def test_presentations(oulad: Platform) -> None:
    presentations = "select count(distinct (code_module, code_presentation)) from raw_zone.oulad__courses"
    assert oulad.value(presentations) == 22


def test_students_are_fewer_than_enrolments(oulad: Platform) -> None:
    figures = "select count(*), count(distinct id_student) from raw_zone.oulad__student_info"
    assert oulad.query(figures) == [(32_593, 28_785)]


@pytest.mark.parametrize(
    ("result", "enrolments"), [("Pass", 12_361), ("Withdrawn", 10_156), ("Fail", 7_052), ("Distinction", 3_024)]
)
def test_final_results(oulad: Platform, result: str, enrolments: int) -> None:
    count = "select count(*) from raw_zone.oulad__student_info where final_result = %s"
    assert oulad.value(count, [result]) == enrolments


@pytest.mark.parametrize(("kind", "number"), [("TMA", 106), ("CMA", 76), ("Exam", 24)])
def test_assessments_by_kind(oulad: Platform, kind: str, number: int) -> None:
    count = "select count(*) from raw_zone.oulad__assessments where assessment_type = %s"
    assert oulad.value(count, [kind]) == number


def test_exams_without_a_date(oulad: Platform) -> None:
    undated = 'select assessment_type, count(*) from raw_zone.oulad__assessments where "date" is null group by 1'
    assert oulad.query(undated) == [("Exam", 11)]


def test_banked_submissions(oulad: Platform) -> None:
    assert oulad.value("select count(*) from raw_zone.oulad__student_assessment where is_banked") == 1_909


def test_submissions_without_a_score(oulad: Platform) -> None:
    assert oulad.value("select count(*) from raw_zone.oulad__student_assessment where score is null") == 173


def test_unregistrations(oulad: Platform) -> None:
    registrations = "select count(*) from raw_zone.oulad__student_registration where date_unregistration is not null"
    assert oulad.value(registrations) == 10_072


def test_withdrawals_without_a_date(oulad: Platform) -> None:
    undated = (
        "select count(*) from raw_zone.oulad__student_info i"
        " join raw_zone.oulad__student_registration r"
        " using (term_key, _feed, code_module, code_presentation, id_student)"
        " where final_result = 'Withdrawn' and date_unregistration is null"
    )
    assert oulad.value(undated) == 93


def test_the_band_that_the_publisher_spells_otherwise_is_not_recoded(oulad: Platform) -> None:
    bands = "select distinct imd_band from raw_zone.oulad__student_info where imd_band like '10-20%' or imd_band = ''"
    assert {band for (band,) in oulad.query(bands)} == {"", "10-20"}


def test_terms_are_the_presentations_letters(oulad: Platform) -> None:
    terms = "select term_key, count(*) from raw_zone.oulad__courses group by 1 order by 1"
    assert oulad.query(terms) == [("2013|B", 3), ("2013|J", 6), ("2014|B", 6), ("2014|J", 7)]


def test_a_submission_is_in_the_term_of_its_assessment(oulad: Platform) -> None:
    astray = (
        "select count(*) from raw_zone.oulad__student_assessment s"
        " left join raw_zone.oulad__assessments a using (_feed, id_assessment)"
        " where s.term_key is distinct from a.term_key"
    )
    assert oulad.value(astray) == 0


def test_nothing_is_quarantined_and_nothing_held(loaded: Loaded) -> None:
    oulad, reports = loaded
    assert oulad.query("select count(*) from etl.quarantine") == [(0,)]
    assert oulad.query("select count(*) from etl.held_slice") == [(0,)]
    # Of the first load: another test loads two files again, and asks that nothing changes.
    first = [part.load_id for report in reports for part in report.slices]
    log = oulad.query("select status, count(*) from etl.load_log where load_id = any(%s) group by 1", [first])
    assert log == [("applied", len(first))]


def test_every_row_read_is_accepted(loaded: Loaded) -> None:
    _, reports = loaded
    assert {report.status for report in reports} == {"applied"}
    assert sum(report.rows_read for report in reports) == 22 + 2 * 32_593 + 206 + 173_912 + 6_364
    assert sum(part.accepted for report in reports for part in report.slices) == sum(r.rows_read for r in reports)


def test_a_second_load_changes_nothing(loaded: Loaded) -> None:
    platform, _ = loaded
    before = platform.query("select count(*), max(_load_id) from raw_zone.oulad__student_assessment")
    folder = platform.settings.landing_of("oulad")
    reports = platform.load(*sorted(folder.glob("*ssessment*.csv")))
    assert [report.status for report in reports] == ["unchanged", "unchanged"]
    assert platform.query("select count(*), max(_load_id) from raw_zone.oulad__student_assessment") == before
