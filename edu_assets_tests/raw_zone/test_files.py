"""Files as they really arrive: every way to write a CSV and every way to damage one."""

from __future__ import annotations

import json
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from edu_assets.raw_zone import archive
from edu_assets.sources.places import places_of
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
    zipped,
)
from edu_assets_tests.testbed import MakeNetwork, Platform, shared_data

HEADER = ATTENDANCE_HEADER.encode()
ROW = b"01,%d,2013-03-01,P,0"
ROWS = "select _source_row, student_number from raw_zone.attendance__attendance_daily order by 1"
BAD = "select source_row, rule, message from etl.quarantine order by 1"


def deliver(platform: Platform, content: bytes):
    return platform.deliver("attendance", "attendance_daily_1.csv", content)


def numbered(*places: int) -> list[tuple[int, str]]:
    return [(line, str(number)) for number, line in enumerate(places, 1)]


SOUND = {
    "as it should be": (HEADER + b"\n" + ROW % 1 + b"\n" + ROW % 2 + b"\n", (2, 3)),
    "no newline at the end": (HEADER + b"\n" + ROW % 1 + b"\n" + ROW % 2, (2, 3)),
    "CRLF": (HEADER + b"\r\n" + ROW % 1 + b"\r\n" + ROW % 2 + b"\r\n", (2, 3)),
    "CRLF without the last": (HEADER + b"\r\n" + ROW % 1 + b"\r\n" + ROW % 2, (2, 3)),
    "CRLF and LF mixed": (HEADER + b"\r\n" + ROW % 1 + b"\n" + ROW % 2 + b"\r\n", (2, 3)),
    "LF and CRLF mixed": (HEADER + b"\n" + ROW % 1 + b"\r\n" + ROW % 2 + b"\n", (2, 3)),
    "CR only": (HEADER + b"\r" + ROW % 1 + b"\r" + ROW % 2 + b"\r", (2, 3)),
    "a last line that ends in CR": (HEADER + b"\n" + ROW % 1 + b"\n" + ROW % 2 + b"\r", (2, 3)),
    "BOM": (b"\xef\xbb\xbf" + HEADER + b"\n" + ROW % 1 + b"\n" + ROW % 2 + b"\n", (2, 3)),
    "BOM and quoted header": (b'\xef\xbb\xbf"SchoolID"' + HEADER[8:] + b"\n" + ROW % 1 + b"\n", (2,)),
    "blank lines": (HEADER + b"\n\n" + ROW % 1 + b"\n\n\n" + ROW % 2 + b"\n\n", (3, 6)),
    "blank lines with CRLF": (HEADER + b"\r\n\r\n" + ROW % 1 + b"\r\n", (3,)),
    "quotes": (HEADER + b"\n" + b'"01","1","2013-03-01","P","0"' + b"\n" + ROW % 2 + b"\n", (2, 3)),
    "a line break in the header": (HEADER + b',"No\nte"\n' + ROW % 1 + b",x\n" + ROW % 2 + b",y\n", (3, 4)),
    "line breaks in values": (
        HEADER + b",Note\n" + ROW % 1 + b',"a\nb\r\nc"\n' + ROW % 2 + b",d\n" + ROW % 3 + b',"e\n"\n',
        (2, 5, 6),
    ),
    "a backslash and a full stop": (HEADER + b",Note\n" + ROW % 1 + b",\\.\n" + ROW % 2 + b",x\n", (2, 3)),
}


@pytest.mark.parametrize(("content", "places"), SOUND.values(), ids=SOUND.keys())
def test_every_row_is_read_and_bears_the_line_on_which_it_starts(
    platform: Platform, content: bytes, places: tuple[int, ...]
) -> None:
    report = deliver(platform, content)
    assert (report.rows_read, report.quarantined) == (len(places), 0)
    assert platform.query(ROWS) == numbered(*places)


