"""Hostile and broken files: one clear message with the mend, a flat memory, and the old state intact."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from edu_assets.raw_zone import correct
from edu_assets.settings import PROJECT
from edu_assets.sources.line_reader import RECORD_BYTES
from edu_assets.sources.records import MOST_COLUMNS, MOST_MEMBERS
from edu_assets.warehouse import Role
from edu_assets_tests.raw_zone.exports import (
    ATTENDANCE_HEADER,
    assessments,
    attendance,
    lines,
    org,
    package,
    submissions,
    table_csv,
    zipped,
)
from edu_assets_tests.raw_zone.reading import HEADER, malformed, opened
from edu_assets_tests.raw_zone.test_files import staging_tables
from edu_assets_tests.testbed import Platform

OPEN_ROWS = "select student_number, _source_row from raw_zone.attendance__attendance_daily order by 1"


def deflated(name: str, content: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def linked(name: str) -> bytes:
    """A zip with a member that is a symbolic link."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def overlapping(copies: int) -> bytes:
    """A zip whose directory names one packed member many times: small, and vast when unpacked."""
    inner = deflated("orgs.csv", "0" * (10 << 20))
    start = inner.index(b"PK\x01\x02")
    entry, end = inner[start : inner.index(b"PK\x05\x06")], bytearray(inner[inner.index(b"PK\x05\x06") :])
    directory = b"".join(entry.replace(b"orgs.csv", b"or%02d.csv" % n) for n in range(copies))
    end[8:10] = end[10:12] = copies.to_bytes(2, "little")
    end[12:16] = len(directory).to_bytes(4, "little")
    return inner[:start] + directory + bytes(end)


PACKAGES = {
    "a zip bomb": (lambda: deflated("orgs.csv", "0" * (100 << 20)), "is a zip bomb"),
    "members that overlap": (lambda: overlapping(90), "is a zip bomb"),
    "a path that climbs out": (lambda: zipped({"../orgs.csv": "x"}), "names a path outside of the package"),
    "a path that climbs out of Windows": (lambda: zipped({"..\\orgs.csv": "x"}), "names a path outside"),
    "an absolute path": (lambda: zipped({"/etc/orgs.csv": "x"}), "names a path outside of the package"),
    "a drive": (lambda: zipped({"C:orgs.csv": "x"}), "names a path outside of the package"),
    "a symbolic link": (lambda: linked("orgs.csv"), "orgs.csv is a symbolic link"),
    "a zip in a zip": (lambda: zipped({"orgs.zip": zipped({"orgs.csv": "x"})}), "holds the zip orgs.zip"),
    "very many members": (lambda: zipped({f"{n}.csv": "x" for n in range(MOST_MEMBERS + 1)}), "1,001 members"),
    "a member twice": (lambda: twice("orgs.csv"), "holds orgs.csv more than once"),
}


def twice(name: str) -> bytes:
    return zipped({name: "sourcedId\n", "x" * len(name): "y"}).replace(b"x" * len(name), name.encode())


@pytest.fixture(scope="module")
def loaded(make_session_network) -> Platform:  # type: ignore[no-untyped-def]
    """A network with one school, which no hostile package may change."""
    platform: Platform = make_session_network()
    assert platform.deliver("sis", "r_2013-02-05.zip", package({"orgs": [org("s1")]})).status == "applied"
    return platform


@pytest.mark.parametrize(("make", "told"), PACKAGES.values(), ids=PACKAGES.keys())
def test_a_hostile_package_is_refused_and_changes_nothing(loaded: Platform, make, told: str) -> None:  # type: ignore[no-untyped-def]
    report = loaded.deliver("sis", "r_2013-02-06.zip", make())
    assert report.status == "refused"
    assert told in report.problems[-1]
    assert loaded.query("select sourced_id from raw_zone.oneroster__orgs") == [("s1",)]


