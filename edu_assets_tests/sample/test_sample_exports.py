"""Writing is repeatable, leaves what stands, and keeps the order of delivery."""

from __future__ import annotations

from pathlib import Path

import pytest

from edu_assets.network import Network
from edu_assets.sample import ExportSummary, write_exports
from edu_assets.school_calendar import DeclarationError


def contents(landing: Path) -> dict[str, bytes]:
    return {path.relative_to(landing).as_posix(): path.read_bytes() for path in landing.rglob("*") if path.is_file()}


def times(landing: Path) -> dict[str, int]:
    return {
        path.relative_to(landing).as_posix(): path.stat().st_mtime_ns for path in landing.rglob("*") if path.is_file()
    }


@pytest.fixture
def written(small_network: Network, tmp_path: Path) -> tuple[Path, ExportSummary]:
    return tmp_path, write_exports(tmp_path, small_network, 7)


def test_equal_seeds_give_equal_bytes(
    small_network: Network, written: tuple[Path, ExportSummary], tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    summary = write_exports(elsewhere, small_network, 7)
    assert contents(elsewhere) == contents(written[0])
    assert times(elsewhere) == times(written[0])
    assert summary == written[1]


def test_other_seeds_give_other_people(
    small_network: Network, written: tuple[Path, ExportSummary], tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write_exports(elsewhere, small_network, 8)
    name = "north_sis/north_sis_oneroster_2024-08-26.zip"
    assert contents(elsewhere)[name] != contents(written[0])[name]


def test_what_stands_unchanged_is_not_touched(small_network: Network, written: tuple[Path, ExportSummary]) -> None:
    landing, _ = written
    before = times(landing)
    again = write_exports(landing, small_network, 7)
    assert times(landing) == before
    assert not any(file.written for file in again.files)


def test_a_changed_or_missing_file_is_written_again(
    small_network: Network, written: tuple[Path, ExportSummary]
) -> None:
    landing, summary = written
    whole = contents(landing)
    changed, missing = summary.files[0].path, summary.files[5].path
    (landing / changed).write_bytes(b"half a fi")
    (landing / missing).unlink()
    again = write_exports(landing, small_network, 7)
    assert {file.path for file in again.files if file.written} == {changed, missing}
    assert contents(landing) == whole


def test_nothing_but_the_summarys_files_is_left(written: tuple[Path, ExportSummary]) -> None:
    landing, summary = written
    assert set(contents(landing)) == {file.path for file in summary.files}
    assert all((landing / file.path).stat().st_size == file.size for file in summary.files)


def test_modification_times_follow_the_order_of_delivery(written: tuple[Path, ExportSummary]) -> None:
    landing, summary = written
    order = [(landing / file.path).stat().st_mtime for file in summary.files]
    assert order == sorted(set(order))


def test_the_seed_of_the_network_file_holds_where_none_is_passed(
    small_network: Network, written: tuple[Path, ExportSummary], tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write_exports(elsewhere, small_network.model_copy(update={"sample": {"students": 60, "seed": 7}}))
    assert contents(elsewhere) == contents(written[0])


@pytest.mark.parametrize("sample", [None, {"seed": 7}])
def test_a_network_without_a_sample_is_refused(network: Network, tmp_path: Path, sample: dict[str, int] | None) -> None:
    with pytest.raises(DeclarationError, match="no sample"):
        write_exports(tmp_path, network.model_copy(update={"sample": sample}))


def test_a_network_without_the_samples_feeds_is_refused(network: Network, tmp_path: Path) -> None:
    feeds = {name: feed for name, feed in network.feeds.items() if name != "south_sis"}
    with pytest.raises(DeclarationError, match="south_sis"):
        write_exports(tmp_path, network.model_copy(update={"feeds": feeds}))
