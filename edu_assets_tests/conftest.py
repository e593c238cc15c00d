"""What tests of every layer share: one PostgreSQL server a session, a network of its own a test.

Tests that read the same built network are of one group, which one worker of `--dist loadgroup` runs: a network takes
minutes to build, and the other worker would build it too. All others are grouped by their module.

The server is the embedded one in a temporary EDU_HOME. A fresh network with its database and its
raw zone takes some 0.2 s, so a test that writes asks for `platform`. Nothing of it outlives the session.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt_common.behavior_flags import BehaviorFlagRendered

from edu_assets.gold import deploy_gold
from edu_assets.warehouse import Warehouse
from edu_assets_tests.testbed import MakeNetwork, Platform, network_declaration, settings_for

BUILT_NETWORKS = ("small_one", "small_two", "sample_platform", "edu", "long_running")
"""Fixtures of the session that load or build a whole network."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        asked = {*getattr(item, "fixturenames", ()), parameters.get("seeded")}
        group = next((name for name in BUILT_NETWORKS if name in asked), item.path.stem)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session", autouse=True)
def _own_environment() -> Iterator[None]:
    """Whatever server or network the environment names, tests use their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("PG", "EDU_")):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session", autouse=True)
def _dbt_asks_no_modules() -> Iterator[None]:
    """Each command of dbt looks up the module of every frame of the stack, for a text that nobody sees. Among the
    modules and frames of pytest that takes a second, of an edu command a thirtieth."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BehaviorFlagRendered, "_default_source", staticmethod(lambda: "dbt"))
        yield


def share_unit_tests(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let homes of one session know which version of gold's unit tests has passed: they bring their own rows, so one
    run of them, in whichever home and worker, tells for all."""
    session = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        session = session.parent
    (home / "unit_tests.passed").symlink_to(session / "unit_tests.passed")


@pytest.fixture(scope="session")
def edu_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The EDU_HOME of the session, with its PostgreSQL server running."""
    home = tmp_path_factory.mktemp("edu_home")
    share_unit_tests(home, tmp_path_factory)
    network_file = home / "server.yaml"
    network_file.write_text(yaml.safe_dump(network_declaration(name="server")), encoding="utf-8")
    warehouse = Warehouse.of(settings_for(home, network_file))
    try:
        warehouse.up()
        yield home
    finally:
        warehouse.down(purge=True)


_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def deployed_network(edu_home: Path) -> Iterator[Platform]:
    """An empty network in which gold stands, to be copied: to deploy takes a quarter of a minute, a copy a second."""
    platform = Platform.create(edu_home, network_declaration(name="deployed"))
    deploy_gold(platform.warehouse, platform.settings)
    yield platform
    platform.remove()


@pytest.fixture(scope="session")
def make_session_network(request: pytest.FixtureRequest) -> Iterator[MakeNetwork]:
    """Networks that live as long as the session: for what is loaded once and read by many tests."""
    yield from _networks(request)


@pytest.fixture
def make_network(request: pytest.FixtureRequest) -> Iterator[MakeNetwork]:
    """Networks of one test."""
    yield from _networks(request)


def _networks(request: pytest.FixtureRequest) -> Iterator[MakeNetwork]:
    home = request.getfixturevalue("edu_home")
    made: list[Platform] = []

    def make(*, deployed: bool = False, **changes: Any) -> Platform:
        declaration = network_declaration(**{"name": f"test{next(_numbers)}"} | changes)
        like = request.getfixturevalue("deployed_network") if deployed else None
        made.append(Platform.create(home, declaration, like))
        return made[-1]

    yield make
    for platform in made:
        platform.remove()


@pytest.fixture(scope="session")
def _emptied() -> list[tuple[Platform, list[tuple]]]:
    """At most one network that a test has left and that is as it was made, with what it was."""
    return []


@pytest.fixture
def platform(edu_home: Path, _emptied: list[tuple[Platform, list[tuple]]]) -> Iterator[Platform]:
    """An empty network of the test's own: made for it, or emptied after another test and found to be as it was made."""
    if _emptied:
        platform, pristine = _emptied.pop()
    else:
        platform = Platform.create(edu_home, network_declaration(name=f"test{next(_numbers)}"))
        pristine = platform.pristine()
    declared = platform.settings.network_file.read_bytes()
    yield platform
    if not _emptied and platform.settings.network_file.is_file():
        platform.empty()
        unchanged = platform.settings.network_file.read_bytes() == declared
        if unchanged and platform.pristine() == pristine:
            _emptied.append((platform, pristine))
            return
    platform.remove()
