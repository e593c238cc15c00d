"""Kills at random points: the loader, or PostgreSQL with all its processes, while a file is on its way.

Belongs here: the rounds, and what must be true before and after each. Does not belong here: kills at one known point
(test_interruption.py). `make chaos` runs a hundred rounds, the tests a few.

Each round sends every row of two terms, some changed, new or left out. After the kill each term is as before or as
sent, never between. The next load, with nothing done by hand, finishes; then all is as sent, nothing is lost or doubled
in history, and nothing is left of what was staged.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from edu_assets.settings import PROJECT
from edu_assets.warehouse.embedded import EmbeddedServer
from edu_assets_tests.raw_zone.exports import attendance
from edu_assets_tests.testbed import Platform, network_declaration

DAYS = {"2013|B": "2013-03-0{}", "2013|J": "2013-09-1{}"}
STUDENTS = 1_500
Rows = dict[tuple[str, str], str]
"""Student and day → code."""


def chaos(platform: Platform, rounds: int, seed: int) -> Counter[str]:
    """Run rounds of kills; how often the kill found which process, and the load done or not."""
    chance = random.Random(seed)
    standing: dict[str, Rows] = {term: {} for term in DAYS}
    versions = 0
    ended: Counter[str] = Counter()
    typical = _one_load(platform)
    for number in range(1, rounds + 1):
        sent = _next(standing, chance)
        file = platform.drop("attendance", f"attendance_daily_{number:04}.csv", _sheet(sent))
        victim = chance.choice(["loader", "PostgreSQL"])
        with _loader(platform, file) as process:
            time.sleep(chance.uniform(0.2, 1.3) * typical)  # where it falls is the point; nothing is waited for
            done = process.poll() is not None
            if victim == "loader":
                process.kill()
            else:
                os.kill(_postmaster(platform), signal.SIGKILL)
            process.wait()
        platform.warehouse.up()
        ended[f"{victim}, {'after' if done else 'under'} the load"] += 1
        for term, rows in _found(platform).items():
            assert rows in (standing[term], sent[term]), f"round {number} of seed {seed}: {term} is neither old nor new"
        platform.load_waiting()
        assert _found(platform) == sent, f"round {number} of seed {seed}: the next load did not finish"
        versions += sum(standing[term].get(key) != code for term in DAYS for key, code in sent[term].items())
        _require_nothing_lost_or_doubled(platform, versions, seed, number)
        standing = sent
    return ended


def _one_load(platform: Platform) -> float:
    """How long a load in a process of its own takes; what it sends stands nowhere, since it is of other students."""
    sheet = attendance(*(f"02,x{n},2014-03-03,P,0" for n in range(2 * STUDENTS)))
    file = platform.drop("attendance", "attendance_daily_0000.csv", sheet)
    begun = time.monotonic()
    with _loader(platform, file) as process:
        assert process.wait() == 0
    return time.monotonic() - begun


def _next(standing: dict[str, Rows], chance: random.Random) -> dict[str, Rows]:
    """The next state of two terms: a tenth changed, a few left out and new."""
    sent: dict[str, Rows] = {}
    for term, day in DAYS.items():
        rows = dict(standing[term])
        for key in chance.sample(sorted(rows), len(rows) // 20):
            del rows[key]
        for n in chance.sample(range(STUDENTS), STUDENTS // 10 if rows else STUDENTS):
            rows[f"{n}", day.format(n % 5 + 1)] = chance.choice("PAT")
        sent[term] = rows
    return sent


def _sheet(sent: dict[str, Rows]) -> str:
    return attendance(*(f"01,{s},{day},{code},0" for rows in sent.values() for (s, day), code in rows.items()))


def _found(platform: Platform) -> dict[str, Rows]:
    rows = platform.query(
        "select term_key, student_number, attendance_date::text, attendance_code"
        " from raw_zone.attendance__attendance_daily where school_id = '01'"
    )
    found: dict[str, Rows] = {term: {} for term in DAYS}
    for term, student, day, code in rows:
        assert (student, day) not in found[term], "a row stands twice"
        found[term][student, day] = code
    return found


def _require_nothing_lost_or_doubled(platform: Platform, versions: int, seed: int, number: int) -> None:
    """Every version of a row that was ever sent is open or closed, once; nothing is left in staging."""
    where = f"round {number} of seed {seed}"
    kept = platform.value(
        "select (select count(*) from raw_zone.attendance__attendance_daily where school_id = '01')"
        " + (select count(*) from raw_history.attendance__attendance_daily where school_id = '01')"
    )
    assert kept == versions, f"{where}: {kept} versions are kept, {versions} were sent"
    assert platform.value("select count(*) from pg_tables where schemaname = 'stage'") == 0, where


def _loader(platform: Platform, file: Path) -> subprocess.Popen[bytes]:
    module = PROJECT / "edu_assets_tests/raw_zone/interrupted_load.py"
    command = [sys.executable, module, platform.settings.home, platform.settings.network_file, file]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.DEVNULL)


def _postmaster(platform: Platform) -> int:
    server = platform.warehouse.server
    assert isinstance(server, EmbeddedServer)
    return int((server.data_folder() / "postmaster.pid").read_text().split("\n", 1)[0])


if __name__ == "__main__":
    count, start = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    with tempfile.TemporaryDirectory(prefix="edu_chaos_") as home:
        feeds = {"attendance": {"system": "attendance", "landing": "attendance", "hold_share": 1}}
        network = Platform.create(Path(home), network_declaration(name="chaos", feeds=feeds), EDU_PG_FSYNC=True)
        try:
            sys.stdout.write(f"{count} kills, seed {start}: {dict(chaos(network, count, start))}\n")
        finally:
            network.warehouse.up()
            network.warehouse.down(purge=True)
