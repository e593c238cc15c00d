"""Advisory locks by name, held by a session until it lets go or ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection


@contextmanager
def session_lock(connection: Connection, name: str) -> Iterator[None]:
    """Hold a lock for the time of the block; waits for whoever holds it. The server frees it with the session."""
    connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [name])
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [name])