MALFORMED = {
    "a field too few": (b"01,9,2013-03-01,P", "has 4 fields"),
    "a field too many": (b"01,9,2013-03-01,P,0,", "has 6 fields"),
    "text that is not UTF-8": (b"01,9,2013-03-01,P\xe9,0", "is not UTF-8"),
    "an encoded surrogate": (b"01,9\xed\xa0\x80,2013-03-01,P,0", "is not UTF-8"),
    "a NUL": (b"01,9\x00,2013-03-01,P,0", "NUL"),
    "a NUL in text that is not UTF-8": (b"01,9\x00\xe9,2013-03-01,P,0", "NUL"),
    "the line that ends PostgreSQL's data": (b"\\.", "has 1 fields"),
    "spaces only": (b"   ", "has 1 fields"),
    "text behind a closing quote": (b'01,"9"9,2013-03-01,P,0', "is no CSV record"),
}


@pytest.mark.parametrize(("line", "told"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_record_that_cannot_be_read_is_set_aside_alone(platform: Platform, line: bytes, told: str) -> None:
    report = deliver(platform, HEADER + b"\n" + ROW % 1 + b"\n" + line + b"\n" + ROW % 2 + b"\n")
    assert (report.rows_read, report.quarantined) == (3, 1)
    assert platform.query(ROWS) == numbered(2, 4)
    [(place, rule, message)] = platform.query(BAD)
    assert (place, rule) == (3, "malformed")
    assert told in message


def test_the_text_of_a_record_without_cells_is_kept_as_it_was(platform: Platform) -> None:
    deliver(platform, HEADER + b'\n01,"a ""b""",\xff\x00\n')
    assert platform.query("select original ->> '_record' from etl.quarantine") == [('01,"a ""b""",\\xff\\x00',)]


def test_a_quote_that_is_never_closed_swallows_no_row(platform: Platform) -> None:
    content = HEADER + b',Note\n01,1,2013-03-01,P,0,x\n01,2,2013-03-01,P,0,"never closed\n01,3,2013-03-01,P,0,y\n'
    report = deliver(platform, content)
    assert (report.rows_read, report.quarantined) == (3, 1)
    assert platform.query(ROWS) == [(2, "1"), (4, "3")]
    [(text,)] = platform.query("select original ->> '_record' from etl.quarantine")
    assert text == '01,2,2013-03-01,P,0,"never closed'


def test_a_quote_that_swallows_a_sound_row_is_set_aside(platform: Platform) -> None:
    """A forgiving reader takes the first two lines for one record of the right width."""
    content = HEADER + b',Note\n01,1,2013-03-01,P,0,"open\n01,2,2013-03-01,P,0,"closed\n01,3,2013-03-01,P,0,y\n'
    report = deliver(platform, content)
    assert platform.query(ROWS) == [(4, "3")]
    assert (report.rows_read, report.quarantined) == (3, 2)


@pytest.mark.parametrize(("size", "quarantined"), [(200_000, 0), (1_500_000, 1)])
def test_a_very_long_value_is_loaded_or_set_aside_and_does_not_end_the_load(
    platform: Platform, size: int, quarantined: int
) -> None:
    lines = [HEADER + b",Note", ROW % 1 + b',"' + b"x" * size + b'"', ROW % 2 + b",", b""]
    report = deliver(platform, b"\n".join(lines))
    assert (report.rows_read, report.quarantined) == (2, quarantined)
    assert platform.query(ROWS) == [(2, "1"), (3, "2")][quarantined:]


def test_a_key_too_long_for_an_index_is_set_aside(platform: Platform) -> None:
    digits = "".join(str((n * n * 7919 + n * 104729) % 9973) for n in range(4000))
    platform.deliver("ou", "assessments.csv", assessments("AAA,2013J,1,TMA,1,1"))
    report = platform.deliver("ou", "studentAssessment.csv", submissions(f"1,{digits},1,0,1", "1,2,1,0,1"))
    assert (report.status, report.quarantined) == ("applied", 1)
    assert platform.query("select rule, column_name from etl.quarantine") == [("length", "id_student")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"  \n\n", "is empty"),
        (b"\x00\x01\x02\x03" * 100, "holds NUL bytes"),
        (HEADER + b",SchoolID\n" + ROW % 1 + b",01\n", "names ['SchoolID'] more than once"),
        (b'"SchoolID,StudentNumber\n01,1\n', "is no CSV header"),
        (b"PK\x03\x04 and no more", "cut off or damaged"),
    ],
    ids=["nothing", "BOM", "blank", "binary", "a header twice", "an open quote", "half a zip"],
)
def test_what_is_no_csv_is_refused_with_the_reason(platform: Platform, content: bytes, told: str) -> None:
    report = deliver(platform, content)
    assert report.status == "refused"
    assert told in report.problems[-1]
    assert platform.value("select status from etl.delivery") == "refused"


