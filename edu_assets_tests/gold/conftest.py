"""A small sample network, loaded and built once; tests that change it get it back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edu_assets_tests.gold.building import (
    Platform,
    bring_back,
    broken,
    build_term,
    deploy_gold,
    keep_copy,
    load,
    sample_network,
    server,
)

SEEDS = {"small_one": 11, "small_two": 20260901}
STUDENTS = 60


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with server(tmp_path_factory.mktemp("gold_home")) as folder:
        yield folder


def _built(home: Path, name: str) -> Platform:
    platform = load(home, sample_network(home, name, STUDENTS, SEEDS[name]))
    assert not broken(deploy_gold(platform))
    for term_key in platform.terms:
        assert not broken(build_term(platform, term_key))
    return platform


@pytest.fixture(scope="session", params=SEEDS)
def seeded(request: pytest.FixtureRequest) -> Platform:
    """Each of the small networks, built."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def small_two(home: Path) -> Platform:
    return _built(home, "small_two")


@pytest.fixture(scope="session")
def small_one(home: Path) -> Platform:
    platform = _built(home, "small_one")
    keep_copy(platform)
    return platform


@pytest.fixture
def own(small_one: Platform) -> Iterator[Platform]:
    """The first network for a test that changes it."""
    yield small_one
    bring_back(small_one)
