"""A gold run: one term, checked before and after, standing in Dagster with its figures."""

from __future__ import annotations

import dagster as dg
import pytest
from psycopg import sql

from edu_assets.orchestration.backfill import Session, TermRun, backfill, chosen_terms
from edu_assets.orchestration.instance import STEPS_AT_ONCE, open_instance
from edu_assets.orchestration.partitions import one_term, partition_key
from edu_assets.orchestration.raw_assets import POOL
from edu_assets.school_calendar import DeclarationError
from edu_assets.warehouse import Role
from edu_assets_tests.end_to_end.test_ui import until
from edu_assets_tests.orchestration.conftest import BUILT_TERM
from edu_assets_tests.testbed import Platform


def table_rows(platform: Platform, table: str, term_key: str) -> int:
    counted = sql.SQL("select count(*) from {} where term_key = {}").format(
        sql.Identifier("gold", table), sql.Literal(term_key)
    )
    return int(platform.query(counted)[0][0])


def test_the_run_builds_every_table_and_passes_every_check(built: TermRun, dagster: Session) -> None:
    graph = dagster.defs.resolve_asset_graph()
    stored = {key.path[1] for key in graph.materializable_asset_keys if key.path[0] == "gold"}
    virtual = {key.path[1] for key in graph.get_all_asset_keys() if graph.get(key).is_virtual}
    assert built.succeeded, built.error
    assert set(built.rows) == stored - virtual
    assert (built.failed, built.warned) == (0, 0), built.findings
    asked = dagster.defs.resolve_job_def("gold").asset_layer.asset_graph.asset_check_keys
    assert {key for key in graph.asset_check_keys if key.asset_key.path[0] == "gold"} <= set(asked)
    assert built.passed == len(asked)


def test_a_run_keeps_its_connections(dagster: Session, sample_platform: Platform) -> None:
    """Dagster's storage would open several for each event that it keeps."""
    storage = sample_platform.warehouse.dagster_database

    def opened() -> int:
        return sample_platform.value("select sessions from pg_stat_database where datname = %s", [storage])

    dagster.build(BUILT_TERM)
    before = opened()
    assert before > 0
    assert dagster.build(BUILT_TERM).succeeded
    assert opened() - before < 10


def test_a_view_is_told_of_once_and_in_a_back_fill(built: TermRun, dagster: Session) -> None:
    """A back-fill waits for all that was chosen; of other runs' events those of views would be a fifth. Of a view
    without any event the user interface warns whoever builds what reads it."""
    graph = dagster.defs.resolve_asset_graph()
    views = {key for key in graph.materializable_asset_keys if graph.get(key).is_virtual}
    assert views
    back_filled = dagster.build("2024-25|T1", tags={"dagster/backfill": "asked"})

    def told(run: TermRun) -> set[dg.AssetKey | None]:
        events = dagster.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        return {entry.dagster_event.asset_key for entry in events if entry.dagster_event}

    assert not told(built) & views
    assert told(back_filled) >= views
    for view in views:
        untold = dg.AssetRecordsFilter(asset_key=view, asset_partitions=None)
        records = dagster.instance.fetch_materializations(untold, limit=100).records
        assert sum(record.partition_key is None for record in records) == 1, view


@pytest.mark.parametrize("table", ["fct_enrollment", "fct_attendance", "mart_enrollment", "mart_student_attendance"])
def test_a_materialisation_tells_the_rows_that_stand_for_the_term(
    built: TermRun, dagster: Session, sample_platform: Platform, table: str
) -> None:
    [record] = dagster.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(["gold", table]), asset_partitions=[BUILT_TERM]), limit=1
    ).records
    assert record.asset_materialization is not None
    told = record.asset_materialization.metadata["dagster/partition_row_count"].value
    assert told == table_rows(sample_platform, table, BUILT_TERM) == built.rows[table] > 0


