"""A load that is killed leaves each slice old or new, and loads side by side do not disturb each other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from edu_assets.raw_zone import DeliveryReport, replay
from edu_assets.settings import PROJECT
from edu_assets.warehouse import Role, locks
from edu_assets_tests.raw_zone.exports import attendance, org, package, students
from edu_assets_tests.testbed import MakeNetwork, Platform

PATIENCE_SECONDS = 60
CONTENT = (
    "select term_key, _feed, school_id, student_number, attendance_date, attendance_code, _source_row"
    " from raw_zone.attendance__attendance_daily order by 1, 2, 3, 4, 5"
)
BEFORE = attendance(*(f"01,{n},2013-03-01,P,0" for n in range(9)), *(f"01,{n},2013-09-03,P,0" for n in range(9)))
AFTER = attendance(
    *(f"01,{n},2013-03-01,A,1" for n in range(8)),
    *(f"01,{n},2013-09-03,A,1" for n in range(1, 9)),
    "01,1,bad,P,0",
    "01,1,2014-03-03,P,0",
)


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition of another process; fail where it never comes true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        time.sleep(0.01)


@contextmanager
def held_term(platform: Platform, term: str) -> Iterator[None]:
    """Hold a term's lock, as a gold build of that term does."""
    with platform.warehouse.connect(Role.ETL, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [locks.TERM + term])
        yield


def waiting_for_a_lock(platform: Platform, what: str = "edu load") -> int:
    """How many sessions of an application wait for a lock in the network's database."""
    return platform.value(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and application_name = %s and wait_event_type = 'Lock'",
        [what],
    )


@contextmanager
def loader(platform: Platform, *files: Path) -> Iterator[subprocess.Popen[bytes]]:
    module = PROJECT / "edu_assets_tests/raw_zone/interrupted_load.py"
    command = [sys.executable, module, platform.settings.home, platform.settings.network_file, *files]
    process = subprocess.Popen(command, cwd=PROJECT, env=os.environ | {"PYTHONPATH": str(PROJECT)})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def sessions(platform: Platform) -> int:
    return platform.value(
        "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'edu load'"
    )


def killed_before(platform: Platform, term: str, file: Path) -> None:
    """Load a file in another process and kill that when its turn comes to a term."""
    with held_term(platform, term), loader(platform, file) as process:
        until(lambda: waiting_for_a_lock(platform) == 1 or process.poll() is not None)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    until(lambda: not sessions(platform))


def test_a_kill_between_two_slices_leaves_each_old_or_new_and_the_next_load_finishes(
    platform: Platform, make_network: MakeNetwork
) -> None:
    undisturbed = make_network()
    for network in (platform, undisturbed):
        network.deliver("attendance", "attendance_daily_1.csv", BEFORE)
    undisturbed.deliver("attendance", "attendance_daily_2.csv", AFTER)

    file = platform.drop("attendance", "attendance_daily_2.csv", AFTER)
    killed_before(platform, "2013|J", file)

    codes = "select distinct term_key, attendance_code from raw_zone.attendance__attendance_daily order by 1, 2"
    assert platform.query(codes) == [("2013|B", "A"), ("2013|B", "P"), ("2013|J", "P")]
    assert platform.value("select status from etl.delivery order by delivery_id desc limit 1") == "received"
    assert platform.value("select count(*) from pg_tables where schemaname = 'stage'") > 0

    [report] = platform.load_waiting()
    assert {part.term_key: part.status for part in report.slices} == {
        "2013|B": "unchanged",
        "2013|J": "applied",
        "2014|B": "applied",
    }
    assert platform.query(CONTENT) == undisturbed.query(CONTENT)
    bad = "select source_row, status from etl.quarantine"
    assert platform.query(bad) == undisturbed.query(bad) == [(18, "open")]
    assert platform.value("select count(*) from pg_tables where schemaname = 'stage'") == 0


