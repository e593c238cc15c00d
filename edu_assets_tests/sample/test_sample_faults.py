"""Planted faults are where the summary says, and nowhere else."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from edu_assets.sample import FileKind, Outcome, PlantedFault
from edu_assets_tests.sample.reading import Exported, read_date

DAMAGE = {
    "excel_date": r"01002,\d{10},\d{1,2}-[A-Z][a-z]{2},[A-Z],1",
    "excel_serial_date": r"01002,\d{10},\d{5},[A-Z],1",
    "impossible_date": r"01002,\d{10},\d{4}-02-30,[A-Z],1",
    "missing_student_number": r"01002,,\d{4}-\d\d-\d\d,[A-Z],1",
    "code_not_in_pattern": r"01002,\d{10},\d{4}-\d\d-\d\d,absent,1",
    "missing_code": r"01002,\d{10},\d{4}-\d\d-\d\d,,1",
    "excel_scientific_number": r"01002,\d\.\d\dE\+\d\d,\d{4}-\d\d-\d\d,[A-Z],1",
    "decimal_comma": r'01002,\d{10},\d{4}-\d\d-\d\d,H,"0,5"',
    "absence_value_not_allowed": r"01002,\d{10},\d{4}-\d\d-\d\d,A,100",
    "record_cut_off": r"01002,\d{10},\d{4}-\d\d-\d\d",
}
SOUND = re.compile(r"0\d{4},0\d{9},(\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{4}),[PAESTH],(0|0\.5|1|0\.00|0\.50|1\.00)")


@pytest.fixture(params=("exported", "small_exported"))
def either(request: pytest.FixtureRequest) -> Exported:
    return request.getfixturevalue(request.param)


def fault(exported: Exported, kind: str, outcome: Outcome | None = None) -> PlantedFault:
    [found] = [
        each for each in exported.summary.faults if each.kind == kind and (outcome is None or each.outcome is outcome)
    ]
    return found


def lines_of(exported: Exported, planted: PlantedFault) -> list[str]:
    text = (exported.landing / planted.feed / planted.file).read_text(encoding="utf-8-sig")
    lines = text.split("\n")
    return [lines[line - 1] for line in planted.lines]


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_row_stands_on_its_line(either: Exported, kind: str) -> None:
    planted = fault(either, kind)
    [line] = lines_of(either, planted)
    assert planted.outcome is Outcome.QUARANTINED
    assert re.fullmatch(DAMAGE[kind], line)


def test_every_other_row_is_sound(either: Exported) -> None:
    for file in either.of_kind(FileKind.ATTENDANCE):
        planted = {
            line
            for each in either.summary.faults
            if file.path == f"{each.feed}/{each.file}" and each.kind in DAMAGE
            for line in each.lines
        }
        text = (either.landing / file.path).read_text(encoding="utf-8-sig")
        for number, line in enumerate(text.splitlines()[1:], start=2):
            assert number in planted or SOUND.fullmatch(line), (file.path, number)


def test_an_identical_duplicate_repeats_its_row(either: Exported) -> None:
    one, other = lines_of(either, fault(either, "identical_duplicate"))
    assert one == other


def test_a_conflicting_duplicate_has_the_same_key_and_another_code(either: Exported) -> None:
    one, other = (line.split(",") for line in lines_of(either, fault(either, "conflicting_duplicate")))
    assert one[:3] == other[:3]
    assert one[3] != other[3]


def test_keys_are_unique_in_every_other_file(either: Exported) -> None:
    seen = set()
    for file, _, row in either.attendance():
        key = (file.path, row["SchoolID"], row["StudentNumber"], row["AttendanceDate"])
        assert key not in seen
        seen.add(key)


def test_a_corrected_file_changes_and_adds_exactly_the_rows_it_says(either: Exported) -> None:
    changed = fault(either, "correction", Outcome.CHANGED)
    inserted = fault(either, "correction", Outcome.INSERTED)
    folder = either.landing / changed.feed
    corrected = (folder / changed.file).read_text().splitlines()
    original = {}
    for line in (folder / changed.file.replace("_corrected", "")).read_text().splitlines()[1:]:
        original[tuple(line.split(",")[:3])] = line
    for number, line in enumerate(corrected[1:], start=2):
        before = original.pop(tuple(line.split(",")[:3]), None)
        assert (before is None) == (number in inserted.lines)
        if before is not None:
            assert (before != line) == (number in changed.lines)
    assert not original
    assert len(changed.lines) >= 2


def test_the_corrected_file_comes_after_the_original(either: Exported) -> None:
    name = fault(either, "correction", Outcome.CHANGED).file
    folder = either.landing / "north_attendance"
    original = folder / name.replace("_corrected", "")
    assert original.stat().st_mtime < (folder / name).stat().st_mtime


def test_the_truncated_package_is_no_zip_and_a_sound_one_follows(either: Exported) -> None:
    planted = fault(either, "truncated_package")
    broken = either.landing / planted.feed / planted.file
    assert broken.read_bytes().startswith(b"PK")
    assert not zipfile.is_zipfile(broken)
    following = sorted(path for path in broken.parent.iterdir() if path.name > broken.name)[0]
    assert zipfile.is_zipfile(following)
    assert following.read_bytes().startswith(broken.read_bytes())


def test_the_late_file_comes_after_a_file_of_a_later_month(either: Exported) -> None:
    planted = fault(either, "late_file")
    place = either.landing / planted.feed
    later = sorted(path for path in place.glob(f"{planted.file[:22]}_*.csv") if path.name > planted.file)[0]
    assert later.stat().st_mtime < (place / planted.file).stat().st_mtime


def test_the_silent_school_reported_nothing_that_day(either: Exported) -> None:
    planted = fault(either, "school_reported_nothing")
    others = False
    for _, _, row in either.attendance():
        if read_date(row["AttendanceDate"]) == planted.day:
            assert row["SchoolID"] != planted.school_id
            others = True
    assert others


def test_no_contract_claims_the_stray_file(either: Exported) -> None:
    planted = fault(either, "unclaimed_file")
    path: Path = either.landing / planted.feed / planted.file
    assert path.read_text().startswith("menu_date,")
    assert not path.name.startswith("attendance_daily")
