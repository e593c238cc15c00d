"""Nothing is lost and nothing is recoded: what cannot be loaded is kept, can be replayed, and closes nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from edu_assets.raw_zone import correct, replay
from edu_assets.raw_zone.quarantine import NotCorrected
from edu_assets.warehouse import Role
from edu_assets_tests.raw_zone.exports import (
    ATTENDANCE_HEADER,
    assessments,
    attendance,
    courses,
    lines,
    org,
    package,
    student,
    students,
    submissions,
    table_csv,
)
from edu_assets_tests.testbed import MakeNetwork, Platform

OPEN = "select source_row, rule, column_name from etl.quarantine where status = 'open' order by source_row"
CODES = "select student_number, attendance_code from raw_zone.attendance__attendance_daily order by 1"

UNREADABLE = [
    ("01,1,20-Oct,P,0", "type", "attendance_date"),
    ("01,1,41571,P,0", "type", "attendance_date"),
    ("01,1,2013-02-30,P,0", "type", "attendance_date"),
    ("01,1,2/30/2013,P,0", "type", "attendance_date"),
    ("01,1,13/1/2013,P,0", "type", "attendance_date"),
    ("01,1,infinity,P,0", "type", "attendance_date"),
    ("01,1,epoch,P,0", "type", "attendance_date"),
    ("01,1,now,P,0", "type", "attendance_date"),
    ("01,1,today,P,0", "type", "attendance_date"),
    ("01,1,2013-03-01 00:00,P,0", "type", "attendance_date"),
    ("01,1, 2013-03-01,P,0", "type", "attendance_date"),
    ("01,1,03/01/13,P,0", "type", "attendance_date"),
    ("01,1.23E+09,2013-03-01,P,0", "pattern", "student_number"),
    ("01,,2013-03-01,P,0", "required", "student_number"),
    (",1,2013-03-01,P,0", "required", "school_id"),
    ("01,1,,P,0", "required", "attendance_date"),
    ("01,1,2013-03-01,,0", "required", "attendance_code"),
    ("01,1,2013-03-01,absent,0", "pattern", "attendance_code"),
    ("01,1,2013-03-01,P ,0", "pattern", "attendance_code"),
    ('01,1,2013-03-01,"P\n",0', "pattern", "attendance_code"),
    ("01,1,2013-03-01,P,1e0", "type", "absence_value"),
    ("01,1,2013-03-01,P,NaN", "type", "absence_value"),
    ("01,1,2013-03-01,P,Infinity", "type", "absence_value"),
    ('01,1,2013-03-01,P,"0,5"', "type", "absence_value"),
    ("01,1,2013-03-01,P, 1", "type", "absence_value"),
    ("01,1,2013-03-01,P,100", "allowed", "absence_value"),
    ("01," + "1" * 41 + ",2013-03-01,P,0", "pattern", "student_number"),
]


@pytest.fixture(scope="module")
def unreadable(make_session_network: MakeNetwork) -> Platform:
    """All of UNREADABLE in one file, each line followed by nothing else of its kind."""
    platform = make_session_network()
    sheet = attendance(*(row for row, _, _ in UNREADABLE), "01,9,2013-03-01,P,0")
    report = platform.deliver("attendance", "attendance_daily_1.csv", sheet)
    assert (report.rows_read, report.quarantined) == (len(UNREADABLE) + 1, len(UNREADABLE))
    return platform


@pytest.mark.parametrize("place", range(len(UNREADABLE)), ids=[row[:32] for row, _, _ in UNREADABLE])
def test_a_value_that_is_not_of_its_declared_form_is_set_aside(unreadable: Platform, place: int) -> None:
    _, rule, column = UNREADABLE[place]
    line = 2 + place + sum(row.count("\n") for row, _, _ in UNREADABLE[:place])
    found = unreadable.query("select rule, column_name from etl.quarantine where source_row = %s", [line])
    assert found == [(rule, column)]


def test_a_sound_row_among_unreadable_ones_is_loaded(unreadable: Platform) -> None:
    assert unreadable.query(CODES) == [("9", "P")]


def test_the_original_is_kept_byte_for_byte_with_its_place(platform: Platform) -> None:
    sheet = attendance("01,1,2013-03-01,P,0", '01,"2 ""x"" ü",02/3,P ,')
    platform.deliver("attendance", "attendance_daily_1.csv", sheet)
    [row] = platform.query("select source_file, source_row, original from etl.quarantine")
    original = {
        "SchoolID": "01",
        "StudentNumber": '2 "x" ü',
        "AttendanceDate": "02/3",
        "AttendanceCode": "P ",
        "AbsenceValue": "",
    }
    assert row == ("attendance_daily_1.csv", 3, original)


def test_text_is_stored_byte_for_byte(platform: Platform) -> None:
    spelled = [
        " two  spaces ",
        "tab\tin",
        "a\\nb",
        "\\N",
        "\\.",
        "ﬁ é ｅ́",
        "O'Hara; --",
        '"q"',
        "null",
        "NULL",
        "line\nbreak",
    ]
    platform.deliver(
        "sis", "r_2013-02-05.zip", package({"orgs": [org(f"s{n:02}", name) for n, name in enumerate(spelled)]})
    )
    found = platform.query("select name from raw_zone.oneroster__orgs order by sourced_id")
    assert [name for (name,) in found] == spelled


def test_leading_zeros_survive_and_empty_text_is_not_null(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org("007", identifier="000100")]}))
    columns = "sourced_id, identifier, parent_sourced_id, date_last_modified"
    found = platform.query(f"select {columns} from raw_zone.oneroster__orgs")  # noqa: S608
    assert found == [("007", "000100", "", None)]


def test_numbers_and_booleans_follow_their_declared_forms(platform: Platform) -> None:
    platform.deliver("ou", "assessments.csv", assessments("AAA,2013J,1,TMA,-5,.5", "AAA,2013J,2,TMA,,+100.50"))
    found = platform.query('select id_assessment, "date", weight from raw_zone.oulad__assessments order by 1')
    assert found == [("1", -5, Decimal("0.5")), ("2", None, Decimal("100.50"))]
    platform.deliver("ou", "studentAssessment.csv", submissions("1,7,1,1,", "1,8,1,0,60", "1,9,1,true,60"))
    banked = "select id_student, is_banked, score from raw_zone.oulad__student_assessment order by 1"
    assert platform.query(banked) == [("7", True, None), ("8", False, Decimal("60"))]


@pytest.mark.parametrize("number", ["1e5", "0x10", "1_000", "9223372036854775808", "1.0", "١"])
def test_a_whole_number_is_digits_within_its_range(platform: Platform, number: str) -> None:
    platform.deliver("ou", "courses.csv", courses(f"AAA,2013J,{number}", "AAA,2013B,9223372036854775807"))
    assert platform.query(OPEN) == [(2, "type", "module_presentation_length")]


def test_a_key_in_quarantine_is_not_closed(platform: Platform) -> None:
    rows = [f"01,{n},2013-03-01,P,0" for n in range(10)]
    platform.deliver("attendance", "attendance_daily_1.csv", attendance(*rows))
    damaged = ["01,0,2013-03-01,P,x", *rows[1:9]]
    report = platform.deliver("attendance", "attendance_daily_2.csv", attendance(*damaged))
    assert (report.quarantined, report.slices[0].closed) == (1, 1)
    assert [number for number, _ in platform.query(CODES)] == [str(n) for n in range(9)]


@pytest.mark.parametrize(
    "damaged",
    ["01,,2013-03-01,P,0", "01,5,bad,P,0", "01,5,2013-03-01,P", "01,5,2031-03-01,P,0"],
    ids=["key", "key date", "no cells", "term"],
)
def test_a_load_with_an_unreadable_key_or_term_closes_nothing(platform: Platform, damaged: str) -> None:
    rows = [f"01,{n},2013-03-01,P,0" for n in range(10)]
    platform.deliver("attendance", "attendance_daily_1.csv", attendance(*rows))
    report = platform.deliver("attendance", "attendance_daily_2.csv", attendance(*rows[:9], damaged))
    assert (report.quarantined, report.slices[0].closed) == (1, 0)
    assert len(platform.query(CODES)) == 10


def test_conflicting_duplicates_are_all_set_aside_and_the_open_row_stays(platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0"))
    sheet = attendance("01,1,2013-03-01,A,1", "01,2,2013-03-01,P,0", "01,1,3/1/2013,T,0", "01,1,2013-03-01,A,1")
    report = platform.deliver("attendance", "attendance_daily_2.csv", sheet)
    assert platform.query(OPEN) == [(2, "duplicate", None), (4, "duplicate", None), (5, "duplicate", None)]
    assert platform.query(CODES) == [("1", "P"), ("2", "P")]
    [part] = report.slices
    assert (part.rows_read, part.accepted, part.quarantined, part.closed) == (4, 1, 3, 0)


def test_a_term_of_which_every_row_is_set_aside_is_in_the_log(platform: Platform) -> None:
    sheet = attendance("01,1,2013-03-01,A,1", "01,1,2013-03-01,P,0", "01,1,2013-09-03,P,0")
    report = platform.deliver("attendance", "attendance_daily_1.csv", sheet)
    assert {(part.term_key, part.rows_read, part.quarantined) for part in report.slices} == {
        ("2013|B", 2, 2),
        ("2013|J", 1, 0),
    }


def test_identical_duplicates_are_counted_and_loaded_once(platform: Platform) -> None:
    sheet = attendance(*["01,1,2013-03-01,P,0"] * 3, "01,1,3/1/2013,P,0.0")
    [part] = platform.deliver("attendance", "attendance_daily_1.csv", sheet).slices
    assert (part.rows_read, part.accepted, part.duplicates, part.quarantined) == (4, 1, 3, 0)
    assert platform.query("select _source_row from raw_zone.attendance__attendance_daily") == [(2,)]


def test_a_second_load_of_the_same_file_does_not_double_the_quarantine(platform: Platform) -> None:
    sheet = attendance("01,1,bad,P,0", "01,1,bad,P,0", "01,2,worse,P,0")
    for name in ("attendance_daily_1.csv", "attendance_daily_1.csv", "attendance_daily_renamed.csv"):
        assert platform.deliver("attendance", name, sheet).quarantined == 3
    assert platform.query("select source_row, status from etl.quarantine order by 1") == [
        (2, "open"),
        (3, "open"),
        (4, "open"),
    ]


def test_a_row_that_stays_bad_in_a_newer_file_is_kept_as_the_newer_one(platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,x"))
    platform.deliver("attendance", "attendance_daily_2.csv", attendance("01,9,2013-03-01,P,0", "01,1,2013-03-01,A,x"))
    assert platform.query("select source_file, source_row, status from etl.quarantine order by 1") == [
        ("attendance_daily_1.csv", 2, "superseded"),
        ("attendance_daily_2.csv", 3, "open"),
    ]


def test_a_row_in_quarantine_is_past_once_its_key_is_sent_again_even_unchanged(platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0"))
    platform.deliver("attendance", "attendance_daily_2.csv", attendance("01,1,2013-03-01,A,x"))
    platform.deliver("attendance", "attendance_daily_3.csv", attendance("01,1,2013-03-01,P,0", "01,2,2013-03-01,P,0"))
    assert platform.query("select status from etl.quarantine") == [("superseded",)]


def test_a_row_in_quarantine_is_past_once_a_full_delivery_leaves_its_key_out(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"users": [*students(9), student("bad", role="pupil")]}))
    platform.deliver("sis", "r_2013-02-06.zip", package({"users": students(9)}))
    assert platform.query("select status from etl.quarantine") == [("superseded",)]


def test_a_row_in_quarantine_outlives_deliveries_of_another_term(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"users": [*students(9), student("bad", role="pupil")]}))
    platform.deliver("sis", "r_2013-09-06.zip", package({"users": [*students(9), student("bad")]}))
    assert platform.query("select status, term_key from etl.quarantine") == [("open", "2013|B")]


def waiting_for_its_parent(platform: Platform) -> None:
    """A submission in quarantine whose parent then arrives by hand, so that nothing has replayed it yet."""
    platform.deliver("ou", "studentAssessment.csv", submissions("1,100,9,0,80"))
    with platform.warehouse.connect(Role.ETL) as connection:
        connection.execute("update etl.quarantine set status = 'superseded'")
    platform.deliver("ou", "assessments.csv", assessments("AAA,2013J,1,TMA,10,50"))
    with platform.warehouse.connect(Role.ETL) as connection:
        connection.execute("update etl.quarantine set status = 'open'")


def test_a_replayed_row_keeps_its_source_and_leaves_quarantine(platform: Platform) -> None:
    waiting_for_its_parent(platform)
    [part] = replay(platform.warehouse)
    assert (part.inserted, part.rows_read) == (1, 1)
    row = "select id_student, _source_file, _source_row, _load_id from raw_zone.oulad__student_assessment"
    assert platform.query(row) == [("100", "studentAssessment.csv", 2, part.load_id)]
    assert platform.query("select status, resolved_by from etl.quarantine") == [("replayed", part.load_id)]
    assert replay(platform.warehouse) == []


def test_a_replay_never_overwrites_a_newer_version(platform: Platform) -> None:
    waiting_for_its_parent(platform)
    with platform.warehouse.connect(Role.ETL) as connection:
        connection.execute("update etl.quarantine set status = 'superseded'")
    platform.deliver("ou", "studentAssessment.csv", submissions("1,100,9,0,95"))
    with platform.warehouse.connect(Role.ETL) as connection:
        connection.execute("update etl.quarantine set status = 'open'")
    replay(platform.warehouse)
    assert platform.query("select score from raw_zone.oulad__student_assessment") == [(95,)]
    assert platform.query("select status from etl.quarantine") == [("superseded",)]


def test_a_replay_never_brings_back_what_a_newer_load_closed(platform: Platform) -> None:
    rows = [f"1,{n},9,0,80" for n in range(10)]
    platform.deliver("ou", "assessments.csv", assessments("AAA,2013J,1,TMA,10,50"))
    platform.deliver("ou", "studentAssessment.csv", submissions(*rows[:9], "1,9,9,0,x"))
    with platform.warehouse.connect(Role.ETL) as connection:
        connection.execute("update etl.quarantine set original = jsonb_set(original, '{score}', '\"70\"')")
        connection.execute("update etl.quarantine set status = 'superseded'")
    platform.deliver("ou", "studentAssessment.csv", submissions(*rows))
    platform.deliver("ou", "studentAssessment.csv", submissions(*rows[:9]) + "1,77,9,0,1\n")
    with platform.warehouse.connect(Role.ETL) as connection:
        connection.execute("update etl.quarantine set status = 'open'")
    replay(platform.warehouse)
    assert platform.value("select count(*) from raw_zone.oulad__student_assessment where id_student = '9'") == 0


def test_a_replay_leaves_what_is_still_wrong(platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,bad,P,0", "01,1,2013-03-01,P"))
    assert replay(platform.warehouse) == []
    assert platform.value("select count(*) from etl.quarantine where status = 'open'") == 2


def test_rows_of_a_held_term_wait_for_its_release(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-10.zip", package({"users": [student("a", givenName="New")]}))
    late = [student("a", givenName="Old"), student("b", role="pupil")]
    platform.deliver("sis", "r_2013-02-05.zip", package({"users": late}))
    with platform.warehouse.connect(Role.ETL) as connection:
        connection.execute("update etl.quarantine set original = jsonb_set(original, '{role}', '\"student\"')")
    assert replay(platform.warehouse) == []
    assert platform.query("select sourced_id from raw_zone.oneroster__users") == [("a",)]


def test_a_row_of_a_delivery_that_came_late_does_not_overwrite_a_newer_one(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-10.zip", package({"users": [student("a", givenName="New")]}))
    late = package({"users": [student("a", givenName="Old", role="pupil"), student("b")]})
    platform.deliver("sis", "r_2013-02-05.zip", late)
    with platform.warehouse.connect(Role.ETL) as connection:
        connection.execute("update etl.quarantine set original = jsonb_set(original, '{role}', '\"student\"')")
        connection.execute("update etl.held_slice set status = 'released'")
    replay(platform.warehouse)
    assert platform.query("select given_name from raw_zone.oneroster__users") == [("New",)]


def test_a_row_is_corrected_by_hand_and_its_original_kept(platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,20-Oct,P,0", "01,2,20-Oct,P,0"))
    first = platform.value("select min(quarantine_id) from etl.quarantine")
    [part] = correct(platform.warehouse, first, {"AttendanceDate": "2013-10-20"})
    assert (part.term_key, part.inserted) == ("2013|J", 1)
    found = platform.query("select original ->> 'AttendanceDate', status from etl.quarantine order by quarantine_id")
    assert found == [("20-Oct", "replayed"), ("20-Oct", "open")]


def test_a_record_without_cells_is_corrected_by_giving_them_all(platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01"))
    [(row,)] = platform.query("select quarantine_id from etl.quarantine")
    values = {"SchoolID": "01", "StudentNumber": "1", "AttendanceDate": "2013-03-01", "AttendanceCode": "T"}
    correct(platform.warehouse, row, values)
    assert platform.query(CODES) == [("1", "T")]


def test_rows_are_numbered_as_they_stand_in_the_file(platform: Platform) -> None:
    """A person goes through the list beside the file."""
    rows = [f"01,{n * 7919 % 101},20-Oct,P,0" for n in range(40)] + ["01,1,2013-03-01,P"]
    platform.deliver("attendance", "attendance_daily_1.csv", attendance(*rows))
    lines_by_number = platform.query("select source_row from etl.quarantine order by quarantine_id")
    assert lines_by_number == [(line,) for line in range(2, 43)]


def test_a_correction_that_is_wrong_too_leaves_the_row_in_quarantine(platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,20-Oct,P,0"))
    [(row,)] = platform.query("select quarantine_id from etl.quarantine")
    assert correct(platform.warehouse, row, {"AttendanceDate": "20-Nov"}) == []
    assert platform.query("select status from etl.quarantine") == [("open",)]
    with pytest.raises(NotCorrected, match="has no columns"):
        correct(platform.warehouse, row, {"Nonsense": "1"})
    with pytest.raises(NotCorrected, match="no open row"):
        correct(platform.warehouse, row + 1, {"AttendanceDate": "2013-03-01"})


def test_a_password_is_no_correction(platform: Platform) -> None:
    platform.deliver("sis", "r_2013-02-05.zip", package({"users": [student("a", role="pupil")]}))
    [(row,)] = platform.query("select quarantine_id from etl.quarantine")
    with pytest.raises(NotCorrected, match="password"):
        correct(platform.warehouse, row, {"password": "x"})


def test_unknown_columns_are_kept_and_reported(platform: Platform) -> None:
    sheet = f"{ATTENDANCE_HEADER},Zusatz, \n01,1,2013-03-01,P,0,vié,\n"
    report = platform.deliver("attendance", "attendance_daily_1.csv", sheet)
    assert "unknown columns ['Zusatz', 'column 7'] are kept in _extra" in report.problems[0]
    assert platform.query("select _extra from raw_zone.attendance__attendance_daily") == [
        ({"Zusatz": "vié", "column 7": ""},)
    ]


@pytest.mark.parametrize("torn", ["2013-03-01", "0,Smith", "ann@example.org"])
def test_a_row_that_ran_into_the_header_is_not_repeated(platform: Platform, torn: str) -> None:
    sheet = f"{ATTENDANCE_HEADER},Zusatz,Smith,{torn}\n01,1,2013-03-01,P,0,,,{',' * torn.count(',')}\n"
    report = platform.deliver("attendance", "attendance_daily_1.csv", sheet)
    assert "unknown columns are kept in _extra" in " ".join(report.problems)
    assert "Smith" not in report.model_dump_json()
    [(extra,)] = platform.query("select _extra from raw_zone.attendance__attendance_daily")
    assert "Smith" in extra


def test_a_row_in_the_header_of_a_package_is_repeated_in_no_finding(platform: Platform) -> None:
    """The file that fuzzing found: a finding named each unknown column."""
    header, row = table_csv("users", [student("a")]).splitlines()
    torn = lines(f"{header},Smith,2013-02-05", f"{row},,")
    report = platform.deliver("sis", "r_2013-02-05.zip", package(files={"users.csv": torn}))
    assert report.rows_read == 1
    assert "Smith" not in report.model_dump_json()


def test_a_missing_required_column_refuses_the_file_and_names_the_nearest(platform: Platform) -> None:
    sheet = "SchoolID,Student_Number,AttendanceDate,AttendanceCode\n01,1,2013-03-01,P\n"
    report = platform.deliver("attendance", "attendance_daily_1.csv", sheet)
    assert report.status == "refused"
    assert "'StudentNumber' is missing; nearest is 'Student_Number'" in report.problems[-1]
    assert platform.value("select count(*) from etl.load_log") == 0


def test_a_missing_optional_column_is_null_and_reported(platform: Platform) -> None:
    sheet = "SchoolID,StudentNumber,AttendanceDate,AttendanceCode\n01,1,2013-03-01,P\n"
    report = platform.deliver("attendance", "attendance_daily_1.csv", sheet)
    assert "'AbsenceValue' is missing" in report.problems[0]
    assert platform.query("select absence_value from raw_zone.attendance__attendance_daily") == [(None,)]


def test_messages_name_the_rule_and_never_the_value(platform: Platform) -> None:
    bad = ("01,SECRET!,2013-03-01,P,0", "01,2,SECRET!,P,0", "01,3,2013-03-01,SECRET!,0", "SECRET!,4,2013-03-01,P")
    sheet = attendance(*bad)
    report = platform.deliver("attendance", "attendance_daily_1.csv", sheet)
    told = [message for (message,) in platform.query("select message from etl.quarantine")] + report.problems
    assert len(told) == 4
    assert not [text for text in told if "SECRET" in text]


def test_rows_of_several_files_of_a_package_are_set_aside_together(platform: Platform) -> None:
    content = package({"orgs": [org("s1", type="pub"), org("s2")], "users": [student("a", role="pupil")]})
    report = platform.deliver("sis", "r_2013-02-05.zip", content)
    assert (report.status, report.quarantined) == ("applied", 2)
    assert platform.query("select raw_table, column_name from etl.quarantine order by 1") == [
        ("oneroster__orgs", "type"),
        ("oneroster__users", "role"),
    ]
