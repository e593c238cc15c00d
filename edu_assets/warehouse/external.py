"""A PostgreSQL server that somebody else runs: PGHOST and the other names of libpq point at it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from edu_assets.warehouse.address import Address, is_local
from edu_assets.warehouse.errors import WarehouseRefused, WarehouseUnreachable
from edu_assets.warehouse.passwords import PasswordFile
from edu_assets.warehouse.placement import TRAVERSABLE, locked
from edu_assets.warehouse.roles import LOGIN_ROLES

ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})
"""Modes of libpq that never fall back to plain text."""


class ExternalServer:
    """The server at PGHOST. It is neither started nor stopped here."""

    kind = "external"
    own = False

    def __init__(
        self,
        edu_home: Path,
        *,
        host: str,
        port: int,
        user: str | None,
        password: SecretStr | None,
        sslmode: str | None,
    ) -> None:
        # Off loopback the default is the strictest mode: a weaker one has to be asked for by name.
        default = "prefer" if is_local(host) else "verify-full"
        self._address = Address(host=host, port=port, sslmode=sslmode or default)
        self._user = user
        self._password = password
        self._home = edu_home.absolute() / "postgresql"
        name = re.sub(r"[^A-Za-z0-9.]+", "_", f"{host}_{port}")
        self._password_file = PasswordFile(self._home / f"{name}.passwords.json")

    def address(self) -> Address:
        return self._address

    def administrator(self) -> tuple[str, SecretStr | None]:
        """PGUSER and PGPASSWORD; without a password libpq looks into its own password file."""
        if not self._user:
            raise WarehouseRefused(
                f"PGHOST points at {self._address}, but PGUSER is not set. Set it to a role with "
                "CREATEROLE and CREATEDB (and PGPASSWORD), or unset PGHOST to use the embedded server."
            )
        return self._user, self._password

    def passwords(self) -> Mapping[str, SecretStr]:
        passwords = self._password_file.read()
        if not passwords:
            raise WarehouseUnreachable(
                f"the roles on {self._address} are not known to this machine. Run `edu up`, or copy "
                f"{self._password_file.path} from the machine that set the server up."
            )
        return passwords

    @property
    def password_file(self) -> Path:
        return self._password_file.path

    def start(self) -> None:
        """Nothing to start; makes sure that each role has a password here."""
        self._home.mkdir(mode=TRAVERSABLE, parents=True, exist_ok=True)
        with locked(self._home / "lock"):
            self._password_file.complete(LOGIN_ROLES)

    def not_ours_to_stop(self) -> WarehouseRefused:
        return WarehouseRefused(
            f"PGHOST points at {self._address}, a server that edu_assets did not start, so `edu down` does "
            "not stop it. Unset PGHOST to stop the embedded one."
        )
