"""What pages show of rows: nothing of a person, and something where there is something to see."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ElementTree

import dagster as dg
import pytest
from dagster import AssetMaterialization
from hypothesis import given
from hypothesis import strategies as st

from edu_assets.contracts import registry
from edu_assets.contracts.base import Contract, LoadMode, PersonalData
from edu_assets.gold import manifest_content
from edu_assets.orchestration.backfill import Session
from edu_assets.orchestration.raw_assets import raw_asset_key
from edu_assets.orchestration.samples import SAMPLE_ROWS, gold_pictures
from edu_assets.plots import bars
from edu_assets.warehouse import Role
from edu_assets_tests.orchestration.conftest import BUILT_TERM
from edu_assets_tests.testbed import Platform


def materialisations(dagster: Session, key: dg.AssetKey) -> list[AssetMaterialization]:
    asked = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[BUILT_TERM])
    records = dagster.instance.fetch_materializations(asked, limit=100).records
    return [record.asset_materialization for record in records if record.asset_materialization]


def newest(dagster: Session, *path: str) -> AssetMaterialization:
    return materialisations(dagster, dg.AssetKey(path))[0]


def drawn(picture: dg.MetadataValue) -> list[str]:
    """The titles of the bars."""
    found = re.fullmatch(r"!\[.*\]\(data:image/svg\+xml;base64,(.*)\)", str(picture.value))
    assert found
    image = ElementTree.fromstring(base64.b64decode(found[1]))
    return [title.text or "" for title in image.iter("{http://www.w3.org/2000/svg}title")]


def sent(platform: Platform) -> list[Contract]:
    rows = platform.query("select distinct raw_table from etl.load_log where term_key = %s", [BUILT_TERM])
    return [registry().contract(name) for (name,) in rows]


def test_a_sample_of_a_raw_table_has_its_columns_without_personal_data_and_no_other(
    dagster: Session, sample_platform: Platform
) -> None:
    seen = 0
    for contract in sent(sample_platform):
        harmless = {column.name for column in contract.stored_columns if column.personal is PersonalData.NONE}
        for told in materialisations(dagster, raw_asset_key(contract)):
            sample = told.metadata.get("sample")
            if not isinstance(sample, dg.TableMetadataValue):
                continue
            assert {column.name for column in sample.schema.columns} <= harmless, contract.name
            assert 0 < len(sample.records) <= SAMPLE_ROWS
            seen += 1
    assert seen > 10


def shown_of_nobody(platform: Platform) -> set[str]:
    """Values of columns of the class `none`, which samples show, and how a delivery was sent."""
    return {mode.value for mode in LoadMode} | {
        value
        for contract in sent(platform)
        for column in contract.stored_columns
        if column.personal is PersonalData.NONE
        for (value,) in platform.query(f'select distinct "{column.name}"::text from {contract.raw_table}')  # noqa: S608
        if value
    }


@pytest.mark.usefixtures("built")
def test_no_name_and_no_number_of_a_person_stands_in_any_event(dagster: Session, sample_platform: Platform) -> None:
    """Every telling value of every column that is not of the class `none`, looked for in all that Dagster was told."""
    said: set[str] = set()
    for key in dagster.defs.resolve_asset_graph().get_all_asset_keys():
        for told in materialisations(dagster, key):
            for value in told.metadata.values():
                if isinstance(value, dg.TableMetadataValue):
                    said |= {str(cell) for record in value.records for cell in record.data.values()}
                else:
                    said.add(str(value.value))
    text = "\n".join(said)
    looked_for = 0
    shown = shown_of_nobody(sample_platform)
    for contract in sent(sample_platform):
        for column in contract.stored_columns:
            if column.personal is PersonalData.NONE:
                continue
            distinct = f'select distinct "{column.name}"::text from {contract.raw_table}'  # noqa: S608
            for value in (value for (value,) in sample_platform.query(distinct) if value):
                # a code such as true, or a 3, is said of other things too
                is_told = value not in shown and not re.fullmatch(r"[\d.]+", value)
                if column.personal is PersonalData.DIRECT or (column.personal is PersonalData.SENSITIVE and is_told):
                    assert value not in said, (contract.name, column.name)
                if len(value) > 7 and re.search(r"\d{4}", value) and not re.fullmatch(r"\d{4}-\d\d-\d\d.*", value):
                    assert value not in text, (contract.name, column.name)
                    looked_for += 1
    assert looked_for > 500


def test_days_without_rows_show_in_the_picture_of_a_table_that_has_days(
    dagster: Session, sample_platform: Platform
) -> None:
    contract = registry().contract("attendance__attendance_daily")
    titles = drawn(newest(dagster, *raw_asset_key(contract).path).metadata["picture"])
    rows = sample_platform.query(
        f"select attendance_date::text, count(*) from {contract.raw_table} where term_key = %s group by 1 order by 1",  # noqa: S608
        [BUILT_TERM],
    )
    assert titles == [f"{day}: {count:,}" for day, count in rows]


@pytest.mark.usefixtures("built")
def test_a_mart_has_no_sample_and_its_picture_no_point_of_a_small_group(
    dagster: Session, sample_platform: Platform
) -> None:
    marts = [key for key in dagster.defs.resolve_asset_graph().get_all_asset_keys() if key.path[-1].startswith("mart_")]
    assert not any("sample" in told.metadata for key in marts for told in materialisations(dagster, key))
    content = manifest_content()
    node = dict(content["nodes"]["model.edu_assets.mart_enrollment"])
    left_out = 0
    for by in ("school_key", "grade_level", "school_key || grade_level"):
        plot = {"title": "students", "x": by, "y": "sum(headcount_term_end)", "n": "sum(headcount_term_end)"}
        groups = sample_platform.query(
            f"select {by}, sum(headcount_term_end) from gold.mart_enrollment where term_key = %s group by 1 order by 1",  # noqa: S608
            [BUILT_TERM],
        )
        large = [(name, count) for name, count in groups if count >= 10]
        left_out += len(groups) - len(large)
        with sample_platform.warehouse.connect(Role.DBT) as connection:
            told = gold_pictures(connection, {**node, "config": {"meta": {"plot": plot}}}, BUILT_TERM)
        assert "sample" not in told
        assert (drawn(told["picture"]) if "picture" in told else []) == (
            [f"{name}: {count:,}" for name, count in large] if len(large) > 1 else []
        )
    assert left_out > 0


@given(
    st.text(max_size=30),
    st.lists(st.tuples(st.text(max_size=20), st.floats(0, 1e9, allow_nan=False)), min_size=1, max_size=60),
)
def test_a_picture_is_well_formed_and_has_a_bar_a_point_inside_its_frame(
    title: str, points: list[tuple[str, float]]
) -> None:
    printable = [("".join(c for c in label if c.isprintable()), value) for label, value in points]
    image = ElementTree.fromstring(bars("".join(c for c in title if c.isprintable()), printable))
    rects = list(image.iter("{http://www.w3.org/2000/svg}rect"))[1:]
    assert len(rects) == len(points)
    most = max(value for _, value in points) or 1.0
    for rect, (_, value) in zip(rects, points, strict=True):
        assert abs(float(rect.attrib["height"]) - value / most * 172) < 0.06
        assert 0 <= float(rect.attrib["x"]) <= 640
