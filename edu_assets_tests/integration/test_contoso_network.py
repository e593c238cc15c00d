"""Two daily drops of a student information system, from the files to gold, as networks/contoso.yaml says.

Every figure is worked out here from the files in plain Python: what a day, a term, a member and a day's absence
are is said again, in words of this file. The network is loaded and built once; what changes rows has its own.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from edu_assets.contracts import registry
from edu_assets.raw_zone import DeliveryReport
from edu_assets.raw_zone.as_of import as_of_query
from edu_assets.raw_zone.held import listed, release
from edu_assets.settings import PROJECT
from edu_assets.warehouse import Role
from edu_assets_tests.conftest import MakeNetwork
from edu_assets_tests.gold.building import broken, build_term
from edu_assets_tests.testbed import Platform, shared_data

Row = dict[str, str]
Loaded = tuple[Platform, list[DeliveryReport]]

TABLES = {
    "contoso__student_attendance": "studentattendance",
    "contoso__students": "students",
    "contoso__student_section_mark": "studentsectionmark",
}
KEYS = {
    "studentattendance": ("student_id", "attendance_date", "section_id", "Period"),
    "students": ("SIS ID",),
    "studentsectionmark": ("id",),
}
DECLARED: dict[str, Any] = yaml.safe_load((PROJECT / "networks" / "contoso.yaml").read_text(encoding="utf-8"))
[YEAR] = DECLARED["calendar"]["years"]
TERMS = {f"{YEAR}|{term}": dates for term, dates in DECLARED["calendar"]["years"][YEAR]["terms"].items()}
LAST_TERM = list(TERMS)[-1]
"""Both drops are of days after the last of instruction."""


# -- the files, read without the platform -----------------------------------------------------------


def path_of(day: str, folder: str) -> Path:
    return shared_data("contoso") / day / folder / "part1.csv"


def rows(day: str, folder: str) -> list[Row]:
    with path_of(day, folder).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def day_of(text: str) -> date:
    """D/M/YYYY, or ISO."""
    if "-" in text:
        return date.fromisoformat(text)
    day, month, year = (int(part) for part in text.split("/"))
    return date(year, month, day)


def term_of(day: date) -> str:
    [term] = [key for key, dates in TERMS.items() if dates["first_day"] <= day <= dates["last_day"]]
    return term


def term_of_row(row: Row) -> str:
    """Attendance is of its day's term, all else of the day of the drop."""
    return term_of(day_of(row["attendance_date"])) if "attendance_date" in row else LAST_TERM


def distinct(found: Iterable[Row]) -> set[tuple[str, ...]]:
    return {tuple(row.values()) for row in found}


def key_of(folder: str, row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in KEYS[folder])


def sections_of_days() -> dict[tuple[str, date], list[Row]]:
    """What was taken of a student on a day."""
    found: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for row in rows("day2", "studentattendance"):
        found[row["student_id"], day_of(row["attendance_date"])].append(row)
    return found


def missed(sections: list[Row]) -> Fraction:
    """The share of a day's sections that a student was absent from."""
    return Fraction(sum(row["PresenceFlag"] == "0" for row in sections), len(sections))


def is_nearly(found: Decimal, expected: Fraction) -> bool:
    """A sixth has no end as a decimal."""
    return abs(Fraction(found) - expected) < Fraction(1, 10**12)


# -- the network ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def loaded(make_session_network: MakeNetwork) -> Loaded:
    platform = make_session_network(deployed=True, **DECLARED | {"name": "contoso_gold"})
    return platform, platform.load_waiting()


@pytest.fixture(scope="module")
def contoso(loaded: Loaded) -> Platform:
    return loaded[0]


@pytest.fixture(scope="module")
def gold(contoso: Platform) -> Platform:
    for term_key in contoso.terms:
        assert not broken(build_term(contoso, term_key))
    return contoso


@pytest.fixture
def other(make_network: MakeNetwork) -> Platform:
    """The same network without a row, for a test of its own."""
    return make_network(**{key: value for key, value in DECLARED.items() if key != "name"})