def test_a_kill_within_a_package_leaves_no_table_of_it(platform: Platform) -> None:
    content = package({"orgs": [org("s1")], "users": students(3)})
    file = platform.drop("sis", "r_2013-02-05.zip", content)
    killed_before(platform, "2013|B", file)
    assert platform.value("select count(*) from raw_zone.oneroster__orgs") == 0
    [report] = platform.load_waiting()
    assert {part.raw_table: part.inserted for part in report.slices} == {"oneroster__orgs": 1, "oneroster__users": 3}


def test_a_load_of_another_term_goes_on_while_one_term_is_held(platform: Platform) -> None:
    with held_term(platform, "2013|J"):
        report = platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0"))
    assert report.status == "applied"


def test_two_loads_of_one_term_take_turns_and_both_arrive(platform: Platform) -> None:
    files = [
        platform.drop(
            "attendance", f"attendance_daily_{n}.csv", attendance(*(f"0{n},{i},2013-03-01,P,0" for i in range(9)))
        )
        for n in (1, 2)
    ]
    reports: list[DeliveryReport] = []
    with held_term(platform, "2013|B"):
        threads = [threading.Thread(target=lambda file=file: reports.extend(platform.load(file))) for file in files]
        for thread in threads:
            thread.start()
        until(lambda: reports or waiting_for_a_lock(platform) == 2)
    assert not reports, "a load did not wait for the term"
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
    assert platform.value("select count(*) from raw_zone.attendance__attendance_daily") == 18
    log = platform.query("select load_id, applied_at, inserted from etl.load_log order by load_id")
    assert [row[2] for row in log] == [9, 9]
    assert log[0][1] < log[1][1]


def test_processes_that_load_one_term_at_once_lose_and_double_nothing(platform: Platform) -> None:
    """Two of them say different things of the same day, a third speaks of another school."""
    sheets = {
        "attendance_daily_1.csv": [f"01,{n},2013-03-01,P,0" for n in range(3_000)],
        "attendance_daily_2.csv": [f"01,{n},2013-03-01,A,1" for n in range(3_000)],
        "attendance_daily_3.csv": [f"02,{n},2013-03-01,P,0" for n in range(3_000)],
    }
    files = [platform.drop("attendance", name, attendance(*rows)) for name, rows in sheets.items()]
    with ExitStack() as running:
        with held_term(platform, "2013|B"):
            loads = [running.enter_context(loader(platform, file)) for file in files]
            until(lambda: waiting_for_a_lock(platform) == 3)
        assert [load.wait(PATIENCE_SECONDS) for load in loads] == [0, 0, 0]
    log = platform.query(
        "select d.source_file, l.inserted, l.changed, l.closed from etl.load_log l join etl.delivery d"
        " using (delivery_id) order by l.load_id"
    )
    rivals = [row for row in log if row[0] != "attendance_daily_3.csv"]
    assert [row[1:] for row in rivals] == [(3_000, 0, 0), (0, 3_000, 0)]
    winner = "A" if rivals[-1][0] == "attendance_daily_2.csv" else "P"
    held = (
        "select school_id, attendance_code, count(*), count(distinct student_number) from {} group by 1, 2 order by 1"
    )
    assert platform.query(held.format("raw_zone.attendance__attendance_daily")) == [
        ("01", winner, 3_000, 3_000),
        ("02", "P", 3_000, 3_000),
    ]
    loser = "P" if winner == "A" else "A"
    assert platform.query(held.format("raw_history.attendance__attendance_daily")) == [("01", loser, 3_000, 3_000)]


