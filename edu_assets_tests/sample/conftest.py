"""The sample network written once: as its file declares it, and a small one for many seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from edu_assets.network import Network, load_network
from edu_assets.sample import write_exports
from edu_assets.settings import PROJECT
from edu_assets_tests.sample.reading import Exported


@pytest.fixture(scope="session")
def network() -> Network:
    return load_network(PROJECT / "networks" / "sample.yaml")


@pytest.fixture(scope="session")
def small_network(network: Network) -> Network:
    return network.model_copy(update={"sample": {"students": 60}})


@pytest.fixture(scope="session")
def exported(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    landing: Path = tmp_path_factory.mktemp("landing")
    return Exported(landing, network, write_exports(landing, network))


@pytest.fixture(scope="session")
def small_exported(small_network: Network, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    landing: Path = tmp_path_factory.mktemp("small_landing")
    return Exported(landing, small_network, write_exports(landing, small_network))