def test_a_header_without_rows_changes_nothing(platform: Platform) -> None:
    deliver(platform, HEADER + b"\n" + ROW % 1 + b"\n")
    for content in (HEADER, HEADER + b"\n", HEADER + b"\r\n"):
        assert deliver(platform, content).status == "unchanged"
    assert platform.query(ROWS) == numbered(2)


def test_a_package_that_is_cut_off_is_refused_whole(platform: Platform) -> None:
    whole = package({"orgs": [org("s1")], "users": students(500)})
    report = platform.deliver("sis", "r_2013-02-05.zip", whole[: len(whole) * 3 // 5])
    assert report.status == "refused"
    assert platform.value("select count(*) from raw_zone.oneroster__orgs") == 0


def test_a_damaged_member_refuses_the_package_and_leaves_nothing(platform: Platform) -> None:
    whole = bytearray(package({"orgs": [org("s1")], "users": students(500)}))
    place = whole.index(b"users.csv") + 60
    whole[place : place + 4] = b"\xff\xff\xff\xff"
    report = platform.deliver("sis", "r_2013-02-05.zip", bytes(whole))
    assert report.status == "refused"
    assert "users.csv" in report.problems[-1]
    assert platform.value("select count(*) from raw_zone.oneroster__orgs") == 0
    assert staging_tables(platform) == 0


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"data/orgs.csv": table_csv("orgs", [org("s1")])}, "lies in a folder"),
        ({"manifest.csv": b"propertyName,value\n\xff\xfe,bulk\n"}, "is no CSV in UTF-8"),
        ({"readme.txt": "hello\n"}, "no contract of system oneroster claims it"),
        ({}, "holds no table"),
    ],
    ids=["a folder", "a manifest in Latin-1", "no table", "nothing"],
)
def test_a_package_that_breaks_the_rules_is_refused(platform: Platform, members: dict, told: str) -> None:
    report = platform.deliver("sis", "r_2013-02-05.zip", zipped(members))
    assert report.status == "refused"
    assert told in report.problems[-1]


def test_a_package_with_a_table_twice_is_refused(platform: Platform) -> None:
    sheets = {f"attendance_daily_{n}.csv": attendance(f"01,{n},2013-03-01,P,0") for n in (1, 2)}
    report = platform.deliver("attendance", "attendance.zip", zipped(sheets))
    assert report.status == "refused"
    assert "are both attendance__attendance_daily" in report.problems[-1]


def test_an_entry_without_a_date_does_not_end_the_load(platform: Platform) -> None:
    content = bytearray(package({"orgs": [org("s1")]}))
    for at in [place for place in range(len(content)) if content[place : place + 4] == b"PK\x01\x02"]:
        content[at + 14 : at + 16] = b"\x00\x00"
    report = platform.deliver("sis", "roster.zip", bytes(content))
    assert report.status == "refused"
    assert "no effective date" in report.problems[-1]
    assert platform.deliver("sis", "r_2013-02-05.zip", bytes(content)).status == "applied"