def test_the_same_file_loaded_twice_at_once_is_loaded_once(platform: Platform) -> None:
    file = platform.drop(
        "attendance", "attendance_daily_1.csv", attendance(*(f"01,{i},2013-03-01,P,0" for i in range(9)))
    )
    threads = [threading.Thread(target=platform.load, args=(file,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert platform.value("select count(*) from raw_zone.attendance__attendance_daily") == 9
    assert platform.query("select status, inserted from etl.load_log order by load_id") == [
        ("applied", 9),
        ("unchanged", 0),
        ("unchanged", 0),
    ]


def test_a_load_sweeps_no_staging_table_of_a_replay_under_way(platform: Platform) -> None:
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,x"))
    with platform.warehouse.connect(Role.ETL) as connection:
        connection.execute("update etl.quarantine set original = jsonb_set(original, '{AbsenceValue}', '\"0\"')")
    with held_term(platform, "2013|B"):
        thread = threading.Thread(target=replay, args=(platform.warehouse,))
        thread.start()
        until(lambda: waiting_for_a_lock(platform, "edu replay") == 1)
        platform.deliver("attendance", "attendance_daily_2.csv", attendance("01,1,2013-09-03,P,0"))
    thread.join(PATIENCE_SECONDS)
    assert platform.query("select status from etl.quarantine where raw_table like 'attendance%'") == [("replayed",)]


def test_a_lost_connection_is_tried_again(platform: Platform) -> None:
    file = platform.drop("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0"))
    reports = []
    with held_term(platform, "2013|B"):
        thread = threading.Thread(target=lambda: reports.extend(platform.load(file)))
        thread.start()
        until(lambda: waiting_for_a_lock(platform) == 1)
        platform.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
            " and application_name = 'edu load'"
        )
    thread.join(PATIENCE_SECONDS)
    assert [report.status for report in reports] == ["applied"]
    assert platform.value("select count(*) from raw_zone.attendance__attendance_daily") == 1


def test_a_load_waits_for_the_load_that_drew_its_number_before(platform: Platform) -> None:
    """Else a reader of the load log that remembers the last number would never see the slower one."""
    platform.deliver("attendance", "attendance_daily_1.csv", attendance("01,1,2013-03-01,P,0"))
    slow = platform.drop("attendance", "attendance_daily_2.csv", attendance("01,1,2013-03-01,A,1"))
    quick = platform.drop("sis", "r_2014-02-05.zip", package({"orgs": [org("s1")]}))
    log = "select raw_table from etl.load_log where load_id > 1 order by load_id"
    with platform.warehouse.connect(Role.ETL) as connection:
        connection.execute("lock table raw_history.attendance__attendance_daily in access exclusive mode")
        threads = [threading.Thread(target=platform.load, args=(file,)) for file in (slow, quick)]
        threads[0].start()
        until(lambda: waiting_for_a_lock(platform) == 1)
        threads[1].start()
        until(lambda: waiting_for_a_lock(platform) == 2 or platform.query(log) != [])
        assert platform.query(log) == []
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert platform.query(log) == [("attendance__attendance_daily",), ("oneroster__orgs",)]


def test_what_a_load_reports_has_waited_for_the_disk(platform: Platform) -> None:
    """Staging commits without waiting; what is told of the load, and was committed before, outlives a power cut."""
    platform.change(
        "do $$ begin execute format('alter database %I set synchronous_commit = local', current_database()); end $$"
    )
    platform.change("create table public.told (of_table text, commit_waits text)")
    platform.change(
        "create function public.tell() returns trigger language plpgsql security definer as"
        " $$ begin insert into public.told values (tg_table_name, current_setting('synchronous_commit')); return new;"
        " end $$"
    )
    for table in ("load_log", "delivery"):
        platform.change(
            f"create trigger tell after insert or update of status on etl.{table} for each row"
            " execute function public.tell()"
        )
    sheets = (attendance("01,1,2013-03-01,P,0", "01,2,2013-03-01,P,x"), attendance("01,1,2013-09-03,A,1"), "no table")
    for number, sheet in enumerate(sheets):
        platform.load(platform.drop("attendance", f"attendance_daily_{number}.csv", sheet))
    platform.change("update etl.quarantine set original = jsonb_set(original, '{AbsenceValue}', '\"0\"')")
    assert [part.inserted for part in replay(platform.warehouse)] == [1]
    told = "select of_table, commit_waits, count(*) from public.told group by 1, 2 order by 1"
    assert platform.query(told) == [("delivery", "local", 6), ("load_log", "local", 3)]
