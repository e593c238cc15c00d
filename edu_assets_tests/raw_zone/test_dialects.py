"""CSV as it is really written: declared, or found and told, or refused with the likely mend."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from pydantic import ValidationError

from edu_assets.contracts.base import Column, Csv, Json, LoadMode
from edu_assets.sources.files import FileRefused, open_package
from edu_assets_tests.raw_zone.exports import ATTENDANCE_HEADER
from edu_assets_tests.raw_zone.reading import COLUMNS, HEADER, contract, malformed, opened, rows
from edu_assets_tests.testbed import Platform

ROWS = "1,Zoë,3\n2,Łucja,4\n"
READ = [["1", "Zoë", "3"], ["2", "Łucja", "4"]]
TEXT = f"{HEADER}\n{ROWS}"

FOUND = {
    "UTF-8 with a mark": (b"\xef\xbb\xbf" + TEXT.encode(), "begins with a byte order mark of UTF-8"),
    "UTF-16 with a mark": (TEXT.encode("utf-16"), "is written in utf-16, not in utf-8"),
    "UTF-16 BE with a mark": (b"\xfe\xff" + TEXT.encode("utf-16-be"), "is written in utf-16, not in utf-8"),
    "UTF-16 without a mark": (TEXT.encode("utf-16-le"), "is written in utf-16-le"),
    "UTF-32 with a mark": (TEXT.encode("utf-32"), "is written in utf-32"),
    "semicolons": (TEXT.replace(",", ";").encode(), "the delimiter is ';', not ','"),
    "tabs": (TEXT.replace(",", "\t").encode(), r"the delimiter is '\t', not ','"),
    "pipes": (TEXT.replace(",", "|").encode(), "the delimiter is '|', not ','"),
    "title lines": (f"Results of spring\n\n{TEXT}".encode(), "the header stands on line 3, not on 1"),
    "titles with a stray quote": (f'The "best, year\n{TEXT}'.encode(), "the header stands on line 2"),
    "titles with an open quote": (f'"Results\n{TEXT}'.encode(), "the header stands on line 2"),
    "titles, semicolons, UTF-16": (f"Results\n{TEXT}".replace(",", ";").encode("utf-16"), "the delimiter is ';'"),
}


@pytest.mark.parametrize(("content", "told"), FOUND.values(), ids=FOUND.keys())
def test_what_differs_from_the_declaration_and_is_certain_is_read_and_told(
    tmp_path: Path, content: bytes, told: str
) -> None:
    table = opened(tmp_path, content)
    assert rows(table) == READ
    assert any(told in sentence for sentence in table.found), table.found


def test_a_file_as_declared_has_nothing_to_tell(tmp_path: Path) -> None:
    for text in (TEXT, TEXT.replace("\n", "\r\n")):
        table = opened(tmp_path, text)
        assert (rows(table), table.found) == (READ, ())
    declared = Csv(encoding="utf-16", delimiter=";", header_line=3)
    content = f"Results\nof spring\n{TEXT}".replace(",", ";").encode("utf-16")
    table = opened(tmp_path, content, written=(declared,))
    assert (rows(table), table.found) == (READ, ())


def test_a_declared_8_bit_encoding_is_read_byte_exactly(tmp_path: Path) -> None:
    table = opened(tmp_path, f"{HEADER}\n1,Zoë,3 €\n".encode("cp1252"), written=(Csv(encoding="cp1252"),))
    assert rows(table) == [["1", "Zoë", "3 €"]]


def test_utf_8_in_a_file_of_a_declared_8_bit_encoding_is_set_aside(tmp_path: Path) -> None:
    """Read as declared it would be `ZoÃ«`, which looks sound to every later rule."""
    table = opened(tmp_path, f"{HEADER}\n1,Zoë,3\n2,plain,4\n".encode(), written=(Csv(encoding="cp1252"),))
    [bad] = malformed(table)
    assert (bad.line, bad.rule.startswith("is UTF-8, though the contract declares cp1252")) == (2, True)


def test_an_encoding_that_is_not_certain_is_refused_with_the_likely_one(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="it could be cp1252, which is not certain: declare encoding='cp1252'"):
        opened(tmp_path, "id,näme,score\n1,a,2\n".encode("cp1252"))


def test_a_record_in_another_encoding_is_set_aside_with_its_line(tmp_path: Path) -> None:
    [bad] = malformed(opened(tmp_path, TEXT.encode() + "3,Zoë,1\n".encode("cp1252")))
    assert (bad.line, bad.text) == (4, "3,Zo\\xeb,1")
    assert "is not UTF-8; an export that is all" in bad.rule


def test_half_a_character_of_utf_16_is_set_aside(tmp_path: Path) -> None:
    content = f"{HEADER}\n1,a,2\n".encode("utf-16") + b"3\x00,\x00\x00\xd8,\x00\n\x00"
    [bad] = malformed(opened(tmp_path, content))
    assert bad.line == 3


@pytest.mark.parametrize("content", ["id;name,score\n1;a,2\n", "a,b,c\n1,2,3\n"], ids=["a mixture", "another table"])
def test_no_reading_that_yields_the_columns_leaves_the_file_as_declared(tmp_path: Path, content: str) -> None:
    table = opened(tmp_path, content)
    assert (table.header, table.found) == (tuple(content.split("\n")[0].split(",")), ())


def test_two_readings_that_yield_the_columns_are_not_certain(tmp_path: Path) -> None:
    content = "id,name,score\n1,2,3\n".replace(",", ";") + "id|name|score\n"
    assert opened(tmp_path, content).header == ("id;name;score",)


def test_the_key_alone_does_not_make_another_reading_certain(tmp_path: Path) -> None:
    many = (*COLUMNS, *(Column(header=f"part {n}") for n in range(9)))
    assert opened(tmp_path, "id;name\n1;a\n", columns=many).header == ("id;name",)


@pytest.mark.parametrize("encoding", ["utf-9", "base64"])
def test_an_unknown_encoding_is_no_declaration(encoding: str) -> None:
    with pytest.raises(ValidationError, match="no encoding that Python knows"):
        Csv(encoding=encoding)


def test_duplicate_and_empty_headers_have_stable_names_that_a_contract_can_bind(tmp_path: Path) -> None:
    content = "id,name,Score,Score,, ,Score\n1,a,2,3,4,5,6\n"
    second = Column(header="Score (2)")
    table = opened(tmp_path, content, columns=(*COLUMNS, second))
    assert table.header == ("id", "name", "Score", "Score (2)", "column 5", "column 6", "Score (3)")
    assert second.sent_as(table.header) == "Score (2)"
    assert any("names ['Score'] more than once" in told for told in table.found)
    assert any("leaves out the names of 2 columns; the first is called 'column 5'" in told for told in table.found)


def test_a_made_name_never_takes_a_sent_one(tmp_path: Path) -> None:
    header = opened(tmp_path, "id,name,x,x,x (2),,column 6\n").header
    assert header == ("id", "name", "x", "x (2)'", "x (2)", "column 6'", "column 6")


def test_a_name_with_blanks_around_it_is_bound_and_told(platform: Platform) -> None:
    content = ATTENDANCE_HEADER.replace("StudentNumber", "StudentNumber ") + "\n01,7,2013-03-01,P,0\n"
    report = platform.deliver("attendance", "attendance_daily_1.csv", content)
    assert report.status == "applied"
    assert "column 'StudentNumber' is sent as 'StudentNumber ', with blanks around it" in report.problems[0]


def test_what_was_found_is_told_in_the_report_and_kept_in_the_ledger(platform: Platform) -> None:
    content = f"{ATTENDANCE_HEADER}\n01,7,2013-03-01,P,0\n".replace(",", ";")
    report = platform.deliver("attendance", "attendance_daily_1.csv", content)
    assert (report.status, report.rows_read) == ("applied", 1)
    told = ["attendance_daily_1.csv: the delimiter is ';', not ',' as declared"]
    assert report.problems == told
    assert platform.value("select details -> 'problems' from etl.delivery") == told


def test_a_duplicate_of_a_column_that_the_contract_does_not_know_is_kept_apart(platform: Platform) -> None:
    content = f"{ATTENDANCE_HEADER},Note,Note\n01,7,2013-03-01,P,0,a,b\n"
    assert platform.deliver("attendance", "attendance_daily_1.csv", content).status == "applied"
    extra = platform.value("select _extra from raw_zone.attendance__attendance_daily")
    assert extra == {"Note": "a", "Note (2)": "b"}


@pytest.mark.parametrize("declared", [Csv(delimiter=";"), Csv(encoding="latin-1")])
def test_only_plain_files_go_to_postgresql_as_they_are(tmp_path: Path, declared: Csv) -> None:
    content = f"{HEADER}\n1,a,2\n".replace(",", declared.delimiter)
    assert not opened(tmp_path, content, written=(declared,)).plain
    assert opened(tmp_path, f"{HEADER}\n1,a,2\n").plain


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_sound_lines_below_titles_keep_their_numbers(platform: Platform, encoding: str) -> None:
    rows = "01,7,2013-03-01,P,0\n01,8,never,P,0\n01,9,2013-03-01,P,0\n"
    content = f"Attendance\nof spring\n{ATTENDANCE_HEADER}\n{rows}".encode(encoding)
    report = platform.deliver("attendance", "attendance_daily_1.csv", content)
    assert (report.status, report.rows_read, report.quarantined) == ("applied", 3, 1)
    loaded = "select student_number, _source_row from raw_zone.attendance__attendance_daily order by 1"
    assert platform.query(loaded) == [("7", 4), ("9", 6)]
    assert platform.query("select source_row from etl.quarantine") == [(5,)]


def test_a_name_longer_than_postgresqls_is_no_declaration() -> None:
    with pytest.raises(ValidationError, match="PostgreSQL has no names of that length"):
        contract(columns=(*COLUMNS, Column(header="x" * 64)))


def test_of_contracts_that_claim_one_name_the_header_tells_which_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "part1.csv"
    other = contract(table="others", columns=(Column(header="id", required=True), Column(header="day", required=True)))
    for header, meant in ((HEADER, "vendor__results"), ("id,day", "vendor__others")):
        path.write_text(f"{header}\n")
        [table] = open_package(path, path.name, None, [contract(), other]).tables
        assert table.contract == meant
    path.write_text("id,name,score,day\n")
    with pytest.raises(FileRefused, match="could be vendor__results, vendor__others by its name"):
        open_package(path, path.name, None, [contract(), other])
    path.write_text("x,y\n")
    with pytest.raises(FileRefused, match="has the columns of none of them"):
        open_package(path, path.name, None, [contract(), other])


def test_an_empty_page_is_nobodys_and_refused_where_it_would_close_rows(tmp_path: Path) -> None:
    path = tmp_path / "part1.json"
    for mode, refused in ((LoadMode.INCREMENTAL, False), (LoadMode.FULL, True)):
        both = [contract(table=name, mode=mode, written=(Json(),), files=("part*.json",)) for name in ("one", "two")]
        for content in ("", "\ufeff\n", "[]"):
            path.write_text(content, encoding="utf-8")
            with pytest.raises(FileRefused) if refused else nullcontext():
                [table] = open_package(path, path.name, None, both).tables
                assert list(table.records()) == []
