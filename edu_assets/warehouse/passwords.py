"""Passwords of the roles: generated once a server, kept in a file that only its owner can read.

Does not belong here: the administrator's password of an external server, which stays in PGPASSWORD or
in libpq's own password file.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import SecretStr

from edu_assets.warehouse.errors import WarehouseRefused

OWNER_ONLY = 0o600


def write_private(path: Path, content: str) -> None:
    """Write a file of mode 0600 whole or not at all."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, OWNER_ONLY)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    unfinished.replace(path)


def read_private(path: Path) -> str | None:
    """The content of a private file, None where there is none; WarehouseRefused if it is another user's."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise WarehouseRefused(
            f"{path} belongs to another user. Run this command as the user who started the warehouse, "
            "or set EDU_HOME to a folder of your own."
        ) from error


def fingerprint(password: SecretStr) -> str:
    """Tells two passwords apart without giving them away: they are 256 random bits, so a hash is safe."""
    return hashlib.sha256(password.get_secret_value().encode()).hexdigest()[:16]


class PasswordFile:
    """A JSON file `{role: password}`. The caller holds the server's lock while it creates."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Mapping[str, SecretStr]:
        """The passwords by role name; empty where the file does not exist."""
        content = read_private(self.path)
        if content is None:
            return {}
        return {role: SecretStr(password) for role, password in json.loads(content).items()}

    def complete(self, roles: Iterable[str]) -> Mapping[str, SecretStr]:
        """The passwords, with a new one for each of `roles` that has none."""
        known = dict(self.read())
        missing = [role for role in roles if role not in known]
        if missing:
            known |= {role: SecretStr(secrets.token_urlsafe(32)) for role in missing}
            plain = {role: password.get_secret_value() for role, password in sorted(known.items())}
            write_private(self.path, json.dumps(plain, indent=1) + "\n")
        return known