def load_day(platform: Platform, day: str) -> dict[str, DeliveryReport]:
    return {folder: platform.load(path_of(day, folder))[0] for folder in TABLES.values()}


def load_attendance(platform: Platform, folder: Path, sent: list[Row]) -> DeliveryReport:
    """Load rows that are derived from the files; they lie in the test's own folder, never beside the files."""
    path = folder / "part1.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        written = csv.DictWriter(file, list(sent[0]))
        written.writeheader()
        written.writerows(sent)
    [report] = platform.load(path, feed="contoso")
    return report


def standing(platform: Platform) -> dict[str, list[tuple]]:
    """Every open row of every table."""
    return {
        table: platform.query(f"select t::text from raw_zone.{table} t order by 1")  # noqa: S608
        for table in TABLES
    }


# -- raw --------------------------------------------------------------------------------------------


def test_the_first_day_is_loaded_before_the_second(loaded: Loaded) -> None:
    platform, reports = loaded
    assert {report.status for report in reports} == {"applied"}
    arrived = platform.query("select path from etl.landing_file order by delivery_id")
    assert [Path(path).parent.parent.name for (path,) in arrived] == ["day1"] * 3 + ["day2"] * 3


@pytest.mark.parametrize("table", TABLES)
def test_after_both_days_a_table_holds_the_rows_of_the_second_by_term(contoso: Platform, table: str) -> None:
    expected = Counter(term_of_row(row) for row in rows("day2", TABLES[table]))
    found = contoso.query(f"select term_key, count(*) from raw_zone.{table} group by 1")  # noqa: S608
    assert dict(found) == expected


def test_every_row_read_is_accounted_for_and_none_waits(loaded: Loaded) -> None:
    platform, reports = loaded
    sent = sum(len(rows(day, folder)) for day in ("day1", "day2") for folder in TABLES.values())
    parts = [part for report in reports for part in report.slices]
    assert sum(report.rows_read for report in reports) == sent
    assert sum(part.accepted + part.duplicates for part in parts) == sent
    assert platform.value("select count(*) from etl.quarantine") == 0
    assert platform.value("select count(*) from etl.held_slice") == 0


def test_the_second_day_holds_the_first_but_for_what_it_changes(loaded: Loaded) -> None:
    """Cumulative: by the files, and by what the loader says that it did."""
    _, reports = loaded
    for table, folder in TABLES.items():
        first = {key_of(folder, row): tuple(row.values()) for row in rows("day1", folder)}
        second = {key_of(folder, row): tuple(row.values()) for row in rows("day2", folder)}
        assert set(first) <= set(second)
        changed = sum(second[key] != row for key, row in first.items())
        parts = [part for report in reports[3:] for part in report.slices if part.raw_table == table]
        assert sum(part.inserted for part in parts) == len(second) - len(first)
        assert sum(part.unchanged for part in parts) == len(first) - changed
        assert sum(part.changed for part in parts) == changed
        assert sum(part.closed for part in parts) == 0


def test_what_repeats_in_a_file_is_counted_and_what_only_looks_like_it_is_kept(loaded: Loaded) -> None:
    """In these files the `id` of attendance repeats for every row of a student and is no key; no row does."""
    platform, reports = loaded
    sent = rows("day2", "studentattendance")
    assert len({row["id"] for row in sent}) == len({row["student_id"] for row in sent}) < len(sent)
    for day, of_day in (("day1", reports[:3]), ("day2", reports[3:])):
        repeated = sum(len(rows(day, folder)) - len(distinct(rows(day, folder))) for folder in TABLES.values())
        assert sum(part.duplicates for report in of_day for part in report.slices) == repeated
    assert platform.value("select count(*) from raw_zone.contoso__student_attendance") == len(distinct(sent))


def test_rows_that_are_sent_twice_are_counted_and_never_doubled(other: Platform, tmp_path: Path) -> None:
    sent = rows("day2", "studentattendance")
    again = sent[:100]
    report = load_attendance(other, tmp_path, sent + again)
    assert report.rows_read == len(sent) + len(again)
    assert sum(part.duplicates for part in report.slices) == len(again)
    assert other.value("select count(*) from raw_zone.contoso__student_attendance") == len(sent)


