"""The embedded server's life, a server of your own in its place, and passwords that stay where they are."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from edu_assets.settings import PROJECT, Settings
from edu_assets.warehouse import Role, Warehouse, WarehouseRefused, WarehouseUnreachable
from edu_assets.warehouse.address import is_local
from edu_assets.warehouse.embedded import EmbeddedServer
from edu_assets.warehouse.external import ExternalServer
from edu_assets.warehouse.roles import LOGIN_ROLES
from edu_assets_tests.testbed import Platform, network_declaration, settings_for

START = """
import sys
from pathlib import Path
from edu_assets.warehouse import Warehouse
from edu_assets_tests.testbed import settings_for
Warehouse.of(settings_for(Path(sys.argv[1]), Path(sys.argv[2]))).up()
"""

MakeSettings = Callable[..., Settings]


@pytest.fixture
def make_settings(tmp_path: Path) -> Iterator[MakeSettings]:
    """Settings of an EDU_HOME of the test's own; its server, where one was started, is deleted with it."""
    homes: set[Path] = set()

    def make(home: str = "home", **more: object) -> Settings:
        folder = tmp_path / home
        folder.mkdir(exist_ok=True)
        homes.add(folder)
        network_file = tmp_path / f"{home}.yaml"
        network_file.write_text(yaml.safe_dump(network_declaration(name=home)), encoding="utf-8")
        return settings_for(folder, network_file, **more)

    yield make
    for home in homes:
        EmbeddedServer(home, fsync=False).stop(purge=True)


