"""Where a PostgreSQL server listens and how a client may talk to it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass


@dataclass(frozen=True)
class Address:
    """host, port and sslmode are libpq's. `embedded`: the server is our own, so only SCRAM is accepted."""

    host: str
    port: int
    sslmode: str
    embedded: bool = False

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def is_local(host: str) -> bool:
    """Whether every host of a libpq host list stays on this machine (loopback or a Unix socket)."""
    return all(_one_is_local(one.strip()) for one in host.split(","))


def _one_is_local(host: str) -> bool:
    if host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