def test_days_of_attendance_are_day_before_month(contoso: Platform) -> None:
    """Of the texts, none has a second number above 12 and many a first: month first cannot read them. Day first, each
    student's days in a section follow one another without a gap."""
    sent = rows("day2", "studentattendance")
    numbers = [
        [int(part) for part in row["attendance_date"].split("/")] for row in sent if "/" in row["attendance_date"]
    ]
    assert numbers
    assert sum(first > 12 for first, _, _ in numbers) > len(numbers) / 2
    assert max(second for _, second, _ in numbers) <= 12
    in_section = defaultdict(set)
    for row in sent:
        in_section[row["student_id"], row["section_id"]].add(day_of(row["attendance_date"]))
    for days in in_section.values():
        assert max(days) - min(days) == timedelta(len(days) - 1)

    found = contoso.query(
        "select student_id, attendance_date, section_id, period, presence_flag"
        " from raw_zone.contoso__student_attendance"
    )
    assert sorted(found) == sorted(
        (row["student_id"], day_of(row["attendance_date"]), row["section_id"], row["Period"], row["PresenceFlag"])
        for row in sent
    )


def test_a_day_in_iso_beside_the_others_is_the_same_day(other: Platform, tmp_path: Path) -> None:
    """The files at hand have none; other drops of the system do. Every other row is spelled anew, none is another."""
    [report] = other.load(path_of("day2", "studentattendance"))
    assert report.status == "applied"
    before = standing(other)
    sent = rows("day2", "studentattendance")
    for row in sent[::2]:
        row["attendance_date"] = day_of(row["attendance_date"]).isoformat()
    again = load_attendance(other, tmp_path, sent)
    assert (again.status, again.rows_read, again.quarantined) == ("unchanged", len(sent), 0)
    assert standing(other) == before


def test_a_birth_date_that_could_be_either_way_round_stays_as_it_was_sent(contoso: Platform) -> None:
    sent = {row["SIS ID"]: row["Birthdate"] for row in rows("day2", "students")}
    assert all(int(part) <= 12 for text in sent.values() for part in text.split("/")[:2])
    assert dict(contoso.query("select sis_id, birthdate from raw_zone.contoso__students")) == sent


def test_passwords_are_kept_nowhere(contoso: Platform) -> None:
    passwords = [row["Password"] for row in rows("day2", "students")]
    kept = [text for found in standing(contoso).values() for (text,) in found]
    kept += [text for (text,) in contoso.query("select t::text from raw_history.contoso__students t")]
    assert all(passwords)
    assert sum(password in text for password in passwords for text in kept) == 0


# -- the first day, after the second ----------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_the_first_day_reads_back_as_it_was(loaded: Loaded, table: str) -> None:
    platform, reports = loaded
    contract = registry().contract(table)
    last = max(part.load_id for report in reports[:3] for part in report.slices)
    with platform.warehouse.connect(Role.ETL) as connection:
        cursor = connection.execute(as_of_query(contract, last))
        assert cursor.description is not None
        names = [column.name for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor]
    compared = [column for column in contract.stored_columns if column.type.value == "text"]
    expected = Counter(tuple(row[column.header] for column in compared) for row in rows("day1", TABLES[table]))
    assert Counter(tuple(row[column.name] for column in compared) for row in found) == expected


def test_what_the_second_day_changed_is_in_history(contoso: Platform) -> None:
    second = {row["SIS ID"]: row for row in rows("day2", "students")}
    changed = [row for row in rows("day1", "students") if row != second[row["SIS ID"]]]
    assert changed
    closed = contoso.query("select sis_id, first_name from raw_history.contoso__students")
    assert closed == [(row["SIS ID"], row["First Name"]) for row in changed]


def test_a_first_day_that_arrives_late_waits_and_undoes_nothing(other: Platform) -> None:
    load_day(other, "day2")
    before = standing(other)
    late = load_day(other, "day1")
    assert {report.status for report in late.values()} == {"held"}
    assert all("is applied already" in (part.error or "") for report in late.values() for part in report.slices)
    assert standing(other) == before