def test_a_member_that_unpacks_to_more_than_it_says_is_refused(loaded: Platform) -> None:
    content = bytearray(package({"orgs": [org(f"s{n}") for n in range(500)]}))
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = content.index(mark)
        content[at + offset : at + offset + 4] = (500).to_bytes(4, "little")
    report = loaded.deliver("sis", "r_2013-02-06.zip", bytes(content))
    assert report.status == "refused"
    assert "is damaged" in report.problems[-1]
    assert loaded.query("select sourced_id from raw_zone.oneroster__orgs") == [("s1",)]


WRONG_HEADERS = {
    "JSON": ('{"id": 1}\n', "the file looks like JSON"),
    "a web page": ("<!DOCTYPE html>\n<html>", "the file looks like a web page"),
    "a PDF": ("%PDF-1.7\n", "the file is a PDF"),
    "binary": ("\0\1\2\3" * 50, "it holds NUL bytes"),
    "another delimiter": ("SchoolID^StudentNumber\n1^2\n", "is the delimiter the one that the contract declares?"),
    "too many columns": (",".join(f"c{n}" for n in range(MOST_COLUMNS + 1)), "is the delimiter the one"),
    "no end of line": ("x" * (5 << 20), "has more than 1,048,576 characters"),
}


@pytest.mark.parametrize(("content", "told"), WRONG_HEADERS.values(), ids=WRONG_HEADERS.keys())
def test_a_wrong_header_is_refused_with_the_likely_mend(loaded: Platform, content: str, told: str) -> None:
    report = loaded.deliver("attendance", "attendance_daily_1.csv", content)
    assert report.status == "refused"
    assert told in report.problems[-1]


def test_a_line_of_300_mb_is_set_aside_in_a_flat_memory(tmp_path: Path) -> None:
    """In a process of its own, whose memory no other test has raised."""
    path = tmp_path / "results.csv"
    with path.open("wb") as file:
        file.write(f"{HEADER}\n1,a,2\n".encode())
        for _ in range(300):
            file.write(b"x" * (1 << 20))
        file.write(b"\n3,c,4\n")
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from edu_assets.sources.line_reader import Malformed\n"
        "from edu_assets_tests.raw_zone.reading import package_at\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "[table] = package_at(Path(sys.argv[1])).tables\n"
        "for record in table.records():\n"
        "    print(record.line, len(record.text) if isinstance(record, Malformed) else record.cells)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    *read, grown = done.stdout.splitlines()
    assert read == ["2 ['1', 'a', '2']", "3 1000", "4 ['3', 'c', '4']"]
    assert int(grown) <= 150


def test_a_line_beyond_the_limit_is_set_aside_with_the_rule(platform: Platform) -> None:
    long = b"01,2,2013-03-01,P," + b"0" * (2 * RECORD_BYTES)
    content = attendance("01,1,2013-03-01,P,0").encode() + long + b"\n01,3,2013-03-01,P,0\n"
    report = platform.deliver("attendance", "attendance_daily_1.csv", content)
    assert (report.rows_read, report.quarantined) == (3, 1)
    assert platform.query(OPEN_ROWS) == [("1", 2), ("3", 4)]
    [(row, message)] = platform.query("select source_row, message from etl.quarantine")
    assert row == 3
    assert "is longer than 1 MB" in message


@pytest.mark.parametrize("width", [300, 2_000, 10_000])
def test_a_wide_file_is_loaded_with_its_unknown_columns_in_extra(platform: Platform, width: int) -> None:
    names = [f"x{n}" for n in range(width - 5)]
    values = [f"a value longer than a pointer {n}" for n in range(width - 5)]
    good, bad = "01,7,2013-03-01,P,0," + ",".join(values), "01,8,never,P,0," + ",".join(values)
    report = platform.deliver(
        "attendance", "attendance_daily_1.csv", lines(f"{ATTENDANCE_HEADER},{','.join(names)}", good, bad)
    )
    assert (report.status, report.rows_read, report.quarantined) == ("applied", 2, 1)
    assert len(report.problems[0]) < 300
    assert platform.value("select _extra from raw_zone.attendance__attendance_daily") == dict(
        zip(names, values, strict=True)
    )
    original = platform.value("select original from etl.quarantine")
    assert original == dict(
        zip([*ATTENDANCE_HEADER.split(","), *names], ["01", "8", "never", "P", "0", *values], strict=True)
    )


