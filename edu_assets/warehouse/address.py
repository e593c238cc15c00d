"""Where a PostgreSQL server listens and how a client may talk to it."""

from __future__ import annotations

from dataclasses import dataclass

from edu_assets.hosts import is_loopback


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
    return all(one.startswith(("/", "@")) or is_loopback(one) for one in map(str.strip, host.split(",")))
