"""What a term of gold takes in a network of 60,000 students, and what Dagster, dbt and Python add to PostgreSQL.

Belongs here: that network's files and the measures on it. Does not belong here: loads of one file (run.py).

Six years of three terms at sixty schools. A term has four school days, the last one thirty: less work for PostgreSQL
than in a real one, so that what others add weighs more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from edu_assets.orchestration.backfill import dagster_session
from edu_assets.settings import PROJECT
from edu_assets.warehouse import Role
from edu_assets_tests.raw_zone.exports import Row, package
from edu_assets_tests.testbed import Platform, network_declaration

SCHOOLS = 60
STUDENTS = 60_000
YEARS = range(2001, 2007)
TERMS = {"T1": (1, 8), "T2": (5, 7), "T3": (9, 3)}  # month, about which day school begins
HISTORY = 12
LOOK_SECONDS = 0.01

Pairs = list[tuple[float, float]]


NAMES = ("term_with_history_over_without", "overhead_one_term", "overhead_twelve_terms")


def measure(chosen: Collection[str], home: Path, folder: Path, runs: int) -> Iterator[tuple[str, Pairs]]:
    """The chosen measures of this module by name, as pairs of seconds: a term in a network with twelve others over one
    with few; `edu backfill` over the time for which PostgreSQL worked."""
    days = _days()
    keys = list(days)
    with _network(home, "many", days) as many, _network(home, "few", days) as few:
        for number, key in enumerate(keys[:HISTORY]):
            files = _export(folder, key, days[key])
            _bring(many, files)
            if number == 0:
                _bring(few, files)
        _backfill(many, keys[:HISTORY])
        _backfill(few, keys[:1])
        with_history, one_term, twelve_terms = NAMES
        if with_history in chosen:
            yield with_history, _with_history(many, few, folder, {key: days[key] for key in keys[HISTORY:][:runs]})
        if one_term in chosen:
            _bring(many, _export(folder, keys[-1], days[keys[-1]]))
            yield one_term, [_over_postgresql(many, [keys[-1]]) for _ in range(runs)]
        if twelve_terms in chosen:
            yield twelve_terms, [_over_postgresql(many, keys[:HISTORY]) for _ in range(runs)]


def _with_history(many: Platform, few: Platform, folder: Path, days: dict[str, list[date]]) -> Pairs:
    """Seconds for which a term's files are loaded and its gold is made, in either network, for each of some terms."""
    history = []
    with dagster_session(many.warehouse) as at_many, dagster_session(few.warehouse) as at_few:
        for key in days:
            took = []
            files = _export(folder, key, days[key])
            for network, session in ((many, at_many), (few, at_few)):
                begun = time.perf_counter()
                _bring(network, files)
                session.report()
                if not session.build(key).succeeded:
                    raise RuntimeError(f"gold of {key} was not built")
                took.append(round(time.perf_counter() - begun, 3))
            history.append((took[0], took[1]))
    return history


def _days() -> dict[str, list[date]]:
    """School days by term key."""
    found = {}
    for year in YEARS:
        for term, (month, first) in TERMS.items():
            count = 30 if (year, term) == (YEARS[-1], "T3") else 4
            day, days = date(year, month, first), []
            while len(days) < count:
                if day.weekday() < 5:
                    days.append(day)
                day += timedelta(1)
            found[f"{year}|{term}"] = days
    return found


@contextmanager
def _network(home: Path, name: str, days: dict[str, list[date]]) -> Iterator[Platform]:
    years = {
        str(year): {
            "last_day": f"{year}-12-31",
            "terms": {
                term: {
                    "starts": f"{year}-{month:02}-01",
                    "first_day": f"{days[f'{year}|{term}'][0]}",
                    "last_day": f"{days[f'{year}|{term}'][-1]}",
                }
                for term, (month, _) in TERMS.items()
            },
        }
        for year in YEARS
    }
    declared = network_declaration(
        name=name,
        calendar={"terms": list(TERMS), "years": years},
        schools=[
            {"school_id": f"{n:03}", "name": f"School {n}", "lea_id": f"{n % 6}", "lea_name": f"LEA {n % 6}"}
            for n in range(SCHOOLS)
        ],
        feeds={
            "sis": {"system": "oneroster", "landing": "sis"},
            "attendance": {"system": "attendance", "landing": "attendance"},
        },
    )
    home.mkdir(exist_ok=True)
    network = Platform.create(home, declared, EDU_PG_FSYNC=True)
    try:
        yield network
    finally:
        network.remove()


