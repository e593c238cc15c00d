"""What a person waits for in front of Dagster, in seconds: the code location, a run that the daemon launches, a page,
a dropped file.

Belongs here: the networks for it and the clock. Does not belong here: ratios of work (run.py, terms.py).

The network of forty years by four terms has nothing but its calendar and, for the asset whose page is opened, a
materialisation in each of its 160 partitions.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from edu_assets.orchestration.backfill import dagster_session
from edu_assets.orchestration.instance import open_instance
from edu_assets.orchestration.outbox import add_academic_years
from edu_assets.orchestration.partitions import partition_key
from edu_assets.settings import PROJECT
from edu_assets_tests.end_to_end.browsing import CHROMIUM, MART, NO_CHROMIUM, Visitor, browser_page
from edu_assets_tests.end_to_end.conftest import Command
from edu_assets_tests.end_to_end.deployed import Network
from edu_assets_tests.end_to_end.test_ui import free_port, running_ui, until
from edu_assets_tests.testbed import sample_declaration

NAMES = (
    "code_location_s",
    "launched_run_overhead_s",
    "forty_years_code_location_s",
    "forty_years_asset_page_s",
    "dropped_file_to_gold_s",
)

TERM = "2024-25|T1"
SCHOOL, DAYS = "01002", ("2026-01-12", "2026-01-13", "2026-01-14", "2026-01-15", "2026-01-16")
MOST_SECONDS = 300
LOAD = "from edu_assets.definitions import defs; defs.get_repository_def()"
FIRST_YEAR, YEARS = 1986, 40


def measure(chosen: Collection[str], home: Path, folder: Path, runs: int) -> Iterator[tuple[str, list[float] | str]]:
    """Seconds of each chosen measure by name, or why there are none."""
    home.mkdir(exist_ok=True)

    @cache
    def small() -> Command:
        return _loaded(home, folder, sample_declaration(name="seen", students=120))

    @cache
    def forty() -> Command:
        command = _command(home, folder, _forty_years())
        command.json("up")
        return command

    if "code_location_s" in chosen:
        yield "code_location_s", _code_location(small(), runs)
    if "launched_run_overhead_s" in chosen:
        yield "launched_run_overhead_s", _launched_runs(Network(small()), runs)
    if "forty_years_code_location_s" in chosen:
        yield "forty_years_code_location_s", _code_location(forty(), runs)
    if "forty_years_asset_page_s" in chosen:
        yield "forty_years_asset_page_s", NO_CHROMIUM if CHROMIUM is None else _asset_page(Network(forty()), runs)
    if "dropped_file_to_gold_s" in chosen:
        sample = yaml.safe_load((PROJECT / "networks" / "sample.yaml").read_text(encoding="utf-8"))
        yield "dropped_file_to_gold_s", _dropped_files(Network(_loaded(home, folder, sample)), runs)


def _loaded(home: Path, folder: Path, declared: Mapping[str, Any]) -> Command:
    command = _command(home, folder, declared)
    command.json("pipeline")
    return command


def _command(home: Path, folder: Path, declared: Mapping[str, Any]) -> Command:
    network_file = folder / f"{declared['name']}.yaml"
    network_file.write_text(yaml.safe_dump(dict(declared), sort_keys=False), encoding="utf-8")
    return Command(home, network_file)


def _code_location(command: Command, runs: int) -> list[float]:
    """A fresh process loads the definitions, with the manifest built; the first time, which builds it, is left out."""
    took = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", LOAD], env={**os.environ, **command.environment}, cwd=PROJECT, check=True)
        took.append(round(time.perf_counter() - begun, 3))
    return took[1:]


def _launched_runs(network: Network, runs: int) -> list[float]:
    """From the button to the run's end, less what the same term takes in a warm process."""
    took = []
    port = free_port()
    with running_ui(network.edu, port), dagster_session(network.warehouse) as session:
        session.build(TERM)  # warms this process up
        for _ in range(runs):
            warm = session.build(TERM).seconds
            run = network.until_ended(network.launch(port, "gold", TERM))
            record = session.instance.get_run_record_by_id(run.run_id)
            if record is None or record.end_time is None or not run.is_success:
                raise RuntimeError(f"run {run.run_id} ended as {run.status}")
            took.append(round(record.end_time - record.create_timestamp.timestamp() - warm, 3))
    return took


def _dropped_files(network: Network, runs: int) -> list[float]:
    """From a file in the landing folder, a school's day, to its rows in gold, with a daemon that has nothing to do."""
    took = []
    with running_ui(network.edu, free_port()):
        for day in DAYS[:runs]:
            text = network.sheet(SCHOOL, day)
            begun = time.perf_counter()
            (network.landing("north_attendance") / f"attendance_daily_{day}_flu.csv").write_text(text, encoding="utf-8")
            until(lambda day=day, text=text: network.absent(SCHOOL, day) == len(text.splitlines()) - 1, MOST_SECONDS)
            took.append(round(time.perf_counter() - begun, 3))
            until(network.is_settled, MOST_SECONDS)
    return took


def _forty_years() -> dict[str, Any]:
    starts = {
        "T1": (7, 8, 10),
        "T2": (11, 11, 12),
        "T3": (1, 1, 3),
        "T4": (4, 4, 6),
    }  # month of: start, first, last day
    years = {}
    for year in range(FIRST_YEAR, FIRST_YEAR + YEARS):
        terms = {}
        for term, (opens, first, last) in starts.items():
            of = year + (opens < 7)
            terms[term] = {
                "starts": f"{of}-{opens:02}-01",
                "first_day": f"{of}-{first:02}-05",
                "last_day": f"{of}-{last:02}-20",
            }
        years[f"{year}-{(year + 1) % 100:02}"] = {"last_day": f"{year + 1}-06-30", "terms": terms}
    declared = sample_declaration(name="forty", calendar={"terms": list(starts), "years": years})
    del declared["sample"]
    declared["schools"] = [{k: v for k, v in school.items() if k != "calendar"} for school in declared["schools"]]
    return declared


def _asset_page(network: Network, runs: int) -> list[float]:
    """From the address to what stands of a term, on a page whose 160 partitions are all there."""
    terms = [term.key for term in network.warehouse.settings.network.calendar.ordered_terms()]
    with open_instance(network.warehouse) as instance:
        add_academic_years(instance, terms)
        for term in terms:
            instance.report_runless_asset_event(
                dg.AssetMaterialization(dg.AssetKey(MART.split("/")), partition=partition_key(term))
            )
    took = []
    port = free_port()
    with running_ui(network.edu, port), browser_page(f"http://127.0.0.1:{port}") as page:
        Visitor(page).term(MART, terms[0])  # the first page of a server loads its code
        for term in terms[-runs:]:
            begun = time.perf_counter()
            Visitor(page).term(MART, term)
            took.append(round(time.perf_counter() - begun, 3))
    return took