def postmasters(data: Path) -> list[int]:
    """Processes that serve a data folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if command[0].endswith(b"postgres") and str(data).encode() in command:
                found.append(int(entry.name))
    return found


def data_of(settings: Settings) -> Path:
    folder = EmbeddedServer(settings.home, fsync=False).data_folder()
    assert folder is not None
    return folder


def test_several_processes_that_start_the_warehouse_at_once_start_one_server(make_settings: MakeSettings) -> None:
    settings = make_settings()
    command = [sys.executable, "-c", START, settings.home, settings.network_file]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    started = [subprocess.Popen(command, cwd=PROJECT, env=environment) for _ in range(3)]
    assert [process.wait(120) for process in started] == [0, 0, 0]
    assert len(postmasters(data_of(settings))) == 1
    assert Warehouse.of(settings).status().ready


def test_the_server_outlives_the_process_that_started_it_and_ends_with_down(make_settings: MakeSettings) -> None:
    settings = make_settings()
    warehouse = Warehouse.of(settings)
    subprocess.run(
        [sys.executable, "-c", START, settings.home, settings.network_file],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        check=True,
    )
    [postmaster] = postmasters(data_of(settings))
    warehouse.up()
    assert postmasters(data_of(settings)) == [postmaster]
    assert warehouse.down()
    assert postmasters(data_of(settings)) == []
    assert not warehouse.down()
    with pytest.raises(WarehouseUnreachable, match="edu up"):
        warehouse.connect(Role.ETL)


def test_a_killed_server_comes_back_with_its_data(make_settings: MakeSettings) -> None:
    settings = make_settings(EDU_PG_FSYNC=True)
    warehouse = Warehouse.of(settings)
    warehouse.up()
    with warehouse.connect(Role.ETL) as connection:
        connection.execute("create table etl.kept as select 42 as n")
    [postmaster] = postmasters(data_of(settings))
    os.kill(postmaster, signal.SIGKILL)
    warehouse.up()
    assert postmasters(data_of(settings)) != [postmaster]
    with warehouse.connect(Role.ETL) as connection:
        assert connection.execute("select n from etl.kept").fetchall() == [(42,)]


def test_purge_leaves_nothing(make_settings: MakeSettings) -> None:
    settings = make_settings()
    warehouse = Warehouse.of(settings)
    warehouse.up()
    data = data_of(settings)
    assert warehouse.down(purge=True)
    assert not data.exists()
    assert not data.parent.exists()
    assert list(settings.home.iterdir()) == []


def test_a_second_up_changes_nothing(platform: Platform) -> None:
    state = (
        "select xmin::text, shobj_description(oid, 'pg_database') from pg_database where datname = current_database()"
    )
    before = platform.query(state)
    platform.warehouse.up()
    assert platform.query(state) == before


def test_variables_of_libpq_do_not_lead_the_embedded_server_astray(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    astray = {"PGHOST": "192.0.2.1", "PGHOSTADDR": "192.0.2.1", "PGPORT": "1", "PGDATABASE": "x", "PGUSER": "nobody"}
    for name, value in astray.items():
        monkeypatch.setenv(name, value)
    assert platform.value("select current_user", role=Role.ETL) == "etl_user"


def test_the_address_that_the_environment_repeats_stays_embedded(platform: Platform) -> None:
    address = platform.warehouse.server.address()
    again = settings_for(
        platform.settings.home, platform.settings.network_file, pghost=address.host, pgport=address.port
    )
    assert Warehouse.of(again).server.kind == "embedded"


# -- a server of your own -----------------------------------------------------------------------


@pytest.fixture
def external(make_settings: MakeSettings) -> dict[str, object]:
    """Settings that point at a server of somebody else: a second embedded one, which is not set up."""
    server = EmbeddedServer(make_settings("theirs").home, fsync=False)
    server.start()
    user, password = server.administrator()
    assert password is not None
    address = server.address()
    return {"pghost": address.host, "pgport": address.port, "pguser": user, "pgpassword": password}


def test_a_server_of_your_own_is_set_up_and_used(make_settings: MakeSettings, external: dict[str, object]) -> None:
    settings = make_settings("ours", **external)
    warehouse = Warehouse.of(settings)
    warehouse.up()
    warehouse.up()
    with warehouse.connect(Role.ETL) as connection:
        assert connection.info.port == external["pgport"]
        assert connection.execute("select current_database()").fetchone() == ("edu_ours",)
    assert warehouse.status().kind == "external"
    assert warehouse.status().ready
    assert not (settings.home / "postgresql" / "server").exists()


def test_a_database_of_another_name_may_be_chosen(make_settings: MakeSettings, external: dict[str, object]) -> None:
    warehouse = Warehouse.of(make_settings("ours", **external, pgdatabase="chosen"))
    warehouse.up()
    with warehouse.connect(Role.DBT) as connection:
        assert connection.info.dbname == "chosen"


def test_a_server_of_your_own_is_never_stopped(make_settings: MakeSettings, external: dict[str, object]) -> None:
    warehouse = Warehouse.of(make_settings("ours", **external))
    warehouse.up()
    with pytest.raises(WarehouseRefused, match="did not start"):
        warehouse.down(purge=True)
    warehouse.connect(Role.ETL).close()


def test_a_second_machine_needs_the_passwords_of_the_first(
    make_settings: MakeSettings, external: dict[str, object]
) -> None:
    first, second = (Warehouse.of(make_settings(name, **external, pgdatabase="edu_shared")) for name in ("one", "two"))
    first.up()
    with pytest.raises(WarehouseRefused, match="password that this machine does not know"):
        second.up()
    first.connect(Role.ETL).close()


def test_a_database_of_another_network_is_refused(make_settings: MakeSettings, external: dict[str, object]) -> None:
    one = Warehouse.of(make_settings("one", **external, pgdatabase="edu_shared"))
    one.up()
    two = make_settings("two", **external, pgdatabase="edu_shared")
    passwords = Warehouse.of(two).server.password_file
    passwords.parent.mkdir(parents=True)
    passwords.write_bytes(one.server.password_file.read_bytes())
    with pytest.raises(WarehouseRefused, match="network one"):
        Warehouse.of(two).up()


def test_a_server_without_an_administrator_named_is_refused(
    make_settings: MakeSettings, external: dict[str, object]
) -> None:
    with pytest.raises(WarehouseRefused, match="PGUSER is not set"):
        Warehouse.of(make_settings("ours", **external | {"pguser": None})).up()


@pytest.mark.parametrize(
    ("host", "mode"),
    [
        ("db.example.org", "verify-full"),
        ("10.1.2.3", "verify-full"),
        ("2001:db8::1", "verify-full"),
        ("127.0.0.1,db.example.org", "verify-full"),
        ("127.0.0.1", "prefer"),
        ("127.0.0.9", "prefer"),
        ("::1", "prefer"),
        ("localhost", "prefer"),
        ("/var/run/postgresql", "prefer"),
    ],
)
def test_off_loopback_the_server_must_prove_who_it_is(tmp_path: Path, host: str, mode: str) -> None:
    server = ExternalServer(tmp_path, host=host, port=5432, user="u", password=None, sslmode=None)
    assert server.address().sslmode == mode
    assert is_local(host) == (mode == "prefer")
    weaker = ExternalServer(tmp_path, host=host, port=5432, user="u", password=None, sslmode="require")
    assert weaker.address().sslmode == "require"


def test_a_server_that_does_not_answer_is_said_with_the_way_out(make_settings: MakeSettings) -> None:
    settings = make_settings("ours", pghost="127.0.0.1", pgport=1, pguser="u", pgpassword="hunter2-Secret")
    with pytest.raises(WarehouseUnreachable, match="PGHOST") as told:
        Warehouse.of(settings).up()
    assert "hunter2-Secret" not in "".join(traceback.format_exception(told.value))
    assert not Warehouse.of(settings).status().running


# -- passwords ----------------------------------------------------------------------------------


def passwords_of(platform: Platform) -> list[str]:
    return [password.get_secret_value() for password in platform.warehouse.server.passwords().values()]


def test_passwords_are_long_and_different_and_their_file_is_private(platform: Platform) -> None:
    passwords = passwords_of(platform)
    assert len(set(passwords)) == len(passwords) == len(LOGIN_ROLES) + 1
    assert min(map(len, passwords)) >= 40
    assert platform.warehouse.server.password_file.stat().st_mode & 0o077 == 0


def test_passwords_are_in_no_status_and_no_representation(platform: Platform) -> None:
    shown = [
        platform.warehouse.status().model_dump_json(),
        repr(platform.warehouse),
        repr(platform.settings),
        platform.settings.model_dump_json(),
        repr(platform.warehouse.server.passwords()),
        json.dumps(platform.query("select rolname, shobj_description(oid, 'pg_authid') from pg_roles")),
        json.dumps(platform.query("select shobj_description(oid, 'pg_database') from pg_database")),
    ]
    with platform.warehouse.connect(Role.ETL) as connection:
        shown += [repr(connection), repr(connection.info)]
    assert [text for text in shown if any(password in text for password in passwords_of(platform))] == []


def test_passwords_are_in_no_error_and_no_log(
    platform: Platform, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(WarehouseUnreachable) as told:
        platform.warehouse.connect(Role.ETL, database="nowhere")
    with platform.warehouse.connect(Role.ETL) as connection:
        connection.execute("select 1")
        with pytest.raises(psycopg.errors.UndefinedTable) as failed:
            connection.execute("select from nowhere")
    log = platform.warehouse.server.log_file()
    texts = [
        "".join(traceback.format_exception(told.value)),
        "".join(traceback.format_exception(failed.value)),
        caplog.text,
        *capfd.readouterr(),
        log.read_text(),
    ]
    assert [text for text in texts if any(password in text for password in passwords_of(platform))] == []


def test_the_servers_log_holds_no_value_of_a_failed_statement(platform: Platform) -> None:
    with platform.warehouse.connect(Role.ETL, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("select 'Wilhelmina'::integer")
        with pytest.raises(psycopg.errors.UndefinedColumn):
            connection.execute("select Wilhelmina")
    assert "ilhelmina" not in platform.warehouse.server.log_file().read_text()


def test_the_server_accepts_a_password_only(platform: Platform) -> None:
    known = platform.warehouse.server.address()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host=known.host, port=known.port, user="etl_user", dbname=platform.warehouse.database, passfile="/nowhere"
        )
