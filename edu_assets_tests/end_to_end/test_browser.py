"""In a browser: the graph is walked, a term back-filled, a failed check read, a figure followed to its file."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from edu_assets_tests.end_to_end.browsing import (
    ATTENDANCE,
    BROKEN_FILE,
    BROKEN_TERM,
    CHROMIUM,
    MART,
    NO_CHROMIUM,
    Visitor,
    browser_page,
    send_a_day_with_a_new_code,
)
from edu_assets_tests.end_to_end.conftest import Command
from edu_assets_tests.end_to_end.test_ui import free_port, running_ui

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
    pytest.mark.usefixtures("first_pipeline"),
]

BACK_FILLED = "2024-25|T1"
AS_FIRST_SENT = "2025-26|T1"
"""A term into which no test of this network sends a file."""


@pytest.fixture(scope="module")
def _new_code(edu: Command) -> None:
    send_a_day_with_a_new_code(edu)
    edu.json("pipeline")  # so that nothing starts by itself while pages are read


@pytest.fixture(scope="module")
def visitor(edu: Command, _new_code: None) -> Iterator[Visitor]:
    port = free_port()
    with running_ui(edu, port), browser_page(f"http://127.0.0.1:{port}") as page:
        yield Visitor(page)


def test_the_graph_leads_from_raw_tables_to_marts(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/asset-groups")
    for group in ("oneroster", "attendance", "rules", "conformed", "gold_dimensions", "gold_enrollment"):
        expect(visitor.node(group)).to_be_visible()
    visitor.node("oneroster").click()
    expect(visitor.node("oneroster__academic_sessions")).to_be_visible()
    visitor.upstream(MART)
    for asset in ("oneroster__enrollments", "stg_oneroster__enrollment", "fct_enrollment", "mart_enrollment"):
        expect(visitor.node(asset)).to_be_visible()


def test_a_term_is_back_filled_and_its_checks_are_asked(visitor: Visitor) -> None:
    run = visitor.materialise(MART, BACK_FILLED)
    expect(visitor.page.get_by_text("Success", exact=True).first).to_be_visible()
    expect(visitor.page.get_by_text("3 checks")).to_be_visible()
    visitor.term(MART, BACK_FILLED)
    expect(visitor.page.get_by_text(run)).to_be_visible()
    for check in ("enrollment_memberships_are_the_facts", "transfers_balance", "grades_with_seats_are_known"):
        visitor.check(MART, check, BACK_FILLED)
        expect(visitor.page.get_by_text(run)).to_be_visible()
        expect(visitor.page.get_by_text(re.compile("^Holds: "))).to_be_visible()
        expect(visitor.metadata("failing_rows")).to_have_text("0")


def test_a_failed_check_says_what_failed_why_it_matters_and_how_it_is_mended(visitor: Visitor) -> None:
    run = visitor.materialise(ATTENDANCE, BROKEN_TERM)
    expect(visitor.page.get_by_text("Success", exact=True).first).to_be_visible()  # a warning stops nothing
    visitor.check(ATTENDANCE, "values_are_allowed", BROKEN_TERM)
    page = visitor.page
    expect(page.get_by_text("Failed (2)")).to_be_visible()  # the sample has a damaged file in T2
    expect(page.get_by_text(run)).to_be_visible()
    what = "3 rows wait in quarantine for a value that the contract does not allow."
    expect(page.get_by_text(what)).to_be_visible()
    expect(visitor.metadata("by_column")).to_contain_text(
        f"attendance_code (pattern): 3 rows, e.g. {BROKEN_FILE} line 2"
    )
    expect(visitor.metadata("why")).to_contain_text("A new code is a new kind of thing")
    expect(visitor.metadata("how_to_mend")).to_contain_text("add the value to the contract")


def test_a_figure_is_followed_to_the_column_of_its_file(visitor: Visitor, edu: Command) -> None:
    page = visitor.page
    visitor.overview(MART)
    exits = page.get_by_role("row").filter(has_text="exits before the last day")
    expect(exits).to_contain_text("← gold.fct_enrollment.entry_date, gold.fct_enrollment.exit_date")
    expect(visitor.metadata("columns_come_from")).to_contain_text(
        re.compile(r"exits\s*raw_zone\.oneroster__enrollments\.end_date\s*enrollments\.csv\s*endDate")
    )
    visitor.term("raw_zone/oneroster__enrollments", BACK_FILLED)
    name, archived = visitor.metadata("file").inner_text(), Path(visitor.metadata("archived_as").inner_text())
    assert archived.name == hashlib.sha256(archived.read_bytes()).hexdigest()
    assert (edu.home / "walked" / "landing" / name.split("_oneroster")[0] / name).is_file()
    with zipfile.ZipFile(archived) as package, package.open("enrollments.csv") as file:
        assert b"endDate" in file.readline()


def test_rows_and_their_picture_are_seen_on_the_page(visitor: Visitor) -> None:
    visitor.term(ATTENDANCE, AS_FIRST_SENT)
    expect(visitor.metadata("file")).to_have_text(re.compile(r"attendance_daily_\d+_.*\.csv"))
    expect(visitor.metadata("sample").get_by_role("row").nth(1)).to_contain_text(re.compile("0[12]00[12]"))
    visitor.metadata("picture").get_by_text("Show Markdown").click()
    picture = visitor.page.get_by_role("dialog").get_by_role("img", name="rows by attendance_date")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 640
