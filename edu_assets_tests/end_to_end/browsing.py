"""Chromium on the user interface, and the steps a person takes there.

Belongs here: opening a browser, and ways through Dagster's pages that several tests and the pictures of the docs share.
Does not belong here: what is expected (test_browser.py), which pictures are taken (screenshots.py), starting the
processes (test_ui.py).

A step waits for a word or a role on the page, as a reader does.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect, sync_playwright

from edu_assets.warehouse import Role, Warehouse
from edu_assets_tests.end_to_end.conftest import Command
from edu_assets_tests.testbed import settings_for

MART = "gold/mart_enrollment"
ATTENDANCE = "raw_zone/attendance__attendance_daily"
BROKEN_TERM, BROKEN_SCHOOL, BROKEN_DAY = "2024-25|T3", "01001", "2025-05-14"
BROKEN_FILE = "attendance_daily_new_code.csv"

CHROMIUM = shutil.which("chromium")
"""Debian's: Playwright's own browser is another download, from another place, that a CI may not reach."""

NO_CHROMIUM = "no chromium on this machine; `apt-get install chromium` brings it"

ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # a CI container is root's, where Chromium has no sandbox
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PAGE_SECONDS = 60
"""A page is there in three; two cores that run other tests beside it make it many more."""
RUN_SECONDS = 180


def send_a_day_with_a_new_code(edu: Command) -> None:
    """A school sends one day again, with a code for three students that the contract does not know."""
    warehouse = Warehouse.of(settings_for(edu.home, edu.network_file))
    with warehouse.connect(Role.ETL) as connection:
        rows = connection.execute(
            "select student_number, attendance_code, absence_value from raw_zone.attendance__attendance_daily"
            " where school_id = %s and attendance_date = %s order by 1",
            [BROKEN_SCHOOL, BROKEN_DAY],
        ).fetchall()
    lines = [
        f"{BROKEN_SCHOOL},{number},{BROKEN_DAY},{'late' if place < 3 else code},{value}"
        for place, (number, code, value) in enumerate(rows)
    ]
    header = "SchoolID,StudentNumber,AttendanceDate,AttendanceCode,AbsenceValue"
    landing = warehouse.settings.landing_of("north_attendance")
    (landing / BROKEN_FILE).write_text("\n".join([header, *lines, ""]), encoding="utf-8")


@contextmanager
def browser_page(address: str) -> Iterator[Page]:
    """A page of a browser of its own, whose relative addresses are those of the user interface."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            page = browser.new_page(
                base_url=address, viewport={"width": 1400, "height": 900}, timezone_id="America/New_York"
            )
            page.set_default_timeout(PAGE_SECONDS * 1000)
            expect.set_options(timeout=PAGE_SECONDS * 1000)
            yield page
        finally:
            browser.close()


@dataclass(frozen=True)
class Visitor:
    """Someone in front of the user interface. An asset is named as its page is: `gold/mart_enrollment`."""

    page: Page

    def overview(self, asset: str) -> None:
        self.page.goto(f"/assets/{asset}")
        self.page.get_by_text("Description", exact=True).first.wait_for()

    def term(self, asset: str, term: str) -> None:
        """What stands of a term: its newest materialisation with its metadata."""
        self.page.goto(f"/assets/{asset}?view=partitions&partition={quote(term)}")
        self.page.get_by_text("Latest materialization").wait_for()

    def latest_check(self, asset: str, check: str) -> None:
        """What a check said when it was last asked, of whatever term."""
        self.page.goto(f"/assets/{asset}?view=checks&checkDetail={check}")
        self.page.get_by_text("how_to_mend").wait_for()

    def metadata(self, name: str) -> Locator:
        """The value of an entry of the metadata that is shown."""
        return self.page.locator(
            f"xpath=//td[normalize-space()='{name}']/following-sibling::td[normalize-space()][last()]"
        ).last

    def materialise(self, asset: str, term: str) -> str:
        """Press the button for a term and follow the run to its end; the run's short id."""
        self.term(asset, term)
        self.page.get_by_text("Materialize…").click()
        dialog = self.page.get_by_role("dialog")
        expect(dialog).to_contain_text("1 partition")
        dialog.get_by_role("button", name="Launch 1 run").click()
        self.page.get_by_text("View", exact=True).click()
        self.page.wait_for_url("**/runs/*")
        ended = self.page.get_by_text("Success", exact=True).or_(self.page.get_by_text("Failure", exact=True))
        ended.first.wait_for(timeout=RUN_SECONDS * 1000)
        return self.page.url.rsplit("/", 1)[1][:8]

    def check(self, asset: str, check: str, term: str) -> None:
        """What a check last said of a term."""
        self.page.goto(f"/assets/{asset}?view=checks&checkDetail={check}")
        self.page.get_by_text("Execution history").wait_for()
        self.page.get_by_text("Partitions", exact=True).last.click()
        for part in term.split("|"):
            self.page.get_by_text(part, exact=True).filter(visible=True).click()
        self.page.get_by_text("Target materialization").wait_for()

    def upstream(self, asset: str) -> None:
        """The graph of all that an asset is made of."""
        self.page.goto(f"/assets/{asset}?view=lineage&lineageScope=upstream&lineageDepth=9")
        self.node(asset.rsplit("/", 1)[1]).wait_for()

    def node(self, name: str) -> Locator:
        """An asset, or a folded group, in a graph, where a small node shows a long name cut in the middle."""
        shown = re.compile(rf"{name}|{name[:4]}\w*…\w*{name[-6:]}")
        return self.page.locator("foreignObject").filter(has_text=shown).last