def test_an_outcome_is_of_the_term_and_of_the_materialisation_that_was_checked(dagster: Session) -> None:
    run = dagster.build(BUILT_TERM)
    assert [entry for entry in dagster.instance.all_logs(run.run_id) if "expected outputs" in entry.message] == []
    events = dagster.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    found = [entry.get_dagster_event().asset_check_evaluation_data for entry in events]
    assert len(found) == run.passed
    assert {outcome.partition for outcome in found} == {BUILT_TERM}
    graph = dagster.defs.resolve_asset_graph()
    for outcome in found:
        asked = dg.AssetRecordsFilter(asset_key=outcome.asset_key, asset_partitions=[BUILT_TERM])
        last = dagster.instance.fetch_materializations(asked, limit=1).records
        target = outcome.target_materialization_data
        assert ([target.storage_id, target.run_id] if target else None) == (
            [last[0].storage_id, last[0].run_id] if last else None
        ), outcome
        assert outcome.blocking == graph.get_check_spec(outcome.asset_check_key).blocking
    assert {outcome.target_materialization_data.run_id for outcome in found if outcome.target_materialization_data} > {
        run.run_id
    }


def test_gold_names_the_last_load_that_it_was_built_from(built: TermRun, sample_platform: Platform) -> None:
    [[from_load, status]] = sample_platform.query(
        "select built_from_load, status from gold.term_build where term_key = %s and run_id = %s",
        [BUILT_TERM, built.run_id],
    )
    last = sample_platform.value(
        "select max(load_id) from etl.load_log where term_key = %s and status = 'applied'", [BUILT_TERM]
    )
    assert (from_load, status) == (last, "built")


def test_checks_stand_on_the_partition_of_the_run(built: TermRun, dagster: Session) -> None:
    evaluations = [
        entry.dagster_event.asset_check_evaluation_data
        for entry in dagster.instance.all_logs(built.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        if entry.dagster_event
    ]
    assert len(evaluations) == built.passed
    assert {str(found.partition) for found in evaluations} == {BUILT_TERM}


def test_a_run_without_a_term_fails_with_what_to_do(sample_platform: Platform) -> None:
    with pytest.raises(dg.Failure, match="names no term"):
        one_term(dg.build_op_context(resources={"warehouse": sample_platform.warehouse}))


@pytest.mark.usefixtures("built")
def test_a_changed_raw_table_blocks_gold_of_the_term(dagster: Session, sample_platform: Platform) -> None:
    table = "raw_zone.oneroster__courses"
    sample_platform.query(f"alter table {table} add column smuggled text")
    try:
        run = dagster.build("2024-25|T2")
    finally:
        sample_platform.query(f"alter table {table} drop column smuggled")
    assert not run.succeeded
    assert run.rows == {}
    assert any("oneroster__courses" in found for found in run.findings)
    assert sample_platform.query("select 1 from gold.term_build where term_key = '2024-25|T2'") == []


@pytest.mark.usefixtures("built")
def test_a_row_that_vanished_from_a_raw_table_blocks_gold_until_the_partition_is_materialised(
    dagster: Session, sample_platform: Platform
) -> None:
    term_key = "2024-25|T3"
    standing = "select count(*) from raw_zone.attendance__attendance_daily where term_key = %s"
    before = sample_platform.value(standing, [term_key])
    sample_platform.query(
        "with one as (select * from raw_zone.attendance__attendance_daily where term_key = %s limit 1)"
        " delete from raw_zone.attendance__attendance_daily a using one where a.term_key = one.term_key"
        " and a.student_number = one.student_number and a.attendance_date = one.attendance_date",
        [term_key],
    )
    run = dagster.build(term_key)
    assert not run.succeeded
    assert any("not those that the loads left" in found for found in run.findings)

    asset = dg.AssetKey(["raw_zone", "attendance__attendance_daily"])
    mended = dagster.defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=dagster.instance, partition_key=partition_key(term_key), asset_selection=[asset]
    )
    assert mended.success
    assert sample_platform.value(standing, [term_key]) == before


