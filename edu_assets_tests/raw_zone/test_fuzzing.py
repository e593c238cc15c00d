"""A few hundred broken files; `make fuzz` runs ten thousand."""

from __future__ import annotations

import pytest

from edu_assets_tests.raw_zone.fuzzing import declaration, fuzz
from edu_assets_tests.testbed import MakeNetwork


@pytest.mark.parametrize("seed", [1, 2])
def test_broken_files_load_lawfully_or_are_refused(make_network: MakeNetwork, seed: int) -> None:
    platform = make_network(**{key: value for key, value in declaration("x").items() if key != "name"})
    ended = fuzz(platform, 120, seed)
    assert {"applied", "refused"} <= set(ended)
