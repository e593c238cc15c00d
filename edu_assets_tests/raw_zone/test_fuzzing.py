"""A few hundred broken files; `make fuzz` runs ten thousand."""

from __future__ import annotations

from edu_assets_tests.raw_zone.fuzzing import declaration, fuzz
from edu_assets_tests.testbed import MakeNetwork


def test_broken_files_load_lawfully_or_are_refused(make_network: MakeNetwork) -> None:
    platform = make_network(**{key: value for key, value in declaration("x").items() if key != "name"})
    ended = fuzz(platform, 200, 1)
    assert {"applied", "refused"} <= set(ended)
