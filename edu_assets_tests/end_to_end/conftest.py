"""Commands run as a person runs them: in a process of their own, on a home of their own."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from edu_assets.settings import PROJECT
from edu_assets_tests.conftest import share_unit_tests
from edu_assets_tests.testbed import ROSTER_AND_ATTENDANCE, sample_declaration

TIMEOUT_SECONDS = 300
COPIED = ("edu_assets", "dbt_project", "networks", "pyproject.toml", "setup.py", "workspace.yaml")


def copy_of_project(project: Path) -> None:
    """Copy what a checkout runs on, so that a test can add files to it."""
    for name in COPIED:
        source = PROJECT / name
        ignored = shutil.ignore_patterns("__pycache__", "target", "logs", "generated")
        if source.is_dir():
            shutil.copytree(source, project / name, ignore=ignored)
        else:
            shutil.copy(source, project / name)


def contents(project: Path) -> dict[str, str]:
    """The hash of every file that an engineer writes in a checkout, by its path."""
    return {
        path.relative_to(project).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in project.rglob("*")
        if path.is_file() and path.suffix in (".py", ".sql", ".yml", ".csv", ".toml", ".yaml")
        if "generated" not in path.parts and "target" not in path.parts
    }


@dataclass(frozen=True)
class Command:
    """`edu` on one network and home; `project` is the checkout that it runs from."""

    home: Path
    network_file: Path
    project: Path = PROJECT
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "EDU_", "DAGSTER_"))}
        return kept | {
            "EDU_HOME": str(self.home),
            "EDU_NETWORK": str(self.network_file),
            "EDU_PG_FSYNC": "0",
            "PYTHONPATH": str(self.project),
            "NO_COLOR": "1",
            **self.more,
        }

    def run(self, *arguments: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "edu_assets.cli", *arguments],
            env=dict(self.environment),
            cwd=self.project,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if expect is not None:
            assert done.returncode == expect, f"edu {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: str, expect: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", expect=expect).stdout)


def command_in(
    folder: Path, network_file: Path, tmp_path_factory: pytest.TempPathFactory, project: Path = PROJECT
) -> Command:
    """`edu` on a new home in a folder. What unit tests of gold have passed in another home have passed in it."""
    command = Command(folder / "home", network_file, project)
    command.home.mkdir()
    share_unit_tests(command.home, tmp_path_factory)
    return command


@pytest.fixture(scope="session")
def edu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """A small sample network after its first `edu pipeline`, whose answer is `first_pipeline`."""
    with _small_sample("walked", tmp_path_factory) as command:
        yield command


@pytest.fixture(scope="session")
def first_pipeline(edu: Command) -> Any:
    return edu.json("pipeline")


@pytest.fixture(scope="session")
def long_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """Such a network after its pipeline, of the other worker: for tests of processes that run on and are killed."""
    with _small_sample("long_running", tmp_path_factory) as command:
        command.json("pipeline")
        yield command


@contextmanager
def _small_sample(name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    folder = tmp_path_factory.mktemp(name)
    network_file = folder / "sample.yaml"
    declared = sample_declaration(name=name, systems=ROSTER_AND_ATTENDANCE)
    network_file.write_text(yaml.safe_dump(declared), encoding="utf-8")
    command = command_in(folder, network_file, tmp_path_factory)
    try:
        yield command
    finally:
        command.run("down", "--purge", expect=None)
