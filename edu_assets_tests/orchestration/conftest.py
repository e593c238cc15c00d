"""A small sample network with Dagster open on its real storage, built once; and Dagster on an empty network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edu_assets.orchestration.backfill import Session, TermRun, dagster_session
from edu_assets_tests.conftest import MakeNetwork
from edu_assets_tests.testbed import Platform, sample_declaration

BUILT_TERM = "2024-25|T1"


@pytest.fixture(scope="session")
def sample_platform(make_session_network: MakeNetwork) -> Platform:
    """The small sample network, its raw zone loaded. Tests do not change it."""
    platform = make_session_network(deployed=True, **sample_declaration(name="orchestrated"))
    platform.load_sample()
    return platform


@pytest.fixture(scope="session")
def dagster(sample_platform: Platform) -> Iterator[Session]:
    """Dagster open on the small sample network, told of its loads."""
    with dagster_session(sample_platform.warehouse) as session:
        session.report()
        yield session


@pytest.fixture(scope="session")
def built(dagster: Session) -> TermRun:
    """The first term's gold run."""
    return dagster.build(BUILT_TERM)


@pytest.fixture
def empty_dagster(platform: Platform) -> Iterator[Session]:
    """Dagster on an empty network of the test's own."""
    with dagster_session(platform.warehouse) as session:
        yield session