def test_an_error_of_the_database_reaches_dagster_without_the_values_of_the_row(
    built: TermRun, dagster: Session, sample_platform: Platform
) -> None:
    """A constraint that every row breaks: PostgreSQL quotes the failing row, which holds a student."""
    sample_platform.query("alter table gold.fct_enrollment add constraint never check (false) not valid")
    try:
        run = dagster.build(BUILT_TERM)
    finally:
        sample_platform.query("alter table gold.fct_enrollment drop constraint never")
    assert not run.succeeded
    assert "fct_enrollment" in (run.error or "")
    logged = "\n".join(str(entry) for entry in dagster.instance.all_logs(run.run_id))
    student_keys = [row[0] for row in sample_platform.query("select student_key from gold.dim_student")]
    assert len(student_keys) > 10
    assert "Failing row" not in logged
    assert not any(key in logged for key in student_keys)
    assert table_rows(sample_platform, "fct_enrollment", BUILT_TERM) == built.rows["fct_enrollment"]


def test_backfill_builds_each_term_once_and_in_order(built: TermRun, sample_platform: Platform) -> None:
    said: list[str] = []
    report = backfill(sample_platform.warehouse, f"2025-26|T1,{BUILT_TERM},{BUILT_TERM}", said.append)
    assert [run.term_key for run in report.runs] == [BUILT_TERM, "2025-26|T1"]
    assert report.succeeded
    assert report.runs[0].rows == built.rows
    assert len(said) == 3


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ("2025-26|T2", ["2025-26|T2"]),
        ("2025-26|T2, 2024-25|T1", ["2024-25|T1", "2025-26|T2"]),
        ("2025-26", ["2025-26|T1", "2025-26|T2", "2025-26|T3"]),
        ("all", [f"{year}|{term}" for year in ("2024-25", "2025-26") for term in ("T1", "T2", "T3")]),
    ],
)
def test_terms_are_chosen_by_key_by_year_or_all(sample_platform: Platform, said: str, chosen: list[str]) -> None:
    assert chosen_terms(sample_platform.settings.network, said) == chosen


def test_an_unknown_term_is_refused_with_the_known_ones(sample_platform: Platform) -> None:
    with pytest.raises(DeclarationError, match=r"2024-25\|T1"):
        chosen_terms(sample_platform.settings.network, "2031-32|T1")


@pytest.mark.usefixtures("built")
def test_nobody_but_the_owner_reads_gold(sample_platform: Platform) -> None:
    for role in (Role.REPORTING, Role.AGENT, Role.ETL):
        with sample_platform.warehouse.connect(role) as connection:
            may = connection.execute("select has_schema_privilege('gold', 'usage')").fetchone()
        assert may == (False,), role


def test_every_step_is_of_the_pool_that_bounds_connections(built: TermRun, dagster: Session) -> None:
    jobs = [dagster.defs.resolve_job_def(name) for name in ("gold", "arrivals", "checks")]
    jobs.append(dagster.defs.resolve_implicit_global_asset_job_def())
    ops = {node.name: node.definition.pool for job in jobs for node in job.graph.nodes}
    assert {"raw_checks", "build_gold", "load_arrivals"} < set(ops)
    assert set(ops.values()) == {POOL}
    storage = dagster.instance.event_log_storage
    claims = [storage.claim_concurrency_slot(POOL, f"run {n}", "step").is_claimed for n in range(STEPS_AT_ONCE + 1)]
    for n in range(STEPS_AT_ONCE + 1):
        storage.free_concurrency_slots_for_run(f"run {n}")
    assert built.succeeded
    assert claims == [True] * STEPS_AT_ONCE + [False]


def test_an_instance_that_was_opened_leaves_no_connection(sample_platform: Platform) -> None:
    storage = sample_platform.warehouse.dagster_database
    held = "select count(*) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"
    before = sample_platform.value(held, [storage])
    with open_instance(sample_platform.warehouse) as instance:
        instance.get_runs(limit=1)
        instance.get_dynamic_partitions("academic_year")
        instance.all_instigator_state()
        assert sample_platform.value(held, [storage]) > before
    until(lambda: sample_platform.value(held, [storage]) == before, 10)