def test_a_row_of_a_wide_file_is_corrected_and_replayed(platform: Platform) -> None:
    names = [f"x{n}" for n in range(300)]
    row = "01,8,never,P,0," + ",".join("v" for _ in names)
    platform.deliver("attendance", "attendance_daily_1.csv", lines(f"{ATTENDANCE_HEADER},{','.join(names)}", row))
    [(number,)] = platform.query("select quarantine_id from etl.quarantine")
    correct(platform.warehouse, number, {"AttendanceDate": "2013-03-01"})
    assert platform.value("select _extra from raw_zone.attendance__attendance_daily") == dict.fromkeys(names, "v")


def test_ragged_rows_are_set_aside_with_their_lines(tmp_path: Path) -> None:
    bad = malformed(opened(tmp_path, f"{HEADER}\n1,a\n2,b,3\n3,c,4,5\n\n,,,\n"))
    assert [(record.line, record.rule) for record in bad] == [
        (2, "has 2 fields where the header has 3"),
        (4, "has 4 fields where the header has 3"),
        (6, "has 4 fields where the header has 3"),
    ]


@pytest.mark.parametrize("day", ["0000-01-01", "1/1/0000", "2013-02-30", "20-Oct", "99999-01-01", "infinity", "today"])
def test_a_day_that_is_none_is_set_aside(loaded: Platform, day: str) -> None:
    report = loaded.deliver("attendance", "attendance_daily_1.csv", attendance(f"01,1,{day},P,0"))
    assert report.quarantined == 1
    message = loaded.value("select message from etl.quarantine order by quarantine_id desc limit 1")
    assert "is no date of the form YYYY-MM-DD or M/D/YYYY" in message


def test_duplicate_keys_are_set_aside_and_the_open_row_stays(platform: Platform) -> None:
    platform.deliver("ou", "assessments.csv", assessments("AAA,2013J,1,TMA,1,1"))
    platform.deliver("ou", "studentAssessment.csv", submissions("1,5,1,0,70"))
    report = platform.deliver("ou", "studentAssessment.csv", submissions("1,5,1,0,80", "1,5,1,0,90", "1,6,1,0,50"))
    assert report.quarantined == 2
    rows = "select id_student, score from raw_zone.oulad__student_assessment order by 1"
    assert [(key, int(score)) for key, score in platform.query(rows)] == [("5", 70), ("6", 50)]


def test_a_file_that_grows_while_it_is_read_waits(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    path = platform.drop("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0"))
    while_read(monkeypatch, lambda: path.write_bytes(path.read_bytes() + b"01,2,2013-03-01,P,0\n"))
    [report] = platform.load(path)
    assert report.status == "failed"
    assert "changed while it was read: it is still being written" in report.problems[-1]
    nothing_is_left(platform)
    monkeypatch.undo()
    assert [report.rows_read for report in platform.load_waiting()] == [2]


def test_a_file_that_is_deleted_while_it_is_read_keeps_no_other_waiting(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = platform.drop("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0"))
    other = platform.drop("attendance", "attendance_daily_2.csv", attendance("02,2,2013-03-04,P,0"))
    while_read(monkeypatch, lambda: path.unlink(missing_ok=True))
    gone, loaded = platform.load(path, other)
    assert gone.status == "failed"
    assert "was taken away while it was read" in gone.problems[-1]
    assert loaded.status == "applied"
    assert platform.query(OPEN_ROWS) == [("2", 2)]


def while_read(monkeypatch: pytest.MonkeyPatch, event) -> None:  # type: ignore[no-untyped-def]
    """Let something happen after a file was copied and before its copy is trusted."""
    fsync = os.fsync

    def happen(descriptor: int) -> None:
        fsync(descriptor)
        event()

    monkeypatch.setattr(os, "fsync", happen)


