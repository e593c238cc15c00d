"""The command `edu`.

Belongs here: arguments, what a person or a program sees, exit codes; the commands stand in rooms by what they are
for. Does not belong here: anything that is done (each calls one function of a package and shows what it returns).

Every command takes `--json`, for programs; errors go to standard error as one sentence, with the exit code
that errors.Exit gives their kind. Heavy imports stand in the commands that need them, so that `edu --help`
answers at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from edu_assets.cli import declared, figures, flow, server, waiting
from edu_assets.cli.shown import err
from edu_assets.errors import EduError, Exit

app = typer.Typer(
    name="edu",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Exports of a school network's systems become figures that people can sign.\n\n"
    "The network is the file in --network or EDU_NETWORK. Exit codes: 0 done, 1 failed, 2 wrong call, "
    "3 PostgreSQL or the broker does not answer, 4 refused.",
)
for room in (server, flow, waiting, declared, figures):
    app.add_typer(room.commands)


@app.callback()
def choose_network(
    network: Annotated[
        Path | None, typer.Option("--network", help="The network file; else EDU_NETWORK, else networks/sample.yaml.")
    ] = None,
) -> None:
    if network is not None:
        os.environ["EDU_NETWORK"] = str(network.resolve())


def main() -> None:
    """Run `edu`: an error that a person can act on is one sentence and an exit code, without a trace."""
    from edu_assets.school_calendar import DeclarationError

    try:
        app()
    except EduError as error:
        err.print(Text(f"edu: {error}"), soft_wrap=True)
        sys.exit(error.exit_code)
    except DeclarationError as error:
        err.print(Text(f"edu: {error}"), soft_wrap=True)
        sys.exit(Exit.USAGE)