def test_an_encrypted_member_is_refused(platform: Platform) -> None:
    content = bytearray(package({"orgs": [org("s1")]}))
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        for at in [place for place in range(len(content)) if content[place : place + 4] == mark]:
            content[at + offset] |= 1
    report = platform.deliver("sis", "r_2013-02-05.zip", bytes(content))
    assert report.status == "refused"
    assert "cannot be unpacked" in report.problems[-1]


def test_a_package_without_manifest_is_bulk(platform: Platform) -> None:
    members = {"orgs.csv": table_csv("orgs", [org(f"s{n}") for n in range(6)])}
    platform.deliver("sis", "r_2013-02-05.zip", zipped(members))
    members = {"orgs.csv": table_csv("orgs", [org(f"s{n}") for n in range(5)])}
    assert platform.deliver("sis", "r_2013-02-06.zip", zipped(members)).slices[0].closed == 1


def test_one_bad_file_does_not_keep_the_others_waiting(platform: Platform) -> None:
    platform.drop("attendance", "attendance_daily_1.csv", b"")
    platform.drop("attendance", "attendance_daily_2.csv", attendance("01,1,2013-03-01,P,0"))
    platform.drop("sis", "r_2013-02-05.zip", b"PK")
    platform.drop("ou", "courses.csv", courses("AAA,2013J,268"))
    reports = platform.load_waiting()
    assert sorted(report.status for report in reports) == ["applied", "applied", "refused", "refused"]


SECRET = "hunter2-Secret"


def staging_tables(platform: Platform) -> int:
    return platform.value(
        "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'stage'"
    )


def everything(platform: Platform) -> str:
    """Every row of every table of the database, as text."""
    tables = platform.query(
        "select format('select coalesce(jsonb_agg(t), ''[]'')::text from %I.%I t', n.nspname, c.relname)"
        " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')"
    )
    return "".join(platform.value(statement) for (statement,) in tables)


@pytest.mark.parametrize("header", ["password", "Password", "PASSWORD"])
def test_a_password_is_stored_nowhere(platform: Platform, header: str) -> None:
    users = table_csv("users", [student("a", password=SECRET), student("b", password=SECRET, role="pupil")])
    users = users.replace(",password\n", f",{header}\n") + f"c,,,true,{SECRET}\n"
    content = package({"orgs": [org("s1")]}, files={"users.csv": users})
    report = platform.deliver("sis", "r_2013-02-05.zip", content)
    assert (report.status, report.quarantined) == ("applied", 2)
    stored = everything(platform)
    assert "user-b" in stored, "the scan sees what is stored"
    assert SECRET not in stored
    assert SECRET not in report.model_dump_json()


def test_a_password_that_is_sent_twice_or_in_a_wide_file_is_stored_nowhere(platform: Platform) -> None:
    header, row = table_csv("users", [student("b", role="pupil")]).splitlines()
    for day, wide in ((5, 1), (6, 300)):
        names, values = ",".join(f"x{n}" for n in range(wide)), ",v" * wide
        users = lines(f"{header},PASSWORD,PASSWORD,{names}", f"{row},{SECRET},{SECRET}{values}")
        report = platform.deliver("sis", f"r_2013-02-0{day}.zip", package({}, files={"users.csv": users}))
        assert report.quarantined == 1
    stored = everything(platform)
    assert '"x299": "v"' in stored, "the scan sees what is stored"
    assert SECRET not in stored


def test_a_password_that_no_contract_knows_is_stored_nowhere(platform: Platform) -> None:
    rows = [f"01,1,2013-03-01,P,0,{SECRET}", f"01,2,20-Oct,P,0,{SECRET}", f"01,3,2013-03-01,P,0,{SECRET},x"]
    sheet = lines(f"{ATTENDANCE_HEADER},Api Key", *rows)
    report = platform.deliver("attendance", "attendance_daily_1.csv", sheet)
    assert (report.rows_read, report.quarantined) == (3, 2)
    stored = everything(platform)
    assert "20-Oct" in stored, "the scan sees what is stored"
    assert SECRET not in stored