def test_a_late_day_waits_also_where_it_would_take_little_away(make_network: MakeNetwork) -> None:
    """The share that may go holds nothing here: it is the day that does."""
    feeds = {"contoso": DECLARED["feeds"]["contoso"] | {"hold_share": 1}}
    platform = make_network(**{key: value for key, value in DECLARED.items() if key != "name"} | {"feeds": feeds})
    load_day(platform, "day2")
    before = standing(platform)
    assert {report.status for report in load_day(platform, "day1").values()} == {"held"}
    assert standing(platform) == before


def test_the_first_day_sent_again_waits_and_is_released_from_the_archive(other: Platform) -> None:
    load_day(other, "day1")
    load_day(other, "day2")
    assert load_day(other, "day1")["students"].status == "held"
    with other.warehouse.connect(Role.ETL) as connection:
        [held] = [held for held in listed(connection) if held.raw_tables == ["contoso__students"]]
    release(other.warehouse, other.settings, held.held_id)
    names = other.query("select sis_id, first_name from raw_zone.contoso__students")
    assert names == [(row["SIS ID"], row["First Name"]) for row in rows("day1", "students")]


# -- gold -------------------------------------------------------------------------------------------


def test_students_are_those_of_the_second_day(gold: Platform) -> None:
    described = gold.query(
        "select student_id, given_name, family_name, grade_level from gold.dim_student"
        " where student_id <> '' and not is_inferred"
    )
    assert sorted(described) == sorted(
        (f"contoso:{row['SIS ID']}", row["First Name"], row["Last Name"], row["Grade"])
        for row in rows("day2", "students")
    )
    assert gold.value("select count(*) from gold.dim_student where is_inferred") == 0


def test_members_of_a_term_are_those_whose_attendance_was_taken_in_it(gold: Platform) -> None:
    first_day: dict[tuple[str, ...], date] = {}
    for row in rows("day2", "studentattendance"):
        day = day_of(row["attendance_date"])
        member = (term_of(day), f"contoso:{row['student_id']}", row["school_id"])
        first_day[member] = min(day, first_day.get(member, day))
    found = gold.query(
        "select term_key, student_id, school_id, entry_date from gold.fct_enrollment join gold.dim_student"
        " using (student_key) join gold.dim_school using (school_key) where exit_date is null and is_primary"
        " and not is_no_show"
    )
    assert sorted(found) == sorted((*member, day) for member, day in first_day.items())
    assert gold.value("select count(*) from gold.fct_enrollment") == len(first_day)


def test_a_grade_level_is_known_in_the_term_of_the_drop_alone(gold: Platform) -> None:
    of_drop = {f"contoso:{row['SIS ID']}": row["Grade"] for row in rows("day2", "students")}
    found = gold.query(
        "select term_key, student_id, f.grade_level from gold.fct_enrollment f"
        " join gold.dim_student using (student_key)"
    )
    assert len(found) == len(TERMS) * len(of_drop)
    for term_key, student, grade in found:
        assert grade == (of_drop[student] if term_key == LAST_TERM else "unknown")


def test_headcount_at_the_end_of_a_term_is_everybody(gold: Platform) -> None:
    members: dict[str, set[str]] = defaultdict(set)
    for row in rows("day2", "studentattendance"):
        members[term_of_row(row)].add(row["student_id"])
    counted = gold.query("select term_key, sum(headcount_term_end) from gold.mart_enrollment group by 1")
    assert dict(counted) == {term: len(students) for term, students in members.items()}


def test_classes_and_who_is_in_them_by_term(gold: Platform) -> None:
    begins: dict[tuple[str, ...], date] = {}
    for row in rows("day2", "studentattendance"):
        day = day_of(row["attendance_date"])
        place = (term_of(day), f"contoso:{row['section_id']}", f"contoso:{row['student_id']}")
        begins[place] = min(day, begins.get(place, day))
    found = gold.query(
        "select term_key, class_id, student_id, begin_date from gold.fct_class_enrollment join gold.dim_class"
        " using (class_key) join gold.dim_student using (student_key) where end_date is null and final_result is null"
    )
    assert sorted(found) == sorted((*place, day) for place, day in begins.items())
    classes = gold.query("select class_id from gold.dim_class where class_id <> '' and not is_inferred")
    assert {name for (name,) in classes} == {section for _, section, _ in begins}


