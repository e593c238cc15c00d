"""docs/roll-over.md is true: every command on it is run, in its order, and does what the page says."""

from __future__ import annotations

import csv
import io
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from edu_assets.network import Network
from edu_assets.sample import write_exports
from edu_assets.settings import PROJECT
from edu_assets_tests.end_to_end.conftest import TIMEOUT_SECONDS, Command, command_in
from edu_assets_tests.testbed import ROSTER_AND_ATTENDANCE, sample_declaration

PAGE = (PROJECT / "docs" / "roll-over.md").read_text(encoding="utf-8")
LAST = "south_sis_oneroster_2026-03-16.zip"
FIRST = "south_sis_oneroster_2026-08-31.zip"
WHOLE = "south_sis_oneroster_2026-09-01.zip"


@dataclass(frozen=True)
class Step:
    """A command of the page, or (empty) what it adds to the network file; `remark` is its comment."""

    command: str
    remark: str = ""
    declared: str = ""


def steps() -> Iterator[Step]:
    for yaml_block, command in re.findall(r"```yaml\n(.*?)```|^    (edu [^\n]*)$", PAGE, re.DOTALL | re.MULTILINE):
        words, _, remark = command.partition("#")
        yield Step(words.strip(), remark.strip(), yaml_block)


@pytest.fixture
def declaration() -> dict[str, Any]:
    declared = sample_declaration(name="rolled", systems=ROSTER_AND_ATTENDANCE)
    del declared["sample"]
    return declared


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """The folder of the page: the roster of March, and the first one of the new year."""
    declared = sample_declaration(name="rolled", systems=ROSTER_AND_ATTENDANCE)
    network = Network.model_validate(declared)
    write_exports(tmp_path / "all", network)
    folder = tmp_path / "exports"
    folder.mkdir()
    last = (tmp_path / "all" / str(network.feeds["south_sis"].folder) / LAST).read_bytes()
    (folder / LAST).write_bytes(last)
    (folder / FIRST).write_bytes(next_year(last))
    return folder


def next_year(package: bytes) -> bytes:
    """The same school after the summer: nobody of grade 12 any more, nobody of the lower grades yet."""
    members = zipfile.ZipFile(io.BytesIO(package))
    texts = {name: members.read(name).decode("utf-8-sig") for name in members.namelist()}
    users = list(csv.DictReader(io.StringIO(texts["users.csv"])))
    gone = {user["sourcedId"] for user in users if user["grades"] in ("06", "07", "08", "12")}
    for name, key in (("users.csv", "sourcedId"), ("enrollments.csv", "userSourcedId")):
        rows = csv.DictReader(io.StringIO(texts[name]))
        text = io.StringIO()
        writer = csv.DictWriter(text, rows.fieldnames or [], quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(row for row in rows if row[key] not in gone)
        texts[name] = text.getvalue()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in texts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 8, 31, 5, 0, 0)), content)
    return written.getvalue()


def redated(package: bytes) -> bytes:
    """The same rows, in a package that was written after the first delivery of the new year."""
    members = zipfile.ZipFile(io.BytesIO(package))
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in members.namelist():
            archive.writestr(zipfile.ZipInfo(name, (2026, 9, 1, 5, 0, 0)), members.read(name))
    return written.getvalue()


def walked(edu: Command, step: Step, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as it stands on the page, beside its `exports/`."""
    return subprocess.run(
        [sys.executable, "-m", "edu_assets.cli", *shlex.split(step.command)[1:]],
        env=dict(edu.environment),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def test_the_whole_export_makes_a_held_one_past(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, declaration: dict[str, Any], exports: Path
) -> None:
    """The other branch of the page: what was held was cut off, and the sender sends it again."""
    whole = (exports / LAST).read_bytes()
    (exports / WHOLE).write_bytes(redated(whole))
    declaration["calendar"]["years"] |= yaml.safe_load(next(step.declared for step in steps() if step.declared))
    network_file = tmp_path / "rolled.yaml"
    network_file.write_text(yaml.safe_dump(declaration, sort_keys=False), encoding="utf-8")
    edu = command_in(tmp_path, network_file, tmp_path_factory)
    try:
        edu.run("up")
        for name in (LAST, FIRST):
            edu.run("load", "--feed", "south_sis", str(exports / name))
        assert len(edu.json("held", "list")) == 1
        edu.run("load", "--feed", "south_sis", str(exports / WHOLE))
        assert edu.json("held", "list") == []
        loads = edu.json("loads", "--term", "2026-27|T1", "--table", "oneroster__users")
        assert loads[0]["status"] == "applied"
    finally:
        edu.run("down", "--purge", expect=None)


def test_the_page_is_true(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, declaration: dict[str, Any], exports: Path
) -> None:
    network_file = tmp_path / "rolled.yaml"
    network_file.write_text(yaml.safe_dump(declaration, sort_keys=False), encoding="utf-8")
    edu = command_in(tmp_path, network_file, tmp_path_factory)
    answers: list[tuple[str, str]] = []
    try:
        for step in steps():
            if step.declared:
                declaration["calendar"]["years"] |= yaml.safe_load(step.declared)
                network_file.write_text(yaml.safe_dump(declaration, sort_keys=False), encoding="utf-8")
                continue
            done = walked(edu, step, exports.parent)
            refused = step.remark.startswith("refused")
            assert done.returncode == (4 if refused else 0), f"{step.command}\n{done.stdout}\n{done.stderr}"
            assert step.remark.removeprefix("refused: ") in done.stdout
            answers.append((step.command, done.stdout))
        held = next(answer for command, answer in answers if command == "edu held list")
        [example] = re.findall(r"`(oneroster__\w+: [^`]*)`", PAGE)
        assert " ".join(example.split()) in " ".join(held.split())
        [asof] = [answer for command, answer in answers if command.startswith("edu asof")]
        assert asof.startswith("term_key,_feed,sourced_id")
        new = edu.json("loads", "--term", "2026-27|T1", "--table", "oneroster__users")
        assert [load["status"] for load in new] == ["applied", "held"]
        assert "2026-27|T1" in answers[-1][1]
    finally:
        edu.run("down", "--purge", expect=None)
