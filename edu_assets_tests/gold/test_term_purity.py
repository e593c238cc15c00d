"""A term's run rewrites that term and no other, whatever happens while it runs."""

from __future__ import annotations

import threading
import time

import pytest
from psycopg import sql

from edu_assets.gold import GoldFailed
from edu_assets.warehouse import Role
from edu_assets_tests.gold.building import (
    MADE_BY_A_TERM,
    broken,
    build_term,
    deploy_again,
    digests,
    left_behind,
    run_dbt,
)
from edu_assets_tests.testbed import Platform

TERM, NEXT_TERM, LAST_TERM = "2024-25|T2", "2024-25|T3", "2025-26|T3"


def _of_term(found: dict[tuple[str, str], str], term: str) -> dict[tuple[str, str], str]:
    return {place: digest for place, digest in found.items() if place[1] == term}


def _of_other_terms(found: dict[tuple[str, str], str], term: str) -> dict[tuple[str, str], str]:
    return {place: digest for place, digest in found.items() if place[1] != term}


# -- one term and no other ----------------------------------------------------------------------


def test_building_a_term_again_gives_the_same_rows(own: Platform) -> None:
    before = digests(own)
    nothing_outside = {"attendance_outside_enrollment"}  # in the small network every report is inside membership
    assert {table for table, _ in before} == set(MADE_BY_A_TERM) - nothing_outside
    assert not broken(build_term(own, TERM))
    assert digests(own) == before


def test_building_a_changed_term_leaves_every_other_term_byte_for_byte(own: Platform) -> None:
    before = digests(own)
    own.change("delete from raw_zone.attendance__attendance_daily where attendance_date = '2025-01-15'")
    own.change("delete from raw_zone.oneroster__enrollments where role = 'student' and class_sourced_id like '%HR%'")
    assert not broken(build_term(own, TERM))
    after = digests(own)
    assert _of_other_terms(after, TERM) == _of_other_terms(before, TERM)
    changed = {table for (table, _), digest in _of_term(after, TERM).items() if digest != before[table, TERM]}
    assert changed >= {"fct_attendance", "mart_student_attendance", "mart_attendance_insights", "fct_class_enrollment"}


def test_a_term_whose_raw_rows_are_all_gone_becomes_empty(own: Platform) -> None:
    before = digests(own)
    with own.warehouse.connect(Role.ETL) as connection:
        tables = connection.execute(
            "select n.nspname, c.relname from pg_class as c join pg_namespace as n on c.relnamespace = n.oid"
            " where n.nspname like 'raw\\_%' and n.nspname <> 'raw_history' and c.relkind = 'p'"
        ).fetchall()
        for table in tables:
            connection.execute(sql.SQL("delete from {} where term_key = %s").format(sql.Identifier(*table)), [TERM])
    assert len(tables) > 5
    assert not broken(build_term(own, TERM))
    assert digests(own) == _of_other_terms(before, TERM)


def test_a_term_that_was_empty_fills_again(own: Platform) -> None:
    before = digests(own)
    sources = ("oneroster__enrollments", "sis__student_enrollments")
    for table in sources:
        own.change(f"create table stage.{table} as select * from raw_zone.{table} where term_key = %s", [TERM])  # noqa: S608
        own.change(f"delete from raw_zone.{table} where term_key = %s", [TERM])  # noqa: S608
    build_term(own, TERM)
    assert own.value("select count(*) from gold.fct_enrollment where term_key = %s", [TERM]) == 0
    assert own.value("select count(*) from gold.attendance_outside_enrollment where term_key = %s", [TERM]) > 0
    for table in sources:
        own.change(f"insert into raw_zone.{table} select * from stage.{table}")  # noqa: S608
    assert not broken(build_term(own, TERM))
    assert digests(own) == before


# -- what a run demands -------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["build", "run", "seed"])
def test_a_run_without_a_term_says_what_to_do(small_one: Platform, command: str) -> None:
    with pytest.raises(GoldFailed) as refused:
        run_dbt(small_one, [command], {})
    message = str(refused.value)
    assert "EDU_TERM is not set" in message
    assert "EDU_TERM='2025-26|T1' dbt build" in message
    assert "EDU_DEPLOY=1" in message


def test_a_data_test_without_a_term_says_what_to_do(small_one: Platform) -> None:
    nodes = run_dbt(small_one, ["test", "--select", "transfers_balance"], {})
    assert "EDU_TERM is not set" in " ".join(node.message for node in nodes)


def test_a_full_refresh_is_refused(small_one: Platform) -> None:
    before = digests(small_one)
    with pytest.raises(GoldFailed, match=r"--full-refresh is refused.*edu backfill --terms"):
        run_dbt(small_one, ["build", "--full-refresh"], {"EDU_TERM": TERM})
    assert digests(small_one) == before