def test_a_password_deep_in_json_is_stored_nowhere(make_network: MakeNetwork) -> None:
    platform = make_network(feeds={"canvas": {"system": "canvas", "landing": "canvas", "hold_share": 1}})
    [first, *_] = (shared_data("canvas") / "users.json").read_text(encoding="utf-8").splitlines()
    user = json.loads(first) | {"more": {"kept": "deep", "login": {"Password": SECRET}}, "accessToken": SECRET}
    broken = json.dumps({"id": 2, "deeper": {"password": SECRET}})[:-1]
    report = platform.deliver("canvas", "users.json", f"{json.dumps(user)}\n{broken}\n", term=platform.terms[0])
    assert (report.status, report.rows_read, report.quarantined) == ("applied", 2, 1), report.problems
    stored = everything(platform)
    assert "deep" in stored, "the scan sees what is stored"
    assert SECRET not in stored


def test_records_without_cells_of_two_files_are_both_kept_though_their_text_is_not(platform: Platform) -> None:
    for day in (5, 6):
        users = table_csv("users", students(3)) + f"broken,{day}\n"
        platform.deliver("sis", f"r_2013-02-0{day}.zip", package({}, files={"users.csv": users}))
    rows = platform.query("select source_file, source_row, original from etl.quarantine order by 1")
    assert rows == [(f"r_2013-02-0{day}.zip/users.csv", 5, {"_record": None}) for day in (5, 6)]


def test_a_load_leaves_no_staging_table_and_no_unfinished_copy(platform: Platform) -> None:
    deliver(platform, HEADER + b"\n" + ROW % 1 + b"\nbad\n")
    platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org("s1")]}))
    assert staging_tables(platform) == 0
    assert list(platform.settings.archive.glob(".*")) == []


def test_loads_side_by_side_are_all_kept(platform: Platform) -> None:
    """A load sweeps the archive of unfinished copies while others give theirs their names."""
    paths = [platform.drop("attendance", f"{n}.csv", str(n)) for n in range(400)]
    places = places_of(platform.settings)
    files = [file for path in paths for file in archive.files_at(places, path)]
    with ThreadPoolExecutor(8) as at_once:
        kept = list(at_once.map(lambda file: archive.keep(platform.settings, file), files))
    assert {place.path.read_text() for place in kept} == {str(n) for n in range(400)}


def test_personal_data_is_in_no_report_and_no_log(platform: Platform) -> None:
    person = student("a", givenName="Wilhelmina", role="pupil", email="w@example.org")
    report = platform.deliver("sis", "r_2013-02-05.zip", package({"users": [person, student("b")]}))
    entries = "select to_jsonb(l), to_jsonb(d) from etl.load_log l join etl.delivery d using (delivery_id)"
    log = json.dumps(platform.query(entries))
    for text in (report.model_dump_json(), log, platform.value("select message from etl.quarantine")):
        assert "Wilhelmina" not in text
        assert "w@example.org" not in text


def test_the_archive_holds_the_file_byte_for_byte(platform: Platform) -> None:
    content = package({"orgs": [org("s1")]})
    platform.deliver("sis", "r_2013-02-05.zip", content)
    sha256 = platform.value("select sha256 from etl.delivery")
    kept = platform.settings.archive / sha256[:2] / sha256
    assert kept.read_bytes() == content
    assert zipfile.is_zipfile(kept)
    assert kept.stat().st_mode & 0o077 == 0


def test_a_file_without_rows_of_a_lone_header_is_logged_as_read(platform: Platform) -> None:
    report = platform.deliver("ou", "courses.csv", lines("code_module,code_presentation,module_presentation_length"))
    assert (report.status, report.rows_read) == ("unchanged", 0)
