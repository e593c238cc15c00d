"""Commands around the server: PostgreSQL, how programs reach it, Dagster's processes.

Belongs here: up, down, status, db, ui, worker. Does not belong here: what they do (warehouse/, orchestration/).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from edu_assets.cli.shown import Json, answer, err, network_warehouse, out, print_json, ready, size
from edu_assets.errors import Exit

if TYPE_CHECKING:
    from edu_assets.warehouse import Role, Warehouse


commands = typer.Typer()
db_commands = typer.Typer(no_args_is_help=True, help="How other programs reach the database.")
commands.add_typer(db_commands, name="db")

RoleName = Annotated[str, typer.Option("--role", help="etl_user, dbt_user, reporting_user, agent_user or admin.")]


@commands.command()
def up(
    reset_passwords: Annotated[
        bool, typer.Option("--reset-passwords", help="Give the roles of a server of yours new passwords.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Start PostgreSQL where it is ours to start, and set up roles, schemas and raw tables."""
    from edu_assets.raw_zone import deploy

    warehouse = network_warehouse()
    warehouse.up(reset_passwords=reset_passwords)
    deploy(warehouse, warehouse.settings.network)
    _status(warehouse, as_json)


@commands.command()
def down(
    purge: Annotated[bool, typer.Option("--purge", help="Delete the server's data too, of every network.")] = False,
    as_json: Json = False,
) -> None:
    """Stop the embedded PostgreSQL. Nothing else stops it."""
    ran = network_warehouse().down(purge=purge)
    answer({"stopped": ran, "purged": purge}, as_json, "stopped" if ran else "was not running")


@commands.command()
def status(as_json: Json = False) -> None:
    """What runs, where, and what it holds."""
    _status(network_warehouse(), as_json)


def _status(warehouse: Warehouse, as_json: bool) -> None:
    found = warehouse.status()
    if as_json:
        print_json(found)
    else:
        state = "running" if found.running else "not running"
        version = f"PostgreSQL {found.version}, " if found.version else ""
        out.print(f"{found.kind} server: {state}; {version}{found.host}:{found.port}" if found.host else state)
        out.print(f"network {found.network}, database {found.database}: {'ready' if found.ready else 'not set up'}")
        for database in found.databases:
            out.print(f"  {database.name}  {size(database.bytes)}  {database.holds}")
        if found.data_folder:
            out.print(f"data {found.data_folder} ({size(found.data_bytes or 0)}), log {found.log_file}")
        out.print(f"passwords {found.password_file}")
        for folder in found.left_behind:
            out.print(f"left behind by a deleted EDU_HOME: {folder}; `edu down --purge` removes it")
        if found.problem:
            err.print(found.problem)
    if not found.ready:
        raise typer.Exit(Exit.UNREACHABLE)


@db_commands.command("url")
def db_url(role: RoleName = "reporting_user") -> None:
    """The libpq address of the network's database for a role, with its password: for a program's input."""
    sys.stdout.write(ready().url(_role(role)) + "\n")


@db_commands.command("env")
def db_env(role: RoleName = "dbt_user") -> None:
    """Exports for a shell: libpq's variables of a role, Dagster's home and storage. Use: eval "$(edu db env)"."""
    import shlex

    from edu_assets.orchestration.instance import environment

    warehouse = ready()
    for name, value in {**warehouse.environment(_role(role)), **environment(warehouse)}.items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


def _role(name: str) -> Role:
    from edu_assets.warehouse import Role

    try:
        return Role(name)
    except ValueError:
        raise typer.BadParameter(f"no role {name!r}; there are {', '.join(Role)}") from None


@commands.command()
def ui(
    port: Annotated[int, typer.Option("--port", help="Port of the webserver on the loopback address.")] = 3000,
) -> None:
    """Run Dagster: code server, webserver and daemon, until Ctrl-C or kill; PostgreSQL goes on."""
    from edu_assets.orchestration.executor import require_broker
    from edu_assets.orchestration.ui import serve
    from edu_assets.raw_zone import deploy

    warehouse = network_warehouse()
    if warehouse.settings.broker is not None:
        require_broker(warehouse.settings)
    warehouse.up()
    deploy(warehouse, warehouse.settings.network)
    raise typer.Exit(serve(warehouse, port, out.print))


@commands.command()
def worker() -> None:
    """Execute steps of runs that come through the broker in EDU_BROKER, until Ctrl-C or kill.

    Exit code 3: the broker does not answer.
    """
    from edu_assets.orchestration.executor import require_broker
    from edu_assets.orchestration.worker import work
    from edu_assets.raw_zone import deploy

    warehouse = network_warehouse()
    require_broker(warehouse.settings)
    deploy(warehouse, warehouse.settings.network)
    work(warehouse)
