"""Warehouse: the handle on one network's databases that the rest of edu_assets uses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from pydantic import BaseModel, SecretStr

from edu_assets.settings import Settings
from edu_assets.warehouse import roles
from edu_assets.warehouse.embedded import EmbeddedServer
from edu_assets.warehouse.errors import WarehouseRefused, WarehouseUnreachable
from edu_assets.warehouse.external import ExternalServer
from edu_assets.warehouse.roles import MAINTENANCE_DATABASE, Role

CONNECT_SECONDS = 10


class DatabaseStatus(BaseModel):
    """A database that edu_assets set up; `holds` is what its mark says, `bytes` its size on disk."""

    name: str
    holds: str
    bytes: int


class ServerStatus(BaseModel):
    """What `edu status` shows. `problem` says why a server does not answer; sizes are bytes."""

    kind: str
    running: bool
    host: str | None = None
    port: int | None = None
    version: str | None = None
    network: str
    database: str
    ready: bool = False
    databases: list[DatabaseStatus] = []
    data_folder: Path | None = None
    data_bytes: int | None = None
    log_file: Path | None = None
    password_file: Path
    left_behind: list[Path] = []
    problem: str | None = None


@dataclass(frozen=True)
class Warehouse:
    """The databases of one network. Making a handle starts nothing and connects to nothing.

    Every process makes its own; the handle keeps no connection and reads the server's port anew each
    time, so that it stays right when the embedded server is started again on another one.
    """

    settings: Settings

    @classmethod
    def of(cls, settings: Settings) -> Warehouse:
        """The warehouse that the environment names: the embedded server's, or PGHOST's."""
        return cls(settings)

    @property
    def database(self) -> str:
        """`edu_<network>`, or PGDATABASE."""
        return self.settings.pgdatabase or f"edu_{self.settings.network.name}"

    @property
    def dagster_database(self) -> str:
        """The second database of the network, Dagster's storage."""
        return f"{self.database}_dagster"

    @cached_property
    def server(self) -> EmbeddedServer | ExternalServer:
        settings = self.settings
        embedded = EmbeddedServer(settings.home, fsync=settings.pg_fsync)
        # `edu db env` exports the embedded server's own address for stock tools; it stays embedded.
        if settings.pghost is None or embedded.listens_at(settings.pghost, settings.pgport):
            return embedded
        return ExternalServer(
            settings.home,
            host=settings.pghost,
            port=settings.pgport,
            user=settings.pguser,
            password=settings.pgpassword,
            sslmode=settings.pgsslmode,
        )

    def up(self, *, reset_passwords: bool = False) -> None:
        """Start the embedded server if it is not running, and set up roles, databases, schemas, grants.

        Idempotent, safe from many processes at once, and a few hundredths of a second when all is in place.
        reset_passwords: also give the roles of an external server this machine's passwords. Raises
        WarehouseUnreachable or WarehouseRefused.
        """
        if self._is_set_up():
            return
        self.server.start()
        if not self._is_set_up():
            self._set_up(may_reset=reset_passwords or self.server.own)

    def down(self, *, purge: bool = False) -> bool:
        """Stop the embedded server; True if it ran. purge: delete every database of EDU_HOME with it.

        Raises WarehouseRefused for an external server.
        """
        server = self.server
        if isinstance(server, ExternalServer):
            raise server.not_ours_to_stop()
        return server.stop(purge=purge)

    def connect(
        self,
        role: Role,
        *,
        database: str | None = None,
        autocommit: bool = False,
        application_name: str | None = None,
    ) -> psycopg.Connection:
        """A connection of one role. Raises WarehouseUnreachable, never with a password in its text."""
        try:
            return psycopg.connect(**self._parameters(role, database, application_name), autocommit=autocommit)
        except psycopg.OperationalError as error:
            if isinstance(error, WarehouseUnreachable):
                raise
            raise WarehouseUnreachable(self._explain(error)) from error

    def url(self, role: Role, database: str | None = None) -> str:
        """A libpq URL with the role's password in it: for a program's input, never for a log."""
        known = self._parameters(role, database)
        login = quote(known["user"], safe="")
        if "password" in known:
            login += ":" + quote(known["password"], safe="")
        host = f"[{known['host']}]" if ":" in known["host"] else quote(known["host"], safe=",")
        return (
            f"postgresql://{login}@{host}:{known['port']}/{quote(known['dbname'], safe='')}?sslmode={known['sslmode']}"
        )

    def environment(self, role: Role, database: str | None = None) -> dict[str, str]:
        """libpq's variables for a child process (`dbt`, `psql`), the password among them."""
        known = self._parameters(role, database)
        named = {
            "PGHOST": known["host"],
            "PGPORT": str(known["port"]),
            "PGDATABASE": known["dbname"],
            "PGUSER": known["user"],
            "PGSSLMODE": known["sslmode"],
        }
        return named | ({"PGPASSWORD": known["password"]} if "password" in known else {})

    def status(self) -> ServerStatus:
        """What runs, where, and how large it is; never raises because a server is away."""
        server = self.server
        status = ServerStatus(
            kind=server.kind,
            running=False,
            network=self.settings.network.name,
            database=self.database,
            password_file=server.password_file,
        )
        if isinstance(server, EmbeddedServer):
            status.data_folder = server.data_folder()
            status.data_bytes = server.disk_bytes()
            status.log_file = server.log_file()
            status.left_behind = server.left_behind()
        try:
            address = server.address()
            status.host, status.port = address.host, address.port
            with self.connect(Role.ADMIN, database=MAINTENANCE_DATABASE, application_name="edu status") as admin:
                status.running = True
                status.version = admin.info.parameter_status("server_version")
                status.databases = _databases(admin)
        except (WarehouseUnreachable, WarehouseRefused) as error:
            status.problem = str(error)
        status.ready = status.running and self._is_set_up()
        return status

    def _site(self) -> roles.Site:
        return roles.Site(
            network=self.settings.network.name,
            database=self.database,
            dagster_database=self.dagster_database,
        )

    def _is_set_up(self) -> bool:
        """Asked as etl_user, so that an external server's administrator is needed only to set up."""
        try:
            expected = roles.mark(self._site(), self.server.passwords())
            with self.connect(Role.ETL, autocommit=True, application_name="edu up") as connection:
                return roles.current_mark(connection) == expected
        except WarehouseUnreachable:
            return False

    def _set_up(self, *, may_reset: bool) -> None:
        site, passwords = self._site(), self.server.passwords()
        own = self.server.own
        try:
            with (
                self._administer(MAINTENANCE_DATABASE, autocommit=True) as server,
                roles.one_at_a_time(server),
            ):
                roles.set_up_server(server, site, passwords, may_reset=may_reset, close_to_public=own)
                with self._administer(site.database) as connection:
                    roles.set_up_database(connection, site, passwords)
                with self._administer(site.dagster_database) as connection:
                    roles.set_up_dagster_database(connection, site)
        except psycopg.errors.InsufficientPrivilege as error:
            raise roles.explain_missing_rights(error, self.server.administrator()[0]) from error

    def _administer(self, database: str, *, autocommit: bool = False) -> psycopg.Connection:
        return self.connect(Role.ADMIN, database=database, autocommit=autocommit, application_name="edu up")

    def _parameters(self, role: Role, database: str | None, application_name: str | None = None) -> dict[str, Any]:
        """Keywords of psycopg.connect."""
        address = self.server.address()
        user, password = self._login(role)
        default = self.dagster_database if role is Role.DAGSTER else self.database
        known: dict[str, Any] = {
            "host": address.host,
            "port": address.port,
            "user": user,
            "dbname": database or default,
            "sslmode": address.sslmode,
            "connect_timeout": CONNECT_SECONDS,
            "application_name": application_name or "edu_assets",
        }
        if password is not None:
            known["password"] = password.get_secret_value()
        if address.embedded:
            # Another program on our port, after the server went away, gets no password from us.
            # PGHOSTADDR of the environment would go before the host.
            known |= {"require_auth": "scram-sha-256", "gssencmode": "disable", "hostaddr": address.host}
        return known

    def _login(self, role: Role) -> tuple[str, SecretStr | None]:
        if role is Role.ADMIN:
            return self.server.administrator()
        return role.value, self.server.passwords()[role]

    def _explain(self, error: psycopg.OperationalError) -> str:
        reason = " ".join(str(error).split())
        way_out = (
            "Start the server with `edu up`."
            if self.server.own
            else "Look at PGHOST, PGPORT, PGUSER, PGPASSWORD, PGSSLMODE, or unset PGHOST for the embedded one."
        )
        return f"PostgreSQL at {self.server.address()} cannot be used: {reason}. {way_out}"


def _databases(admin: psycopg.Connection) -> list[DatabaseStatus]:
    found = admin.execute(
        "SELECT datname, split_part(shobj_description(oid, 'pg_database'), ';', 1), pg_database_size(oid) "
        "FROM pg_database WHERE shobj_description(oid, 'pg_database') LIKE 'edu_assets: %' "
        "AND has_database_privilege(oid, 'CONNECT') ORDER BY datname"
    ).fetchall()
    return [
        DatabaseStatus(name=name, holds=holds.removeprefix("edu_assets: "), bytes=size) for name, holds, size in found
    ]
