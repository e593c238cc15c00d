"""The other commands: answers for people and for programs, exit codes that mean something, no secret."""

from __future__ import annotations

import csv
import io
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from edu_assets.settings import PROJECT
from edu_assets.warehouse import Warehouse
from edu_assets_tests.end_to_end.conftest import Command
from edu_assets_tests.testbed import settings_for

BIN = Path(sys.executable).parent

pytestmark = pytest.mark.usefixtures("first_pipeline")


def passwords(edu: Command) -> list[str]:
    known = Warehouse.of(settings_for(edu.home, edu.network_file)).server.passwords()
    return [password.get_secret_value() for password in known.values()]


@pytest.mark.parametrize(
    "arguments",
    [
        ["up"],
        ["status"],
        ["pipeline"],
        ["loads"],
        ["quarantine", "list"],
        ["quarantine", "replay"],
        ["held", "list"],
        ["contracts", "list"],
        ["contracts", "show", "oneroster__users"],
        ["rules", "list"],
        ["report"],
        ["profile", "2024-25|T1"],
        ["identifiers"],
        ["rules", "explain", "mart_chronic_absence"],
        ["backfill", "--terms", "2024-25|T1"],
    ],
    ids=" ".join,
)
def test_each_command_answers_people_and_programs_and_shows_no_password(edu: Command, arguments: list[str]) -> None:
    answer = edu.run(*arguments)
    assert answer.stdout.strip()
    assert edu.json(*arguments) is not None
    assert not any(password in answer.stdout + answer.stderr for password in passwords(edu))


@pytest.mark.parametrize("command", ["", "pipeline", "contracts", "quarantine", "held", "rules", "db"])
def test_help_says_what_there_is(edu: Command, command: str) -> None:
    said = edu.run(*filter(None, [command]), "--help").stdout
    assert f"{command} [OPTIONS]".strip() in said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nonsense"], 2, "No such command"),
        (["load", "/no/such/file.csv"], 4, ""),
        (["contracts", "show", "oneroster__userz"], 2, "no contract"),
        (["backfill", "--terms", "2031-32|T1"], 2, "no term"),
        (["quarantine", "show", "999999"], 1, "no quarantined row"),
        (["held", "release", "999999"], 1, "no open held slice"),
        (["asof", "oneroster__users"], 2, "either --load or --at"),
        (["asof", "oneroster__users", "--at", "today"], 2, "is no time"),
        (["db", "url", "--role", "root"], 2, "no role"),
        (["--network", "/no/such/network.yaml", "status"], 2, "no network file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_one_sentence_and_an_exit_code(
    edu: Command, arguments: list[str], code: int, said: str
) -> None:
    done = edu.run(*arguments, expect=code)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_is_not_running_is_exit_code_3(edu: Command, tmp_path: Path) -> None:
    done = Command(tmp_path / "nothing", edu.network_file).run("loads", expect=3)
    assert "edu up" in done.stderr


def test_loads_lists_the_outbox(edu: Command) -> None:
    loads = edu.json("loads", "--table", "oneroster__users", "--term", "2025-26|T1")
    assert {load["raw_table"] for load in loads} == {"oneroster__users"}
    assert {load["term_key"] for load in loads} == {"2025-26|T1"}
    assert [load["load_id"] for load in loads] == sorted((load["load_id"] for load in loads), reverse=True)


def test_asof_gives_the_table_as_it_stood(edu: Command) -> None:
    loads = edu.json("loads", "--table", "oneroster__enrollments", "--term", "2025-26|T2", "--limit", "100")
    opening = min(load["load_id"] for load in loads if load["mode"] == "full")
    answer = edu.run("asof", "oneroster__enrollments", "--load", str(opening), "--term", "2025-26|T2")
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert len(rows) == sum(load["inserted"] - load["closed"] for load in loads if load["load_id"] <= opening)
    assert {row["term_key"] for row in rows} == {"2025-26|T2"}
    of_load = [load for load in edu.json("loads", "--limit", "100000") if load["load_id"] == opening]
    applied = max(load["applied_at"] for load in of_load)
    at = edu.run("asof", "oneroster__enrollments", "--at", applied, "--term", "2025-26|T2")
    assert at.stdout == answer.stdout


def test_quarantine_lists_places_and_shows_values_only_when_asked(edu: Command) -> None:
    rows = edu.json("quarantine", "list")
    [shown] = edu.json("quarantine", "show", str(rows[0]["quarantine_id"]))
    in_the_name = shown["source_file"]
    values = [value for value in shown["original"].values() if len(value or "") > 4 and value not in in_the_name]
    listed = edu.run("quarantine", "list").stdout
    assert {"source_file", "source_row", "rule", "message"} <= set(rows[0])
    assert values
    assert not any(value in listed for value in values)


def test_load_takes_a_file_from_anywhere(edu: Command, tmp_path: Path) -> None:
    sheet = tmp_path / "attendance_daily_elsewhere.csv"
    header = "SchoolID,StudentNumber,AttendanceDate,AttendanceCode,AbsenceValue"
    sheet.write_text(f"{header}\n01001,0000000001,2025-01-22,P,0\n", encoding="utf-8")
    [ambiguous] = edu.json("load", str(sheet), expect=4)
    assert "say which with --feed" in ambiguous["problems"][0]
    [report] = edu.json("load", str(sheet), "--feed", "north_attendance")
    assert report["status"] == "applied"
    [again] = edu.json("load", str(sheet), "--feed", "north_attendance")
    assert again["status"] == "unchanged"


def test_the_url_opens_the_database_as_the_role(edu: Command) -> None:
    url = edu.run("db", "url", "--role", "reporting_user").stdout.strip()
    with psycopg.connect(url) as connection:
        assert connection.execute("select current_user").fetchone() == ("reporting_user",)


def exported(edu: Command) -> dict[str, str]:
    lines = edu.run("db", "env").stdout.splitlines()
    pairs = [shlex.split(line.removeprefix("export "))[0].split("=", 1) for line in lines]
    return {**edu.environment, **dict(pairs)}


def stock(command: list[str], environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


def test_stock_dagster_commands_work_without_anything_set() -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "EDU_", "DAGSTER_"))}
    validated = stock(["dagster", "definitions", "validate", "-w", "workspace.yaml"], plain, PROJECT)
    assert validated.returncode == 0, validated.stderr
    listed = stock(["dg", "list", "defs", "--json"], plain, PROJECT)
    assert listed.returncode == 0, listed.stderr
    assert "mart_attendance_insights" in listed.stdout


def test_stock_dbt_builds_a_term_inside_the_dbt_project(edu: Command, tmp_path: Path) -> None:
    environment = exported(edu) | {"DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path)}
    build = ["dbt", "build", "--exclude-resource-type", "seed", "--exclude-resource-type", "unit_test"]
    refused = stock(build, environment, PROJECT / "dbt_project")
    assert refused.returncode != 0
    assert "EDU_TERM is not set" in refused.stdout
    built = stock(build, environment | {"EDU_TERM": "2025-26|T2"}, PROJECT / "dbt_project")
    assert built.returncode == 0, built.stdout[-2000:]
    assert "ERROR=0" in built.stdout


def test_json_of_the_pipeline_is_one_document(first_pipeline: dict[str, Any]) -> None:
    assert first_pipeline["network"] == "walked"
