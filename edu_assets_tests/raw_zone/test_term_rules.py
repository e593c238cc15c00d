"""Every row lands in exactly one term, by each of the four rules."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from edu_assets.raw_zone.rehearsal import rehearse
from edu_assets_tests.raw_zone.exports import (
    active,
    assessments,
    attendance,
    courses,
    org,
    package,
    students,
    submissions,
)
from edu_assets_tests.testbed import MakeNetwork, Platform, network_declaration

TERMS_OF_DAYS = "select school_id, attendance_date, term_key from raw_zone.attendance__attendance_daily order by 1, 2"
TERMS_OF_ORGS = "select term_key, sourced_id from raw_zone.oneroster__orgs order by 1, 2"


def test_a_column_names_the_term(platform: Platform) -> None:
    platform.deliver("ou", "courses.csv", courses("AAA,2013J,268", "AAA,2014B,269"))
    found = platform.query("select term_key, code_presentation from raw_zone.oulad__courses order by 1")
    assert found == [("2013|J", "2013J"), ("2014|B", "2014B")]


@pytest.mark.parametrize("presentation", ["2013X", "2099J", "13J", "2013J ", "2013JJ"])
def test_a_row_whose_column_names_no_term_waits_in_quarantine(platform: Platform, presentation: str) -> None:
    report = platform.deliver("ou", "courses.csv", courses(f"AAA,{presentation},268", "AAA,2014B,269"))
    assert report.quarantined == 1
    assert platform.query("select source_row, rule from etl.quarantine") == [(2, "term")]


def test_a_date_gives_the_administrative_term_of_the_network(platform: Platform) -> None:
    sheet = attendance("01,1,2013-07-01,P,0", "01,1,2013-06-30,P,0", "01,1,2013-12-31,P,0", "01,1,2014-01-01,P,0")
    platform.deliver("attendance", "attendance_daily_1.csv", sheet)
    found = dict(platform.query("select attendance_date, term_key from raw_zone.attendance__attendance_daily"))
    assert found == {
        date(2013, 6, 30): "2013|B",
        date(2013, 7, 1): "2013|J",
        date(2013, 12, 31): "2013|J",
        date(2014, 1, 1): "2014|B",
    }


def test_a_school_with_dates_of_its_own_keeps_its_days_in_its_own_term(platform: Platform) -> None:
    sheet = attendance("01,1,2013-07-12,P,0", "02,1,2013-07-12,P,0", "02,1,2013-07-13,P,0", "99,1,2013-07-12,P,0")
    platform.deliver("attendance", "attendance_daily_1.csv", sheet)
    assert platform.query(TERMS_OF_DAYS) == [
        ("01", date(2013, 7, 12), "2013|J"),
        ("02", date(2013, 7, 12), "2013|B"),
        ("02", date(2013, 7, 13), "2013|J"),
        ("99", date(2013, 7, 12), "2013|J"),
    ]


def test_a_school_by_another_name_has_the_same_days(make_network: MakeNetwork) -> None:
    schools = network_declaration()["schools"]
    schools[1]["also"] = ["2"]
    platform = make_network(deployed=True, schools=schools)
    sheet = attendance("2,1,2013-07-12,P,0", "2,1,2013-07-13,P,0", "3,1,2013-07-12,P,0")
    platform.deliver("attendance", "attendance_daily_1.csv", sheet)
    assert platform.query(TERMS_OF_DAYS) == [
        ("2", date(2013, 7, 12), "2013|B"),
        ("2", date(2013, 7, 13), "2013|J"),
        ("3", date(2013, 7, 12), "2013|J"),
    ]


def test_the_published_days_are_those_of_the_calendar(platform: Platform) -> None:
    network = platform.settings.network
    published = {(school, day): term for school, day, term in platform.query("select * from etl.term_day")}
    for school in network.schools:
        for offset in range(730):
            day = date(2013, 1, 1) + timedelta(offset)
            term = network.calendar.term_of_date(day, school.calendar)
            found = published.get((school.school_id, day), published.get(("", day)))
            assert found == (term.key if term else None), (school.school_id, day)


def test_a_date_outside_the_calendar_waits_in_quarantine(platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,2012-12-31,P,0", "01,1,2015-01-01,P,0"))
    assert platform.query("select source_row, rule, term_key from etl.quarantine order by 1") == [
        (2, "term", None),
        (3, "term", None),
    ]


def test_a_child_takes_the_term_of_the_open_parent_row(platform: Platform) -> None:
    platform.deliver("ou", "assessments.csv", assessments("AAA,2013J,1,TMA,10,50", "AAA,2014B,2,TMA,10,50"))
    platform.deliver("ou", "studentAssessment.csv", submissions("1,100,9,0,80", "2,100,9,0,70"))
    found = platform.query("select term_key, id_assessment from raw_zone.oulad__student_assessment order by 1")
    assert found == [("2013|J", "1"), ("2014|B", "2")]


def test_the_parents_of_another_feed_give_no_term(platform: Platform) -> None:
    platform.deliver("ou", "assessments.csv", assessments("AAA,2013J,1,TMA,10,50"))
    report = platform.deliver("other_ou", "studentAssessment.csv", submissions("1,100,9,0,80"))
    assert report.quarantined == 1


def test_a_child_without_parent_waits_and_is_loaded_when_the_parent_arrives(platform: Platform) -> None:
    platform.deliver("ou", "studentAssessment.csv", submissions("1,100,9,0,80", "2,100,9,0,70"))
    assert platform.query("select rule, status from etl.quarantine") == [("parent", "open")] * 2
    report = platform.deliver("ou", "assessments.csv", assessments("AAA,2013J,1,TMA,10,50"))
    assert [(part.raw_table, part.inserted) for part in report.slices] == [
        ("oulad__assessments", 1),
        ("oulad__student_assessment", 1),
    ]
    child = "select id_assessment, term_key, _source_file, _source_row from raw_zone.oulad__student_assessment"
    assert platform.query(child) == [("1", "2013|J", "studentAssessment.csv", 2)]
    assert platform.query("select source_row, status from etl.quarantine order by 1") == [(2, "replayed"), (3, "open")]


def test_a_folder_is_loaded_parents_first(platform: Platform) -> None:
    platform.drop("ou", "studentAssessment.csv", submissions("1,100,9,0,80"))
    platform.drop("ou", "assessments.csv", assessments("AAA,2013J,1,TMA,10,50"))
    reports = platform.load(platform.settings.landing_of("ou"))
    assert [report.source_file for report in reports] == ["assessments.csv", "studentAssessment.csv"]
    assert platform.value("select count(*) from etl.quarantine") == 0


def test_a_key_that_moves_to_another_term_leaves_the_first(platform: Platform) -> None:
    platform.deliver("ou", "assessments.csv", assessments("AAA,2013J,1,TMA,10,50"))
    report = platform.deliver("ou", "assessments.csv", assessments("AAA,2014B,1,TMA,10,50"))
    assert platform.query("select term_key from raw_zone.oulad__assessments") == [("2014|B",)]
    history = "select term_key, _closed_by from raw_history.oulad__assessments"
    assert platform.query(history) == [("2013|J", report.slices[0].load_id)]
    moved = "select term_key, mode, closed from etl.load_log where mode = 'moved'"
    assert platform.query(moved) == [("2013|J", "moved", 1)]


@pytest.mark.parametrize(
    ("name", "options", "written", "term"),
    [
        ("roster_2013-09-05.zip", {"term": "2014|B"}, datetime(2014, 9, 9), "2014|B"),  # noqa: DTZ001
        ("roster_2013-09-05.zip", {}, datetime(2014, 9, 9), "2013|J"),  # noqa: DTZ001
        ("roster_20130905.zip", {}, datetime(2014, 9, 9), "2013|J"),  # noqa: DTZ001
        ("roster.zip", {}, datetime(2014, 9, 9), "2014|J"),  # noqa: DTZ001
    ],
    ids=["option before name", "name before entries", "date without dashes", "newest entry"],
)
def test_a_delivery_is_of_the_term_of_its_effective_date(
    platform: Platform, name: str, options: dict[str, str], written: datetime, term: str
) -> None:
    platform.deliver("sis", name, package({"orgs": [org("s1")]}, written=written), **options)
    assert platform.query(TERMS_OF_ORGS) == [(term, "s1")]


def test_a_folders_declared_date_is_that_of_the_files_in_it_and_the_nearest_one_speaks(
    make_network: MakeNetwork,
) -> None:
    dates = {".": "2013-02-05", "drops/first": "2013-09-05", "drops/first/mended": "2014-02-05"}
    platform = make_network(feeds={"sis": {"system": "oneroster", "landing": "sis", "effective_dates": dates}})
    content = package({"orgs": [org("s1")]}, written=datetime(2014, 9, 9))  # noqa: DTZ001
    for folder, term in {
        ".": "2013|B",
        "drops/second": "2013|B",
        "drops/first/deeper": "2013|J",
        "drops/first/mended": "2014|B",
    }.items():
        report = platform.deliver("sis", f"{folder}/roster.zip", content)
        assert (report.status, [part.term_key for part in report.slices]) == ("applied", [term]), folder
        platform.change("delete from raw_zone.oneroster__orgs")
        platform.change("truncate etl.load_log")


def test_drops_are_loaded_in_the_order_of_their_declared_dates(make_network: MakeNetwork) -> None:
    """Neither their names nor the times at which they came are in that order."""
    dates = {"a": "2013-03-01", "b": "2013-02-01"}
    platform = make_network(feeds={"sis": {"system": "oneroster", "landing": "sis", "effective_dates": dates}})
    for folder, name in {"a": "Newer", "b": "Older"}.items():
        platform.drop("sis", f"{folder}/roster.zip", package({"orgs": [org("s1", name)]}))
    assert [report.status for report in platform.load_waiting()] == ["applied", "applied"]
    assert platform.query("select name from raw_zone.oneroster__orgs") == [("Newer",)]
    assert platform.query("select name from raw_history.oneroster__orgs") == [("Older",)]


def test_a_rehearsal_knows_a_folders_declared_date(make_network: MakeNetwork) -> None:
    dates = {"first": "2013-09-05"}
    platform = make_network(feeds={"sds": {"system": "sds", "landing": "sds", "effective_dates": dates}})
    orgs = "sourcedId,name,type,parentSourcedId\n1,School,school,\n"
    for folder, status in {"first": "loads", "second": "refused"}.items():
        found = rehearse(platform.warehouse, platform.settings, platform.drop("sds", f"{folder}/orgs.csv", orgs))
        assert found.status == status
        assert all("effective_dates" in problem for problem in found.problems)


def test_a_delivery_outside_the_calendar_is_refused_with_the_way_out(platform: Platform) -> None:
    report = platform.deliver("sis", "roster_2031-01-01.zip", package({"orgs": [org("s1")]}))
    assert report.status == "refused"
    assert "2031-01-01 lies in no term" in report.problems[-1]
    assert "--term" in report.problems[-1]


def test_an_unknown_term_is_refused_before_anything_is_recorded(platform: Platform) -> None:
    with pytest.raises(ValueError, match=r"no term '2013\|X'"):
        platform.deliver("sis", "roster.zip", package({"orgs": [org("s1")]}), term="2013|X")
    assert platform.value("select count(*) from etl.delivery") == 0


def test_the_first_delta_of_a_term_starts_from_the_previous_term(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"users": students(3), "orgs": [org("s1")]}))
    changed = active(students(1)[0] | {"givenName": "New"})
    report = platform.deliver("sis", "r_2013-09-05.zip", package({"users": [changed]}, delta=["users"]))
    found = platform.query(
        "select term_key, sourced_id, given_name from raw_zone.oneroster__users where term_key = '2013|J' order by 2"
    )
    assert found == [("2013|J", "s1-1", "New"), ("2013|J", "s1-2", "Given"), ("2013|J", "s1-3", "Given")]
    assert platform.query(TERMS_OF_ORGS) == [("2013|B", "s1"), ("2013|J", "s1")]
    assert {(part.raw_table, part.mode, part.rows_read) for part in report.slices} == {
        ("oneroster__orgs", "copied", 0),
        ("oneroster__users", "delta", 1),
    }


def test_a_copied_row_keeps_the_moment_at_which_it_first_arrived(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org("s1"), org("s2")]}))
    delta = package({"orgs": [active(org("s2", "Renamed"))]}, delta=["orgs"])
    platform.deliver("sis", "r_2013-09-05.zip", delta)
    seen = "select count(distinct _ingested_at), count(distinct _load_id) from raw_zone.oneroster__orgs"
    assert platform.query(f"{seen} where sourced_id = 's1'") == [(1, 2)]
    assert platform.query(f"{seen} where sourced_id = 's2'") == [(2, 2)]


def test_a_full_first_delivery_starts_from_nothing(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org(f"s{n}") for n in range(10)]}))
    platform.deliver("sis", "r_2013-09-05.zip", package({"orgs": [org(f"s{n}") for n in range(9)]}))
    assert platform.value("select count(*) from raw_zone.oneroster__orgs where term_key = '2013|J'") == 9


def test_overlapping_terms_refuse_a_delivery_that_only_a_date_could_place(make_network: MakeNetwork) -> None:
    platform = make_network(
        calendar={
            "tiles": False,
            "terms": ["B", "J"],
            "years": {
                "2013": {
                    "terms": {
                        "B": {"first_day": "2013-02-01", "last_day": "2013-10-30"},
                        "J": {"first_day": "2013-10-01", "last_day": "2014-03-01"},
                    }
                }
            },
        },
        schools=[],
    )
    roster = platform.deliver("sis", "r_2013-10-05.zip", package({"orgs": [org("s1")]}))
    sheet = platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,2013-10-12,P,0"))
    assert [roster.status, sheet.status] == ["refused", "refused"]
    assert "overlap" in roster.problems[-1]
    assert "overlap" in sheet.problems[-1]
    told = platform.deliver("sis", "r_2013-10-06.zip", package({"orgs": [org("s1")]}), term="2013|J")
    assert told.status == "applied"
