"""`edu pipeline` from nothing to checked marts, and again with nothing new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from edu_assets.orchestration.instance import open_instance
from edu_assets.warehouse import Role, Warehouse
from edu_assets_tests.end_to_end.conftest import Command
from edu_assets_tests.testbed import sample_declaration, settings_for

TERMS = [f"{year}|{term}" for year in ("2024-25", "2025-26") for term in ("T1", "T2", "T3")]


def stages(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {stage["name"]: stage for stage in report["stages"]}


def test_every_term_is_built_and_every_check_holds(first_pipeline: dict[str, Any]) -> None:
    built = stages(first_pipeline)
    assert [name.removeprefix("gold ") for name in built if name.startswith("gold 2")] == TERMS
    assert not first_pipeline["errors"]
    assert all(built[f"gold {term}"]["failed"] == 0 for term in TERMS)
    assert all(built[f"gold {term}"]["passed"] > 40 for term in TERMS)


def test_its_rows_add_up(first_pipeline: dict[str, Any]) -> None:
    """One identical duplicate is planted; every other row is accepted or set aside."""
    raw = stages(first_pipeline)["raw zone"]
    assert raw["rows_read"] == raw["accepted"] + raw["quarantined"] + 1
    assert first_pipeline["waiting"] == {"quarantined": raw["quarantined"], "held": 0}


def test_the_planted_broken_files_are_refused_by_name(first_pipeline: dict[str, Any]) -> None:
    said = " ".join(first_pipeline["refused"])
    assert len(first_pipeline["refused"]) == 2
    assert "lunch_menu" in said
    assert "cut off" in said


def test_with_nothing_new_it_says_so_and_starts_nothing(first_pipeline: dict[str, Any], edu: Command) -> None:
    assert not first_pipeline["nothing_new"]
    edu.json("pipeline")  # other tests may have loaded something
    again = edu.json("pipeline")
    assert again["nothing_new"]
    assert [stage["name"] for stage in again["stages"]] == ["warehouse"]
    assert "Nothing new" in edu.run("pipeline").stdout


@pytest.mark.usefixtures("first_pipeline")
def test_what_it_did_stands_in_dagster(edu: Command) -> None:
    with open_instance(Warehouse.of(settings_for(edu.home, edu.network_file))) as instance:
        runs = instance.get_runs(dg.RunsFilter(job_name="gold"))
        assert {str(run.tags["dagster/partition"]) for run in runs} == set(TERMS)
        assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
        for asset in ("raw_zone/oneroster__users", "gold/mart_enrollment", "gold/mart_attendance_insights"):
            key = dg.AssetKey(asset.split("/"))
            assert instance.get_materialized_partitions(key) == set(TERMS), asset


@pytest.mark.usefixtures("first_pipeline")
def test_one_new_file_rebuilds_its_term_alone(edu: Command) -> None:
    warehouse = Warehouse.of(settings_for(edu.home, edu.network_file))
    builds = "select term_key, count(*) from gold.term_build where status = 'built' group by 1"
    with warehouse.connect(Role.DBT, autocommit=True) as connection:
        before = dict(connection.execute(builds).fetchall())
        [student, school, day] = (
            connection.execute(
                "select student_number, school_id, attendance_date from raw_zone.attendance__attendance_daily"
                " where term_key = '2025-26|T2' and attendance_code = 'P' order by 1, 3 limit 1"
            ).fetchone()
            or [None] * 3
        )
    landing = edu.home / "walked" / "landing" / ("north_attendance" if school != "02001" else "south_attendance")
    header = "SchoolID,StudentNumber,AttendanceDate,AttendanceCode,AbsenceValue"
    with warehouse.connect(Role.ETL) as connection:
        rows = connection.execute(
            "select student_number, attendance_code, absence_value from raw_zone.attendance__attendance_daily"
            " where school_id = %s and attendance_date = %s",
            [school, day],
        ).fetchall()
    lines = [
        f"{school},{number},{day},{'A' if number == student else code},{1 if number == student else value}"
        for number, code, value in rows
    ]
    (landing / f"attendance_daily_{school}_again.csv").write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    report = edu.json("pipeline")
    assert [name for name in stages(report) if name.startswith("gold 2")] == ["gold 2025-26|T2"]
    with warehouse.connect(Role.DBT, autocommit=True) as connection:
        after = dict(connection.execute(builds).fetchall())
    assert {term for term in after if after[term] != before[term]} == {"2025-26|T2"}


def test_a_network_without_files_says_where_they_are_expected(edu: Command, tmp_path: Path) -> None:
    network_file = tmp_path / "fresh.yaml"
    network_file.write_text(yaml.safe_dump(sample_declaration(name="fresh", sample=None)), encoding="utf-8")
    done = Command(edu.home, network_file).run("pipeline", expect=1)
    assert "no file has arrived yet" in done.stderr
    assert "north_sis" in "".join(done.stderr.split())  # a long path is broken into lines
    assert "Traceback" not in done.stderr
