"""Files are known by path, size, time and content; one still being written waits; none is overlooked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edu_assets.raw_zone import waiting_files
from edu_assets_tests.raw_zone.exports import attendance, org, package
from edu_assets_tests.testbed import Platform


def sheet(n: int) -> str:
    return attendance(f"01,{n},2013-03-01,P,0")


def waiting(platform: Platform) -> dict[str, bool]:
    return {found.file.name: found.stable for found in waiting_files(platform.warehouse, platform.settings).waiting}


def test_a_file_is_loaded_once_two_looks_saw_it_alike(platform: Platform) -> None:
    platform.drop("attendance", "attendance_daily_1.csv", sheet(1))
    assert platform.load_waiting(settled=False) == []
    assert [report.status for report in platform.load_waiting(settled=False)] == ["applied"]
    assert platform.load_waiting(settled=False) == []


def test_a_file_that_grows_between_two_looks_waits(platform: Platform) -> None:
    path = platform.drop("attendance", "attendance_daily_1.csv", sheet(1)[:40])
    assert waiting(platform) == {"attendance_daily_1.csv": False}
    path.write_text(sheet(1))
    assert platform.load_waiting(settled=False) == []
    assert [report.quarantined for report in platform.load_waiting(settled=False)] == [0]


def test_a_loaded_file_that_changes_is_loaded_again(platform: Platform) -> None:
    platform.drop("attendance", "attendance_daily_1.csv", sheet(1))
    platform.load_waiting()
    platform.drop("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,A,1"))
    assert waiting(platform) == {"attendance_daily_1.csv": False}
    assert [report.status for report in platform.load_waiting()] == ["applied"]
    assert platform.query("select attendance_code from raw_zone.attendance__attendance_daily") == [("A",)]


def test_a_file_of_the_same_size_with_another_time_is_loaded_again_and_changes_nothing(platform: Platform) -> None:
    path = platform.drop("attendance", "attendance_daily_1.csv", sheet(1))
    platform.load_waiting()
    os.utime(path, ns=(1, 1))
    assert [report.status for report in platform.load_waiting()] == ["unchanged"]


def test_an_old_modification_time_hides_no_file(platform: Platform) -> None:
    platform.drop("attendance", "attendance_daily_1.csv", sheet(1))
    platform.load_waiting()
    late = platform.drop("attendance", "attendance_daily_0.csv", attendance("01,7,2013-03-04,P,0"))
    os.utime(late, ns=(1, 1))
    assert [report.source_file for report in platform.load_waiting()] == ["attendance_daily_0.csv"]


def test_hidden_files_and_folders_are_not_deliveries(platform: Platform) -> None:
    platform.drop("attendance", ".attendance_daily_1.csv.part", sheet(1))
    platform.drop("attendance", ".tmp/attendance_daily_1.csv", sheet(1))
    platform.drop("attendance", "2013/attendance_daily_1.csv", sheet(1))
    assert waiting(platform) == {"attendance_daily_1.csv": False}
    reports = platform.load(platform.settings.landing_of("attendance"))
    assert [report.status for report in reports] == ["applied"]


def test_a_link_is_refused_and_what_it_leads_to_is_not_read(platform: Platform, tmp_path: Path) -> None:
    outside = tmp_path / "export.csv"
    outside.write_text(sheet(1))
    platform.settings.landing_of("attendance").mkdir(parents=True)
    (platform.settings.landing_of("attendance") / "attendance_daily_1.csv").symlink_to(outside)
    [report] = platform.load_waiting()
    assert report.status == "refused"
    assert "is a symbolic link" in report.problems[-1]
    assert not [path for path in platform.settings.archive.rglob("*") if path.is_file()]


def test_a_dangling_link_is_no_file(platform: Platform, tmp_path: Path) -> None:
    platform.settings.landing_of("attendance").mkdir(parents=True)
    (platform.settings.landing_of("attendance") / "attendance_daily_1.csv").symlink_to(tmp_path / "nowhere")
    assert waiting(platform) == {}


def test_a_file_that_no_contract_claims_is_reported_with_the_likeliest(platform: Platform) -> None:
    platform.drop("attendance", "absences.csv", sheet(1))
    [report] = platform.load_waiting()
    assert report.status == "refused"
    assert "most like attendance__attendance_daily" in report.problems[-1]
    assert "attendance_daily*.csv" in report.problems[-1]
    assert waiting(platform) == {}


def test_a_file_like_no_contract_is_reported_without_a_guess(platform: Platform) -> None:
    platform.drop("attendance", "lunch.csv", "menu_date,dish\n2013-03-01,soup\n")
    [report] = platform.load_waiting()
    assert "no contract of system attendance claims it" in report.problems[-1]
    assert "most like" not in report.problems[-1]


def test_an_unclaimed_member_is_reported_and_the_rest_loaded(platform: Platform) -> None:
    content = package({"orgs": [org("s1")]}, files={"orgs_old.csv": "sourcedId,name\ns1,x\n"})
    report = platform.deliver("sis", "r_2013-02-05.zip", content)
    assert report.status == "applied"
    assert any(problem.startswith("orgs_old.csv: no contract") for problem in report.problems)


def test_a_file_from_elsewhere_finds_its_feed_where_only_one_claims_it(platform: Platform, tmp_path: Path) -> None:
    path = tmp_path / "attendance_daily_1.csv"
    path.write_text(sheet(1))
    [report] = platform.load(path)
    assert (report.feed, report.status) == ("attendance", "applied")


def test_a_file_from_elsewhere_that_several_feeds_could_send_needs_to_be_told(
    platform: Platform, tmp_path: Path
) -> None:
    path = tmp_path / "roster_2013-02-05.zip"
    path.write_bytes(package({"orgs": [org("s1")]}))
    [report] = platform.load(path)
    assert report.status == "refused"
    assert "--feed" in report.problems[-1]
    [told] = platform.load(path, feed="other_sis")
    assert (told.feed, told.status) == ("other_sis", "applied")


def test_a_feed_that_the_network_lacks_is_refused(platform: Platform, tmp_path: Path) -> None:
    path = tmp_path / "attendance_daily_1.csv"
    path.write_text(sheet(1))
    [report] = platform.load(path, feed="nobody")
    assert report.status == "refused"
    assert "it has sis, other_sis" in report.problems[-1]


@pytest.mark.parametrize("missing", ["gone.csv", "gone.zip"])
def test_a_file_that_is_not_there_is_refused(platform: Platform, tmp_path: Path, missing: str) -> None:
    [report] = platform.load(tmp_path / missing, feed="sis")
    assert report.status == "refused"
    assert "no such file" in report.problems[-1]


def test_files_are_loaded_in_the_order_of_their_dates(platform: Platform) -> None:
    for day in ("10", "05", "20"):
        platform.drop("sis", f"r_2013-02-{day}.zip", package({"orgs": [org("s1", day)]}))
    assert [report.status for report in platform.load_waiting()] == ["applied"] * 3
    assert platform.query("select name from raw_zone.oneroster__orgs") == [("20",)]


def test_a_copy_that_a_killed_load_left_in_the_archive_is_cleared_away(platform: Platform) -> None:
    platform.settings.archive.mkdir(parents=True)
    left = platform.settings.archive / ".incoming-left"
    under_way = platform.settings.archive / ".incoming-now"
    for copy in (left, under_way):
        copy.write_bytes(b"half")
    os.utime(left, (1, 1))
    platform.deliver("attendance", "attendance_daily_1.csv", sheet(1))
    assert list(platform.settings.archive.glob(".incoming-*")) == [under_way]


def test_what_became_of_a_delivery_is_in_the_ledger(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org("s1"), org("s2", type="tent")]}), run_id="run-1")
    row = "select feed, system, source_file, status, rows_read, quarantined, effective_date::text, run_id, bytes > 0"
    assert platform.query(f"{row} from etl.delivery where finished_at is not null") == [
        ("sis", "oneroster", "r_2013-02-05.zip", "applied", 2, 1, "2013-02-05", "run-1", True)
    ]