def test_an_unknown_term_is_refused_with_the_known_ones(small_one: Platform) -> None:
    with pytest.raises(GoldFailed, match=r"'2025-26\|T9', which is no term of this network; it has 2024-25\|T1"):
        run_dbt(small_one, ["build"], {"EDU_TERM": "2025-26|T9"})


def test_a_term_that_holds_a_quote_is_a_value_not_sql(small_one: Platform) -> None:
    with pytest.raises(GoldFailed, match="is no term of this network"):
        run_dbt(small_one, ["build"], {"EDU_TERM": "2025-26|T1' or 'a' = 'a"})


# -- the swap -----------------------------------------------------------------------------------


WAITING = (
    "select exists (select from pg_locks where not granted and locktype = %s"
    " and database = (select oid from pg_database where datname = current_database()))"
)


def somebody_waits(own: Platform, kind: str, seconds: float = 60) -> bool:
    """Whether a session comes to wait for a lock of a kind before the time is over; returns as soon as one does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if own.value(WAITING, [kind]):
            return True
        time.sleep(0.02)
    return False


def test_a_swap_waits_for_a_reader_and_the_reader_sees_one_state(own: Platform) -> None:
    own.change("delete from raw_zone.attendance__attendance_daily where attendance_date = '2025-01-15'")
    query = b"select count(*) from gold.mart_attendance_insights as m join gold.dim_school using (school_key)"
    seen: list[int] = []
    waited: list[bool] = []
    reading = threading.Event()

    def read() -> None:
        with own.warehouse.connect(Role.DBT) as reader:
            seen.append(reader.execute(query).fetchone()[0])
            reading.set()
            waited.append(somebody_waits(own, "relation"))
            seen.append(reader.execute(query).fetchone()[0])

    reader = threading.Thread(target=read)
    reader.start()
    reading.wait()
    nodes = build_term(own, TERM)
    reader.join()
    assert not broken(nodes)
    assert waited == [True]
    assert len(seen) == 2
    assert len(set(seen)) == 1
    assert not left_behind(own)


def test_two_builds_at_once_of_two_terms_take_turns(own: Platform) -> None:
    before = digests(own)
    held = threading.Event()
    waited: list[bool] = []

    def hold_the_gold_lock() -> None:
        with own.warehouse.connect(Role.DBT) as other:
            other.execute("select pg_advisory_xact_lock(hashtextextended('edu:gold', 0))")
            held.set()
            waited.append(somebody_waits(own, "advisory"))

    other = threading.Thread(target=hold_the_gold_lock)
    other.start()
    held.wait()
    assert not broken(build_term(own, TERM, select="fct_enrollment"))
    other.join()
    assert waited == [True]
    assert digests(own) == before


# -- failures -----------------------------------------------------------------------------------


def _spoil(own: Platform) -> None:
    """Give a day of the term more than a whole day of absence, which fct_attendance_report forbids."""
    spoilt = own.change(
        "update raw_zone.attendance__attendance_daily set absence_value = 2 where ctid = any (array("
        "select ctid from raw_zone.attendance__attendance_daily where term_key = %s limit 1)) and term_key = %s",
        [TERM, TERM],
    )
    assert spoilt == 1


def test_a_failed_build_leaves_the_old_term_in_place(own: Platform) -> None:
    before = digests(own)
    _spoil(own)
    status = {node.name: node.status for node in build_term(own, TERM)}
    assert status["fct_attendance_report"] == "error"
    assert status["fct_attendance"] == status["mart_attendance_insights"] == "skipped"
    assert digests(own) == before


def test_what_a_killed_build_left_is_swept_by_the_next(own: Platform) -> None:
    place = own.value("select 'fct_enrollment__2024_25_t2__aside_' || left(md5('fct_enrollment__2024_25_t2'), 8)")
    own.change(f"create table gold.{place}_0123456789 (like gold.fct_enrollment)", role=Role.DBT)
    assert len(left_behind(own)) == 1
    assert not broken(build_term(own, TERM, select="fct_enrollment"))
    assert not left_behind(own)


def test_deploying_again_changes_nothing(own: Platform) -> None:
    before = digests(own)
    views = "select oid from pg_class where relkind = 'v' and relnamespace = 'gold'::regnamespace order by oid"
    standing = own.query(views)
    assert not broken(deploy_again(own))
    assert digests(own) == before
    assert own.query(views) == standing


def test_a_term_run_leaves_views_and_rules_alone(own: Platform) -> None:
    own.change("update gold.rule_chronic_absence set min_days_enrolled = 500", role=Role.DBT)
    build_term(own, TERM)
    assert own.value("select min(min_days_enrolled) from gold.rule_chronic_absence") == 500
    flags = "select count(is_term_absence_10pct) from gold.mart_student_attendance where term_key = %s"
    assert own.value(flags, [TERM]) == 0
    assert own.value(flags, [NEXT_TERM]) > 0
