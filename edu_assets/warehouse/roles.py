"""Roles, databases, schemas and grants: who may do what, least privilege from the first table on.

Belongs here: everything that an administrator does to a server for one network, idempotent and quick
to find done already. Does not belong here: tables of the raw zone (raw_zone/) and of gold
(dbt_project/), which their owners create; the server process (embedded.py).

| role | may |
|---|---|
| etl_user | owns the raw schemas, `etl` and `stage` |
| dbt_user | owns `gold`, `staging`, `reporting`; reads raw tables, and what etl_user publishes of `etl` |
| reporting_user, agent_user | read `reporting` |
| dagster_user | owns the Dagster storage database and sees no other |
| PUBLIC | nothing |
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from psycopg import Connection, errors, sql
from pydantic import SecretStr

from edu_assets.warehouse.errors import WarehouseRefused
from edu_assets.warehouse.locks import session_lock
from edu_assets.warehouse.passwords import fingerprint


class Role(StrEnum):
    """Who connects. The value is the role's name in the server, except that ADMIN is PGUSER on yours."""

    ADMIN = "admin"
    ETL = "etl_user"
    DBT = "dbt_user"
    REPORTING = "reporting_user"
    AGENT = "agent_user"
    DAGSTER = "dagster_user"


LOGIN_ROLES = (Role.ETL, Role.DBT, Role.REPORTING, Role.AGENT, Role.DAGSTER)
RAW_SCHEMAS = ("raw_zone", "raw_lms", "raw_billing", "raw_cert", "raw_history")
OWNED_SCHEMAS: Mapping[Role, tuple[str, ...]] = {
    Role.ETL: (*RAW_SCHEMAS, "etl", "stage"),
    Role.DBT: ("gold", "reporting", "staging"),
}
READERS = (Role.REPORTING, Role.AGENT)

MAINTENANCE_DATABASE = "postgres"
OLDEST_VERSION = 170000
"""COPY … ON_ERROR and the builtin C.UTF-8 locale came with PostgreSQL 17."""

CREATE_DATABASE = (
    "CREATE DATABASE {database} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8' "
    "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C'"
)
"""One collation on every machine: sort order, and so gold, must not depend on the host's locale."""


@dataclass(frozen=True)
class Site:
    """What is set up: a network's two databases."""

    network: str
    database: str
    dagster_database: str


def mark(site: Site, passwords: Mapping[str, SecretStr]) -> str:
    """The comment on a network's database that says: roles and grants of this version are in place."""
    text = "\n".join(statement.as_string(None) for statement in _grants(site))
    known = "".join(fingerprint(passwords[role]) for role in LOGIN_ROLES)
    digest = hashlib.sha256(f"{CREATE_DATABASE}{text}{known}".encode()).hexdigest()[:16]
    return f"{_network_mark(site.network)}; roles and grants {digest}"


def _network_mark(network: str) -> str:
    return f"edu_assets: network {network}"


def current_mark(connection: Connection) -> str | None:
    """The comment on the database that `connection` is in; any role may ask."""
    row = connection.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    return row[0] if row else None


def set_up_server(
    connection: Connection,
    site: Site,
    passwords: Mapping[str, SecretStr],
    *,
    may_reset: bool,
    close_to_public: bool,
) -> None:
    """Roles and databases, over an administrator's autocommit connection to the maintenance database.

    may_reset: give a role whose password is not known here the known one. Off for external servers,
    where another machine may be using the role. close_to_public: take the server's own databases from
    PUBLIC, which is ours to do on the embedded server only. Raises WarehouseRefused with the way out.
    """
    _require_version(connection)
    if close_to_public:
        connection.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
    for role in LOGIN_ROLES:
        _ensure_role(connection, role, passwords[role], may_reset=may_reset)
    admin = connection.execute("SELECT current_user").fetchone()
    assert admin is not None
    _ensure_database(connection, site.database, admin[0])
    _ensure_database(connection, site.dagster_database, Role.DAGSTER)


def set_up_database(connection: Connection, site: Site, passwords: Mapping[str, SecretStr]) -> None:
    """Schemas and grants of the network's database, in one transaction that ends with the mark."""
    _require_same_network(connection, site)
    for statement in _grants(site):
        connection.execute(statement)
    _comment_on_database(connection, site.database, mark(site, passwords))
    connection.commit()


def set_up_dagster_database(connection: Connection, site: Site) -> None:
    """Dagster's storage belongs to dagster_user alone; Dagster makes its tables in `public` itself."""
    connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(site.dagster_database)))
    _comment_on_database(connection, site.dagster_database, f"edu_assets: Dagster storage of network {site.network}")
    connection.commit()


@contextmanager
def one_at_a_time(connection: Connection) -> Iterator[None]:
    """Two processes that set up the same server take turns."""
    with session_lock(connection, "edu:warehouse"):
        yield


def _require_version(connection: Connection) -> None:
    if connection.info.server_version < OLDEST_VERSION:
        raise WarehouseRefused(
            f"the server is PostgreSQL {connection.info.parameter_status('server_version')}; "
            "edu_assets needs 17 or later. Upgrade it, or unset PGHOST to use the embedded server."
        )