def test_nobody_has_a_mark_in_a_section_that_is_no_class_of_theirs(gold: Platform) -> None:
    """Marks are not conformed; their sections are those that attendance gives, so no class is missed for it."""
    marked = {
        (f"contoso:{row['section_id']}", f"contoso:{row['student_id']}") for row in rows("day2", "studentsectionmark")
    }
    found = gold.query(
        "select class_id, student_id from gold.fct_class_enrollment join gold.dim_class using (class_key)"
        " join gold.dim_student using (student_key)"
    )
    assert set(found) == marked
    assert {row["is_final_grade"] for row in rows("day2", "studentsectionmark")} == {"No"}


def test_the_source_has_attendance_of_sections_alone() -> None:
    """Why a rule must make the day: no row is of a whole day, and code, flag and status say the same."""
    sent = rows("day2", "studentattendance")
    assert {(row["all_day"], row["attendance_type"]) for row in sent} == {("No", "ClassSectionAttendance")}
    said = {(row["AttendanceCode"], row["PresenceFlag"], row["attendance_status"]) for row in sent}
    assert said == {("P", "1", "Present"), ("A", "0", "Absent")}


def test_every_day_is_the_share_of_its_sections_that_were_missed(gold: Platform) -> None:
    found = gold.query(
        "select student_id, attendance_date, term_key, attendance_code, absent_portion, is_absent_day, is_reported"
        " from gold.fct_attendance join gold.dim_student using (student_key)"
    )
    expected = sections_of_days()
    assert len(found) == len(expected)
    for student, day, term_key, code, portion, is_absent_day, is_reported in found:
        share = missed(expected[student.removeprefix("contoso:"), day])
        assert (term_key, is_reported) == (term_of(day), True)
        assert code == ("A" if share else "P")
        assert is_nearly(portion, share)
        assert is_absent_day == (share > Fraction(1, 2))


def test_no_report_lies_outside_of_membership_or_calendar(gold: Platform) -> None:
    assert gold.value("select count(*) from gold.attendance_outside_enrollment") == 0


def test_attendance_of_the_school_adds_up_by_term(gold: Platform) -> None:
    def by_term(figure: Callable[[list[Row]], Any]) -> dict[str, Any]:
        total: dict[str, Any] = defaultdict(int)
        for (_, day), sections in sections_of_days().items():
            total[term_of(day)] += figure(sections)
        return total

    found = gold.query(
        "select term_key, sum(days_reported), sum(days_absent), sum(days_counted_absent), sum(days_unreported),"
        " sum(days_absent) = sum(days_absent_other) from gold.mart_attendance_insights group by 1"
    )
    reported, absent = by_term(lambda _: 1), by_term(missed)
    counted = by_term(lambda sections: int(missed(sections) > Fraction(1, 2)))
    assert {term for term, *_ in found} == set(TERMS)
    for term, days, days_absent, days_counted, unreported, kind_is_not_given in found:
        assert days == reported[term]
        assert is_nearly(days_absent, absent[term])
        assert days_counted == counted[term]
        assert (unreported, kind_is_not_given) == (0, True)


def test_a_students_attendance_adds_up_by_term(gold: Platform) -> None:
    absent: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    days: Counter[tuple[str, str]] = Counter()
    for (student, day), sections in sections_of_days().items():
        absent[term_of(day), f"contoso:{student}"] += missed(sections)
        days[term_of(day), f"contoso:{student}"] += 1
    found = gold.query(
        "select term_key, student_id, days_enrolled, days_absent from gold.mart_student_attendance"
        " join gold.dim_student using (student_key)"
    )
    assert {(term, student): enrolled for term, student, enrolled, _ in found} == days
    for term, student, _, days_absent in found:
        assert is_nearly(days_absent, absent[term, student])
