"""JSON files as tables: every value as it is spelled, one record in memory at a time."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from edu_assets.contracts.base import Column, Csv, Json
from edu_assets.sources.files import FileRefused
from edu_assets.sources.json_table import READ_CHARACTERS, RECORD_CHARACTERS
from edu_assets.sources.line_reader import Record
from edu_assets_tests.raw_zone.reading import COLUMNS, malformed, opened, package_at, rows

JSON = (Json(),)
LINES = '{"id":1,"name":"a"}\n\n{"id":2,"name":"b","score":3}\n'


def test_lines_and_arrays_yield_the_same_records_with_their_places(tmp_path: Path) -> None:
    array = '\n[ {"id":1,"name":"a"} ,\n{"id":2,"name":"b","score":3}]\n'
    for content, places in ((LINES, [1, 3]), (array, [1, 2]), ("\ufeff" + LINES, [1, 3])):
        table = opened(tmp_path, content, written=JSON)
        assert table.header == ("id", "name", "score")
        assert rows(table) == [["1", "a", None], ["2", "b", "3"]]
        assert [record.line for record in table.records()] == places


def test_values_are_spelled_as_they_were_sent(tmp_path: Path) -> None:
    content = (
        '{"id":463100000000007164,"name":"Zo\\u00eb \\/ \\n","a":1.50,"b":1E5,"c":true,"d":null,"e":"",'
        '"f":["x",1.0,null],"g":{"h":{"i":"é"}}}'
    )
    [record] = rows(opened(tmp_path, content, written=JSON))
    assert record == [
        "463100000000007164",
        "Zoë / \n",
        "1.50",
        "1E5",
        "true",
        None,
        "",
        '["x",1.0,null]',
        '{"h":{"i":"é"}}',
    ]


def test_a_declared_dotted_name_is_taken_out_of_the_nested_object(tmp_path: Path) -> None:
    content = '{"id":1,"name":"a","user":{"id":7,"password":"p","more":1}}\n{"id":2,"name":"b","user":null}\n'
    declared = (*COLUMNS, Column(header="user.id"), Column(header="user.password", secret=True))
    table = opened(tmp_path, content, written=JSON, columns=declared)
    assert table.header == ("id", "name", "user", "user.id", "user.password")
    assert rows(table) == [["1", "a", '{"more":1}', "7", "p"], ["2", "b", None, None, None]]


def test_records_lie_where_the_contract_says(tmp_path: Path) -> None:
    content = '{"meta":{"data":[1]},"data":{"count":2,"items":[{"id":1,"name":"a"}],"next":null}}'
    assert rows(opened(tmp_path, content, written=(Json(records="data.items"),))) == [["1", "a"]]
    with pytest.raises(FileRefused, match="has no 'rows', in which the contract looks for the records"):
        opened(tmp_path, content, written=(Json(records="rows"),))


def test_a_value_that_a_piece_of_the_file_cuts_is_read_whole(tmp_path: Path) -> None:
    start, end = '{"pad":"', '","count":123456,"items":[{"id":1,"name":"a"}]}'
    pad = "x" * (READ_CHARACTERS - len(start) - len('","count":123'))
    assert rows(opened(tmp_path, start + pad + end, written=(Json(records="items"),))) == [["1", "a"]]


def test_an_empty_array_is_a_header_without_rows(tmp_path: Path) -> None:
    table = opened(tmp_path, " [ ] ", written=JSON)
    assert (table.header, rows(table)) == (("id", "name", "score"), [])


MALFORMED = {
    "cut off": ('{"id":1,"name":"a', "is no JSON"),
    "no object": ("[1,2]", "is no JSON object"),
    "a name twice": ('{"id":1,"name":"a","name":"b"}', "names 'name' twice"),
    "a nested name twice": ('{"id":1,"x":{"y":1,"y":2}}', "names 'y' twice"),
    "two records": ('{"id":1} {"id":2}', "goes on behind its end"),
    "NaN": ('{"id":NaN}', "holds NaN"),
    "a NUL": ('{"id":"a\\u0000"}', "holds a NUL in 'id'"),
    "half a surrogate": ('{"id":"\\udc41"}', "is not UTF-8 in 'id'"),
    "very deep": ('{"id":' + "[" * 100_000, "is nested too deeply"),
}


@pytest.mark.parametrize(("line", "told"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_line_that_is_no_record_is_set_aside_alone(tmp_path: Path, line: str, told: str) -> None:
    table = opened(tmp_path, f'{{"id":1,"name":"a"}}\n{line}\n{{"id":3,"name":"c"}}\n', written=JSON)
    [bad] = malformed(table)
    assert bad.line == 2
    assert told in bad.rule
    assert [record.line for record in table.records() if isinstance(record, Record)] == [1, 3]


REFUSED = {
    "cut off": ('[{"id":1},{"id":2', "ask the sender for the whole file"),
    "cut off between records": ('[{"id":1},', "is no JSON"),
    "no comma": ('[{"id":1}{"id":2}]', "where , or ] should stand, at character 10"),
    "more behind": ("[] x", "goes on behind the end of the array"),
    "nothing": ("", "is empty"),
    "spaces": (" \n ", "is empty"),
    "one document": ('{\n"id":1\n}\n', "the contract must say with `records`"),
    "a name twice": ('[{"id":1,"id":2}]', "names 'id' twice"),
    "too many names": (json.dumps([{f"n{n}": 1 for n in range(17_000)}]), "are values used as names"),
}


@pytest.mark.parametrize(("content", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_a_document_that_cannot_be_read_to_its_end_is_refused(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        opened(tmp_path, content, written=JSON)
    assert told in str(refusal.value)


def test_an_array_on_one_line_is_read_in_a_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    with path.open("w") as file:
        file.write("[")
        file.writelines(f'{{"id":{n},"name":"{"x" * 500}"}},' for n in range(60_000))
        file.write('{"id":60000,"name":"last"}]')
    tracemalloc.start()
    [table] = package_at(path, written=JSON).tables
    count = sum(1 for _ in table.records())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 60_001
    assert peak < 8 << 20, "the file has 31 MB"


def test_a_line_beyond_the_limit_is_set_aside_with_its_beginning(tmp_path: Path) -> None:
    content = f'{LINES}{{"id":3,"name":"{"x" * RECORD_CHARACTERS}"}}\n{{"id":4,"name":"d"}}\n'
    table = opened(tmp_path, content, written=JSON)
    [bad] = malformed(table)
    assert (bad.line, len(bad.text)) == (4, 1_000)
    assert sum(isinstance(record, Record) for record in table.records()) == 3


def test_the_first_character_tells_json_from_csv_where_both_may_come(tmp_path: Path) -> None:
    both = (Csv(), Json())
    assert rows(opened(tmp_path, LINES, written=both))[1] == ["2", "b", "3"]
    assert rows(opened(tmp_path, "id,name\n2,b\n", written=both)) == [["2", "b"]]
