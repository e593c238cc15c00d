"""A small sample network, loaded and built once; tests that change it get it back as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edu_assets_tests.conftest import MakeNetwork
from edu_assets_tests.gold.building import bring_back, broken, build_term, keep_copy
from edu_assets_tests.testbed import Platform, sample_declaration

SEEDS = {"small_one": 11, "small_two": 20260901}
PERIOD_METHODS = {"small_one": "minutes", "small_two": "am_pm"}
"""By which method the school that keeps periods makes days of them."""


def _built(make_network: MakeNetwork, name: str) -> Platform:
    declared = sample_declaration(name=name, seed=SEEDS[name])
    declared["schools"][-1]["daily_attendance"]["periods"] = PERIOD_METHODS[name]
    platform = make_network(deployed=True, **declared)
    platform.load_sample()
    for term_key in platform.terms:
        assert not broken(build_term(platform, term_key))
    return platform


@pytest.fixture(scope="session", params=SEEDS)
def seeded(request: pytest.FixtureRequest) -> Platform:
    """Each of the small networks, built."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def small_two(make_session_network: MakeNetwork) -> Platform:
    return _built(make_session_network, "small_two")


@pytest.fixture(scope="session")
def small_one(make_session_network: MakeNetwork) -> Platform:
    platform = _built(make_session_network, "small_one")
    keep_copy(platform)
    return platform


@pytest.fixture
def own(small_one: Platform) -> Iterator[Platform]:
    """The first network for a test that changes it."""
    yield small_one
    bring_back(small_one)
