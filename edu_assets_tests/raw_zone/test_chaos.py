"""A few kills at random points; `make chaos` runs a hundred."""

from __future__ import annotations

from pathlib import Path

from edu_assets_tests.raw_zone.chaos import chaos
from edu_assets_tests.testbed import Platform, network_declaration


def test_a_kill_at_any_point_leaves_old_or_new_and_the_next_load_goes_on(tmp_path: Path) -> None:
    """On a server of its own, since that is killed too. The seed kills both."""
    feeds = {"attendance": {"system": "attendance", "landing": "attendance", "hold_share": 1}}
    platform = Platform.create(tmp_path, network_declaration(feeds=feeds), EDU_PG_FSYNC=True)
    try:
        ended = chaos(platform, 3, 1)
        assert {name.split(",")[0] for name in ended} == {"loader", "PostgreSQL"}
    finally:
        platform.warehouse.up()
        platform.warehouse.down(purge=True)