def _ensure_role(connection: Connection, role: Role, password: SecretStr, *, may_reset: bool) -> None:
    found = connection.execute(
        "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls, "
        "shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s",
        [role],
    ).fetchone()
    if found and found[0]:
        raise WarehouseRefused(
            f"role {role} on this server has administrator's attributes, which edu_assets does not give "
            "it. Take them away (ALTER ROLE … NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION "
            "NOBYPASSRLS), or use another server."
        )
    expected = f"edu_assets: password {fingerprint(password)}"
    if found and found[1] == expected:
        return
    if found and not may_reset:
        raise WarehouseRefused(
            f"role {role} exists on this server with a password that this machine does not know. Copy "
            "the password file from the machine that set the server up (`edu status` there names it), "
            "or give every role a new password with `edu up --reset-passwords`."
        )
    verifier = connection.pgconn.encrypt_password(
        password.get_secret_value().encode(), role.encode(), b"scram-sha-256"
    ).decode()
    with connection.transaction():
        connection.execute(
            sql.SQL("{} ROLE {} LOGIN INHERIT PASSWORD {}").format(
                sql.SQL("ALTER" if found else "CREATE"), sql.Identifier(role), sql.Literal(verifier)
            )
        )
        connection.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(sql.Identifier(role), sql.Literal(expected)))
        _let_administrator_act_for(connection, role)


def _let_administrator_act_for(connection: Connection, role: Role) -> None:
    """An administrator who is no superuser may create a role, but not schemas for it, until granted so."""
    row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if row and not row[0]:
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE").format(sql.Identifier(role)))


def _ensure_database(connection: Connection, database: str, owner: str) -> None:
    exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
    if exists:
        return
    connection.execute(sql.SQL(CREATE_DATABASE).format(database=sql.Identifier(database), owner=sql.Identifier(owner)))


def _require_same_network(connection: Connection, site: Site) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise WarehouseRefused(f"database {site.database} has encoding {encoding}; edu_assets needs UTF8.")
    found = (current_mark(connection) or "").split(";")[0]
    if found.startswith("edu_assets:") and found != _network_mark(site.network):
        raise WarehouseRefused(
            f"database {site.database} holds something else already ({found.removeprefix('edu_assets: ')}), "
            f"so network {site.network} cannot use it. Unset PGDATABASE, or name another database."
        )


def _comment_on_database(connection: Connection, database: str, comment: str) -> None:
    connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(database), sql.Literal(comment)))


def _grants(site: Site) -> Iterator[sql.Composed | sql.SQL]:
    """Schemas and grants of a network's database, each statement idempotent."""
    database = sql.Identifier(site.database)
    yield sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database)
    yield sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    yield sql.SQL("ALTER DATABASE {} SET timezone TO 'UTC'").format(database)
    yield sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}, {}").format(
        database, sql.Identifier(Role.ETL), sql.Identifier(Role.DBT)
    )
    for owner, schemas in OWNED_SCHEMAS.items():
        # Functions are executable by PUBLIC unless the default is taken away for the owner as a whole.
        yield sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC").format(
            sql.Identifier(owner)
        )
        for schema in schemas:
            yield sql.SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(
                sql.Identifier(schema), sql.Identifier(owner)
            )
            yield sql.SQL("REVOKE ALL ON SCHEMA {} FROM PUBLIC").format(sql.Identifier(schema))
    yield from _dbt_reads_raw()
    for reader in READERS:
        yield sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(reader))
        yield from _readable(Role.DBT, "reporting", reader)


def _dbt_reads_raw() -> Iterator[sql.Composed | sql.SQL]:
    for schema in RAW_SCHEMAS:
        yield from _readable(Role.ETL, schema, Role.DBT)
    # No default for `etl`: quarantine, held rows and erased keys stay with etl_user, who grants the rest.
    yield sql.SQL("GRANT USAGE ON SCHEMA etl TO {}").format(sql.Identifier(Role.DBT))


def _readable(owner: Role, schema: str, reader: Role) -> Iterator[sql.Composed | sql.SQL]:
    names = {
        "owner": sql.Identifier(owner),
        "schema": sql.Identifier(schema),
        "reader": sql.Identifier(reader),
    }
    yield sql.SQL("GRANT USAGE ON SCHEMA {schema} TO {reader}").format(**names)
    yield sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {reader}").format(**names)
    yield sql.SQL(
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT SELECT ON TABLES TO {reader}"
    ).format(**names)
    yield sql.SQL(
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT EXECUTE ON FUNCTIONS TO {reader}"
    ).format(**names)


def explain_missing_rights(error: errors.InsufficientPrivilege, admin: str) -> WarehouseRefused:
    """What to ask of the server's administrator."""
    return WarehouseRefused(
        f"{admin} may not set up the roles and databases of edu_assets: {error.diag.message_primary}. "
        "Use an administrator in PGUSER for the first `edu up` (attributes CREATEROLE and CREATEDB are "
        "enough), or have one run it once."
    )