def _export(folder: Path, key: str, days: list[date]) -> list[tuple[str, Path]]:
    """Write a term's files, once: (feed, file)."""
    named = key.replace("|", "_")
    roster = folder / named / f"roster_{days[0]}.zip"
    sheet = folder / named / f"attendance_daily_{named}.csv"
    if not sheet.exists():
        sheet.parent.mkdir()
        roster.write_bytes(package(_roster(days)))
        with sheet.open("w", encoding="utf-8") as file:
            file.write("SchoolID,StudentNumber,AttendanceDate,AttendanceCode,AbsenceValue\n")
            for student in range(STUDENTS):
                for n, day in enumerate(days):
                    code, value = ("A", "1") if (student + n) % 17 == 0 else ("P", "0")
                    file.write(f"{student % SCHOOLS:03},N{student:06},{day},{code},{value}\n")
    return [("sis", roster), ("attendance", sheet)]


def _bring(network: Platform, files: list[tuple[str, Path]]) -> None:
    """Load a term's files."""
    for feed, path in files:
        [report] = network.load(path, feed=feed)
        if report.status != "applied" or report.quarantined:
            raise RuntimeError(f"{report.status}, {report.quarantined} quarantined: {report.problems}")


def _roster(days: list[date]) -> dict[str, list[Row]]:
    schools = range(SCHOOLS)
    return {
        "orgs": [
            {"sourcedId": f"s{n}", "name": f"School {n}", "type": "school", "identifier": f"{n:03}"} for n in schools
        ],
        "courses": [{"sourcedId": f"k{n}", "title": "Homeroom", "orgSourcedId": f"s{n}"} for n in schools],
        "classes": [
            {
                "sourcedId": f"c{n}",
                "title": "Homeroom",
                "courseSourcedId": f"k{n}",
                "classType": "homeroom",
                "schoolSourcedId": f"s{n}",
                "termSourcedIds": "t1",
            }
            for n in schools
        ],
        "users": [
            {
                "sourcedId": f"u{n}",
                "enabledUser": "true",
                "orgSourcedIds": f"s{n % SCHOOLS}",
                "role": "student",
                "username": f"user{n}",
                "givenName": "Given",
                "familyName": "Family",
                "identifier": f"N{n:06}",
                "grades": f"{n % 12 + 1:02}",
            }
            for n in range(STUDENTS)
        ],
        "enrollments": [
            {
                "sourcedId": f"e{n}",
                "classSourcedId": f"c{n % SCHOOLS}",
                "schoolSourcedId": f"s{n % SCHOOLS}",
                "userSourcedId": f"u{n}",
                "role": "student",
                "primary": "true",
                "beginDate": f"{days[0]}",
                "endDate": f"{days[-1] + timedelta(1)}",
            }
            for n in range(STUDENTS)
        ],
    }


def _backfill(network: Platform, keys: list[str]) -> float:
    """Seconds of the whole command."""
    variables = {
        **os.environ,
        "EDU_HOME": str(network.settings.home),
        "EDU_NETWORK": str(network.settings.network_file),
    }
    command = [sys.executable, "-m", "edu_assets.cli", "backfill", "--terms", ",".join(keys), "--json"]
    begun = time.perf_counter()
    subprocess.run(command, env=variables, cwd=PROJECT, check=True, capture_output=True)
    return round(time.perf_counter() - begun, 3)


def _over_postgresql(network: Platform, keys: list[str]) -> tuple[float, float]:
    """Wall time of `edu backfill`, and for how much of it any session of the network's database was at work."""
    with _looking(network) as worked:
        took = _backfill(network, keys)
    return took, round(worked(), 3)


@contextmanager
def _looking(network: Platform) -> Iterator[Callable[[], float]]:
    """Look every hundredth of a second whether the network's database works; sessions at once count once."""
    stop = threading.Event()
    seconds = 0.0

    def look() -> None:
        nonlocal seconds
        with network.warehouse.connect(Role.ADMIN, autocommit=True) as connection:
            last = time.perf_counter()
            while not stop.wait(LOOK_SECONDS):
                row = connection.execute(
                    "select exists (select from pg_stat_activity where datname = current_database()"
                    " and state = 'active' and pid <> pg_backend_pid())"
                ).fetchone()
                now = time.perf_counter()
                if row and row[0]:
                    seconds += now - last
                last = now

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield lambda: seconds
    finally:
        stop.set()
        looker.join()
