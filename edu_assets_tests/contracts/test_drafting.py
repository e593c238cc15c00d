"""Drafts of contracts: files of six vendors whose drafts load every row and show nobody's data; each kind of guess."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook as Book

from edu_assets.contracts import Registry, drafting, registry
from edu_assets.contracts.base import ColumnType, Contract, Csv, DateFormat, Json, PersonalData, System, Workbook
from edu_assets.contracts.drafting import Draft, Guess, NotDrafted, named_after
from edu_assets.raw_zone.rehearsal import rehearse
from edu_assets.settings import PROJECT
from edu_assets.sources.line_reader import Record
from edu_assets.sources.undeclared import draft_file, open_undeclared
from edu_assets_tests.raw_zone.test_real_contracts import CALENDAR
from edu_assets_tests.testbed import MakeNetwork, network_declaration, shared_data

VENDORS = {
    "nwea": ("MAP_Growth/sample_anonymized_file.csv", 6, 1),  # one record lacks its last field
    "actx": ("ACT/sample_anonymized_file.csv", 5, 0),
    "apx": ("AP/SAMPLE_AP_2324.csv", 6, 0),
    "ibx": ("IB/sample_anonymized_file.csv", 5, 0),
    "starx": ("STAR/SR_sample_anonymized_file.csv", 5, 0),
    "starstandards": ("STAR/SR_Dashboard_Standards_v2_sample_anonymized_file.csv", 5, 0),
    "starskills": ("STAR/SR_SkillArea_v1_sample_anonymized_file.csv", 5, 0),
    "ireadyela": ("i-Ready/sample_anonymized_file_ela.csv", 5, 0),
    "ireadymath": ("i-Ready/sample_anonymized_file_math.csv", 5, 0),
}


def vendor_file(name: str) -> Path:
    return shared_data("vendor_assessments") / VENDORS[name][0]


def imported(module: str) -> dict[str, Any]:
    """The names of a drafted module, run as Python runs it; pydantic validates what it declares."""
    names: dict[str, Any] = {}
    exec(compile(module, "draft", "exec"), names)
    return names


def contract_of(draft: Draft) -> Contract:
    [contract] = [value for value in imported(draft.module).values() if isinstance(value, Contract)]
    return contract


def drafted(folder: Path, text: str | bytes, name: str = "rides.csv", **options: Any) -> Draft:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return draft_file(path, **{"system": "transport", "table": "rides"} | options)


def guessed(draft: Draft, header: str) -> Guess:
    return next(guess for guess in draft.columns if guess.header == header)


@contextmanager
def known(monkeypatch: pytest.MonkeyPatch, contract: Contract) -> Iterator[None]:
    """A registry that has the drafted contract too, as if its module lay in edu_assets/contracts/."""
    now = registry()
    wider = Registry(
        [*now.contracts.values(), contract],
        list(now.entities.values()),
        [*now.systems.values(), System(name=contract.system, title="drafted")],
    )
    with monkeypatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("edu_assets.") and getattr(module, "registry", None) is registry:
                patch.setattr(module, "registry", lambda: wider)
        yield


@pytest.mark.parametrize("name", VENDORS)
def test_a_load_by_the_draft_lands_every_row(
    name: str, make_network: MakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, rows, malformed = VENDORS[name]
    draft = draft_file(vendor_file(name), system=f"x{name}", table="results")
    assert (draft.rows, draft.key_is_unique) == (rows, True)
    contract = contract_of(draft)
    schools = [
        {key: value for key, value in each.items() if key != "calendar"} for each in network_declaration()["schools"]
    ]
    feeds = {"vendor": {"system": contract.system, "landing": "vendor", "hold_share": 1}}
    with known(monkeypatch, contract):
        network = make_network(calendar=CALENDAR, schools=schools, feeds=feeds)
        term = "2023|S"
        test = rehearse(network.warehouse, network.settings, vendor_file(name), system=contract.system, term=term)
        [table] = test.tables
        assert (table.rows_read, table.valid, table.quarantined) == (rows + malformed, rows, malformed), test
        assert network.value(f"select count(*) from {contract.raw_table}") == 0  # noqa: S608
        report = network.deliver("vendor", Path(path).name, vendor_file(name).read_bytes(), term=term)
        assert report.status == "applied", report.problems
        assert (report.rows_read, report.quarantined) == (rows + malformed, malformed)
        assert network.value(f"select count(*) from {contract.raw_table}") == rows  # noqa: S608


# Headers by which a person recognises data of persons, independently of the draft's own classes.
OF_PERSONS = (
    "name",
    "birth",
    "dob",
    "mail",
    "phone",
    "address",
    "ssn",
    "student",
    "candidate",
    "id_",
    "gender",
    "race",
)
NOT_OF_PERSONS = (
    "school",
    "district",
    "test",
    "course",
    "class",
    "term",
    "domain",
    "standard",
    "skill",
    "group",
    "ai ",
)


@pytest.mark.parametrize("name", VENDORS)
def test_no_persons_value_is_in_the_draft(name: str) -> None:
    draft = draft_file(vendor_file(name), system=f"x{name}", table="results")
    table, _ = open_undeclared(vendor_file(name))
    of_persons = [
        place
        for place, header in enumerate(table.header)
        if (any(word in header.lower() for word in OF_PERSONS) and not any(w in header.lower() for w in NOT_OF_PERSONS))
        or guessed(draft, header).personal is not PersonalData.NONE
    ]
    values = {record.cells[place] for record in table.records() if isinstance(record, Record) for place in of_persons}
    literals = {part for line in draft.module.splitlines() for part in line.split('"')[1::2]}
    assert len(of_persons) > 4
    headers = {*table.header}
    assert not (values & literals) - headers - {"", "TRUE", "FALSE"}  # how truth is spelled is no one's
    # A value that is a word of the draft's own, `school`, tells nobody anything.
    ours = Path(drafting.__file__).read_text(encoding="utf-8") + "".join(headers)
    assert not [value for value in values if value and len(value) > 4 and value not in ours and value in draft.module]


@pytest.mark.parametrize("name", VENDORS)
def test_a_draft_is_written_as_the_linter_wants_it(name: str, tmp_path: Path) -> None:
    module = tmp_path / "drafted.py"
    module.write_text(draft_file(vendor_file(name), system=f"x{name}", table="results").module, encoding="utf-8")
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [str(Path(sys.executable).parent / "ruff"), *command, "--config", PROJECT / "pyproject.toml", module],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_leading_zeros_identifiers_and_mixed_texts_stay_text(tmp_path: Path) -> None:
    draft = drafted(
        tmp_path, "Ride ID,Stop,Bus Number,Note,Riders,Fare,Late\n1,007,3,4,12,1.50,true\n2,010,4,x,9,2,false\n"
    )
    kinds = {guess.header: guess.type for guess in draft.columns}
    assert kinds == {
        "Ride ID": ColumnType.TEXT,
        "Stop": ColumnType.TEXT,
        "Bus Number": ColumnType.TEXT,
        "Note": ColumnType.TEXT,
        "Riders": ColumnType.INTEGER,
        "Fare": ColumnType.NUMERIC,
        "Late": ColumnType.BOOLEAN,
    }
    assert draft.key == ("ride_id",)


@pytest.mark.parametrize(
    ("days", "kind", "formats", "said"),
    [
        (("3/4/2025", "5/6/2025"), ColumnType.DATE, (DateFormat.US,), "D/M/YYYY is possible too"),
        (("3/14/2025", "5/6/2025"), ColumnType.DATE, (DateFormat.US,), "dates as M/D/YYYY"),
        (("14/3/2025", "5/6/2025"), ColumnType.DATE, (DateFormat.BRITISH,), "dates as D/M/YYYY"),
        (("14/3/2025", "5/16/2025"), ColumnType.TEXT, (), "neither all M/D nor all D/M"),
        (("2025-03-14", "5/16/2025"), ColumnType.DATE, (DateFormat.ISO, DateFormat.US), "or M/D/YYYY"),
        (("20250314", "20250315"), ColumnType.DATE, (DateFormat.COMPACT,), "dates as YYYYMMDD"),
        (("2025-03-14 08:00:00", "2025-03-14 09:00"), ColumnType.TIMESTAMP, (DateFormat.ISO_LOCAL,), "in UTC"),
        (("2025-03-14T08:00:00Z", "2025-03-14T09:00:00.1Z"), ColumnType.TIMESTAMP, (DateFormat.ISO_INSTANT,), ""),
        (("2025-02-30", "2025-03-14"), ColumnType.TEXT, (), "text"),
    ],
)
def test_a_date_has_the_formats_that_read_every_text_one_way(
    tmp_path: Path, days: tuple[str, str], kind: ColumnType, formats: tuple[DateFormat, ...], said: str
) -> None:
    draft = drafted(tmp_path, f"Ride ID,Ride Date\nA1,{days[0]}\nA2,{days[1]}\n")
    guess = guessed(draft, "Ride Date")
    assert (guess.type, guess.formats) == (kind, formats)
    assert said in guess.why[0]
    assert contract_of(draft).column("ride_date").type is kind


def test_the_key_is_the_smallest_set_that_is_unique(tmp_path: Path) -> None:
    rows = [f"S{n % 20:02},R{n // 20},2025-03-{n // 20 + 10}" for n in range(60)]
    draft = drafted(tmp_path, "\n".join(["Student ID,Route Code,Ride Date", *rows]))
    assert draft.key == ("student_id", "route_code")
    assert contract_of(draft).person == ("student_id",)


def test_a_file_without_a_unique_set_says_so(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "Ride ID,Stop\nA1,x\nA1,x\n")
    assert not draft.key_is_unique
    assert "NO set of columns" in draft.module
    contract_of(draft)


@pytest.mark.parametrize(
    ("header", "personal"),
    [
        ("Student ID", PersonalData.DIRECT),
        ("SSN", PersonalData.SENSITIVE),
        ("Guardian Email", PersonalData.DIRECT),
        ("IEP", PersonalData.SENSITIVE),
        ("Teacher Name", PersonalData.DIRECT),
        ("School Name", PersonalData.NONE),
        ("Scale Score", PersonalData.INDIRECT),
        ("Gender", PersonalData.INDIRECT),
        ("Name", PersonalData.DIRECT),
        ("Remark", PersonalData.DIRECT),
    ],
)
def test_what_is_not_surely_harmless_is_direct(tmp_path: Path, header: str, personal: PersonalData) -> None:
    draft = drafted(tmp_path, f"Ride ID,{header}\nA1,x\nA2,y\n")
    assert guessed(draft, header).personal is personal


def test_a_small_set_is_a_comment_and_never_of_a_persons_column(tmp_path: Path) -> None:
    rows = [
        f"A{n},{'AM' if n % 2 else 'PM'},{'Lopez' if n % 2 else 'Meyer'},{'Lopez' if n % 3 else 'East'}"
        for n in range(8)
    ]
    module = drafted(tmp_path, "\n".join(["Ride ID,Session,Student,School", *rows])).module
    assert '# guess: allowed=("AM", "PM"), if these are all' in module
    assert "Lopez" not in module


@pytest.mark.parametrize("first", ["Maria,Lopez,m@example.org", "Lopez,2010-04-01,7", "Lopez,F,North"])
def test_a_file_without_a_header_is_refused_and_not_repeated(tmp_path: Path, first: str) -> None:
    with pytest.raises(NotDrafted) as refused:
        drafted(tmp_path, f"{first}\nMeyer,F,North\nMiller,M,North\n")
    assert "Lopez" not in str(refused.value)


def test_how_a_file_is_written_is_told_from_the_file(tmp_path: Path) -> None:
    text = "Rides of March;;\nRide ID;Stop;Riders\nA1;Müller St;3\nA2;Oak St;4\n"
    assert drafted(tmp_path, text.encode("cp1252")).written == Csv(encoding="cp1252", delimiter=";", header_line=2)
    assert drafted(tmp_path, text.encode("utf-16")).written == Csv(delimiter=";", header_line=2)
    assert drafted(tmp_path, '{"ride_id": "A1", "riders": 3}\n{"ride_id": "A2", "riders": 4}\n').written == Json()
    document = '{"data": {"items": [{"ride_id": "A1"}, {"ride_id": "A2"}]}}'
    assert drafted(tmp_path, document).written == Json(records="data.items")


def test_a_sheet_of_a_workbook_is_drafted(tmp_path: Path) -> None:
    book = Book()
    book.active.title = "Rides"
    for row in (["Rides of March"], [], ["Ride ID", "Stop", "Riders"], ["A1", "Oak", 3], ["A2", "Elm", 4]):
        book.active.append(row)
    book.create_sheet("Notes").append(["nothing"])
    book.save(tmp_path / "rides.xlsx")
    path = tmp_path / "rides.xlsx"
    with pytest.raises(NotDrafted, match="sheets"):
        draft_file(path, system="transport", table="rides")
    draft = draft_file(path, system="transport", table="rides", sheet="Rides")
    assert draft.written == Workbook(sheet="Rides", header_line=3)
    assert guessed(draft, "Riders").type is ColumnType.INTEGER


def test_what_can_be_no_column_is_left_out_and_said(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "Ride ID,ride id,,term_key\nA1,1,2,3\nA2,2,3,4\n")
    assert [guess.header for guess in draft.columns if guess.left_out] == ["ride id", "column 3", "term_key"]
    assert [column.header for column in contract_of(draft).columns] == ["Ride ID"]


def test_names_come_from_the_file_and_a_declared_table_is_not_drafted_again(tmp_path: Path) -> None:
    assert named_after("bus_rides_2026-03.csv") == ("bus", "rides")
    with pytest.raises(NotDrafted, match="declared already"):
        drafted(tmp_path, "a,b\nx,y\n", system="oneroster", table="users")
    with pytest.raises(NotDrafted, match="--system"):
        drafted(tmp_path, "Ride ID\nA1\n", system="Bus Co")
    assert "System(" not in drafted(tmp_path, "Ride ID\nA1\n", system="oneroster").module