def nothing_is_left(platform: Platform) -> None:
    assert not [path for path in platform.settings.archive.rglob("*") if path.is_file()]
    assert platform.value("select count(*) from etl.delivery") == 0


def test_a_pipe_is_refused_without_waiting_for_it(platform: Platform) -> None:
    folder = platform.settings.landing_of("attendance")
    folder.mkdir(parents=True)
    os.mkfifo(folder / "attendance_daily_1.csv")
    [report] = platform.load(folder / "attendance_daily_1.csv")
    assert (report.status, "a pipe" in report.problems[-1]) == ("refused", True)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A real file system of one megabyte, which every user of the machine may reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        place = Path(folder) / "small"
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=1777", "tmpfs", str(place)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("a small file system takes the right to mount one")
        yield place
        subprocess.run(["umount", str(place)], check=True)


def grow(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=50m", str(disk)], check=True)


LARGE = attendance(*(f"02,{n},2013-03-04,P,0" for n in range(60_000)))


def test_a_full_disk_of_the_archive_leaves_the_file_waiting(platform: Platform, small_disk: Path) -> None:
    platform.settings.archive.parent.mkdir(parents=True, exist_ok=True)
    platform.settings.archive.symlink_to(small_disk)
    first = platform.drop("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0"))
    assert platform.load(first)[0].status == "applied"
    path = platform.drop("attendance", "attendance_daily_2.csv", LARGE)
    [report] = platform.load(path)
    assert report.status == "failed"
    assert "does not fit on the disk of the archive" in report.problems[-1]
    assert not list(small_disk.glob(".incoming-*"))
    assert platform.query(OPEN_ROWS) == [("1", 2)]
    grow(small_disk)
    assert [report.status for report in platform.load_waiting()] == ["applied"]
    assert platform.value("select count(*) from raw_zone.attendance__attendance_daily") == 60_001


@pytest.fixture
def small_tablespace(platform: Platform, small_disk: Path) -> Iterator[Path]:
    """What loads write goes to a small file system of its own."""
    server = Path(platform.value("show data_directory"))
    place = small_disk / "tables"
    place.mkdir()
    os.chown(place, server.stat().st_uid, server.stat().st_gid)
    platform.query(sql.SQL("create tablespace small location {}").format(sql.Literal(str(place))))
    platform.query("grant create on tablespace small to etl_user")
    own = sql.Identifier(platform.warehouse.database)
    platform.query(sql.SQL("alter role etl_user in database {} set default_tablespace = small").format(own))
    yield small_disk
    platform.remove()
    with platform.warehouse.connect(Role.ADMIN, database="postgres", autocommit=True) as admin:
        admin.execute("drop tablespace small")


def test_a_full_disk_of_postgresql_leaves_the_old_state_and_the_file_waiting(
    platform: Platform, small_tablespace: Path
) -> None:
    first = platform.drop("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0"))
    assert platform.load(first)[0].status == "applied"
    path = platform.drop("attendance", "attendance_daily_2.csv", LARGE)
    [report] = platform.load(path)
    assert report.status == "failed"
    assert "the disk of PostgreSQL is full" in report.problems[-1]
    assert platform.query(OPEN_ROWS) == [("1", 2)]
    assert staging_tables(platform) == 0
    grow(small_tablespace)
    assert [report.status for report in platform.load_waiting()] == ["applied"]
    assert platform.value("select count(*) from raw_zone.attendance__attendance_daily") == 60_001


def test_a_member_that_nobody_reads_is_told_and_the_rest_loaded(loaded: Platform) -> None:
    members = {"orgs.csv": table_csv("orgs", [org("s1")]), "empty.txt": "", "letter.pdf": b"%PDF-1.7\n\xff\xfe\n"}
    report = loaded.deliver("sis", "r_2013-02-07.zip", zipped(members))
    assert report.status in ("applied", "unchanged")
    for name in ("empty.txt", "letter.pdf"):
        assert any(problem.startswith(f"{name}: no contract of system") for problem in report.problems)
