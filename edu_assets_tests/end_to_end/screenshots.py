"""The pictures of the docs, taken of the user interface on a sample network: `make screenshots`.

Belongs here: which pages, and how they are cut. Does not belong here: the ways to them (browsing.py).

The network is made for it in a temporary home, so that pictures show neither anybody's data nor anybody's folders.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml

from edu_assets.settings import PROJECT
from edu_assets_tests.end_to_end.browsing import (
    ATTENDANCE,
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
from edu_assets_tests.testbed import sample_declaration

DOCS = PROJECT / "docs"
OF_FEW_STEPS = "gold/mart_survey_feedback"
"""A mart whose names can be read in a picture of all that it is made of."""
TERM = "2025-26|T1"


def main() -> None:
    if CHROMIUM is None:
        raise SystemExit(NO_CHROMIUM)
    with tempfile.TemporaryDirectory(prefix="edu_") as folder:
        network_file = Path(folder) / "sample.yaml"
        network_file.write_text(yaml.safe_dump(sample_declaration(students=300)), encoding="utf-8")
        edu = Command(Path(folder), network_file)
        try:
            edu.json("pipeline")
            send_a_day_with_a_new_code(edu)
            edu.json("pipeline")
            port = free_port()
            with running_ui(edu, port), browser_page(f"http://127.0.0.1:{port}") as page:
                take(Visitor(page))
        finally:
            edu.run("down", "--purge", expect=None)


def take(visitor: Visitor) -> None:
    page = visitor.page
    visitor.upstream(OF_FEW_STEPS)
    visitor.node("fct_survey_response").wait_for()
    page.screenshot(path=DOCS / "asset_graph.png")

    visitor.overview(MART)
    visitor.page.get_by_text("← etl.term.term_key").wait_for()
    page.screenshot(path=DOCS / "mart.png")

    visitor.materialise(MART, TERM)
    page.get_by_text("RUN_SUCCESS").wait_for()
    page.screenshot(path=DOCS / "run.png")

    visitor.materialise(ATTENDANCE, BROKEN_TERM)
    visitor.latest_check(ATTENDANCE, "values_are_allowed")
    page.screenshot(path=DOCS / "failed_check.png")

    visitor.term(ATTENDANCE, TERM)
    visitor.metadata("picture").wait_for()
    page.screenshot(path=DOCS / "raw_table.png")
    visitor.metadata("picture").get_by_text("Show Markdown").click()
    page.get_by_role("dialog").get_by_role("img", name="rows by attendance_date").wait_for()
    page.evaluate("Promise.all(document.getAnimations().map(shown => shown.finished))")  # the dialog fades in
    page.screenshot(path=DOCS / "raw_picture.png")


if __name__ == "__main__":
    main()
