"""docs/add-a-source.md is true: its files are written and its commands run, in its order, in a copy of the project."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from edu_assets.settings import PROJECT
from edu_assets.warehouse import Role, Warehouse
from edu_assets_tests.end_to_end.conftest import TIMEOUT_SECONDS, Command, command_in, contents, copy_of_project
from edu_assets_tests.testbed import sample_declaration, settings_for

PAGE = (PROJECT / "docs" / "add-a-source.md").read_text(encoding="utf-8")
STEP = re.compile(
    r"^`(?P<path>[^`\n]+)`:\n\n```\w+\n(?P<text>.*?)^```|^```yaml\n(?P<feeds>.*?)^```|^    (?P<command>edu [^\n]*)$",
    re.DOTALL | re.MULTILINE,
)
RIDES = "exports/bus_rides_2026-03-16.csv"
SHELL = 'edu() {{ "{python}" -m edu_assets.cli "$@"; }}; {command}'


@dataclass(frozen=True)
class Step:
    """What the page does next: write a file, add feeds to the network file, or run a command.

    `remark`: the comment behind a command, which its answer holds; `exit_code`: the one that the comment names.
    """

    path: str | None
    text: str
    feeds: str | None
    command: str
    remark: str
    exit_code: int


def steps() -> Iterator[Step]:
    for found in STEP.finditer(PAGE):
        command, _, remark = (found["command"] or "").partition("    # ")
        exits = re.match(r"exit (\d): ", remark)
        remark = remark[exits.end() :] if exits else remark
        yield Step(found["path"], found["text"] or "", found["feeds"], command, remark, int(exits[1]) if exits else 0)


def test_the_page_is_true(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    project = tmp_path / "checkout"
    copy_of_project(project)
    before = contents(project)
    declared = sample_declaration(name="added", sample=None, feeds={})
    network_file = tmp_path / "added.yaml"
    network_file.write_text(yaml.safe_dump(declared), encoding="utf-8")
    edu = command_in(tmp_path, network_file, tmp_path_factory, project)
    answers: dict[str, str] = {}
    try:
        for step in steps():
            if step.path:
                (project / step.path).parent.mkdir(exist_ok=True)
                (project / step.path).write_text(step.text, encoding="utf-8")
            elif step.feeds:
                declared["feeds"] |= yaml.safe_load(step.feeds)
                network_file.write_text(yaml.safe_dump(declared), encoding="utf-8")
            else:
                answers[step.command] = walked(edu, step)
                assert " ".join(step.remark.split()) in " ".join(answers[step.command].split()), answers[step.command]
        after = contents(project)
        assert {path: after[path] for path in before} == before
        assert {path for path in set(after) - set(before) if not path.startswith("exports/")} == {
            "edu_assets/contracts/transport.py",
            "dbt_project/models/staging/transport/stg_transport__rides.sql",
        }
        warehouse = Warehouse.of(settings_for(edu.home, network_file))
        with warehouse.connect(Role.DBT) as connection:
            rides = connection.execute(
                "select term_key, school_id, count(*) from staging.stg_transport__rides group by 1, 2 order by 1, 2"
            ).fetchall()
        assert rides == [("2025-26|T2", "02001", 3), ("2025-26|T3", "01001", 2)]
        assert edu.json("contracts", "test", "exports/nothing.csv", expect=4)["status"] == "refused"
        assert edu.json("contracts", "test", RIDES, expect=1)["tables"][0]["terms"] == {
            "2025-26|T2": 2,
            "2025-26|T3": 2,
        }
        assert edu.json("contracts", "infer", RIDES, "--table", "trips")["key"] == ["ride"]
        assert "declared already" in edu.run("contracts", "infer", RIDES, "--system", "transport", expect=4).stderr
    finally:
        edu.run("down", "--purge", expect=None)


def walked(edu: Command, step: Step) -> str:
    """Run a command as it stands on the page, in the checkout."""
    done = subprocess.run(
        ["bash", "-c", SHELL.format(python=sys.executable, command=step.command)],
        env=dict(edu.environment),
        cwd=edu.project,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == step.exit_code, f"{step.command}\n{done.stdout}\n{done.stderr}"
    if "infer" in step.command:  # the draft is a contract by itself, before anybody corrects it
        assert "transport__rides" in edu.run("contracts", "list").stdout
    return done.stdout
