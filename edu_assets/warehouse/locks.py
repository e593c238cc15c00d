"""Advisory locks by name, and the names that several packages share.

A load of a term and a gold build of the term take the same lock, each where it does its work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection

TERM = "edu:term:"
"""Followed by the term key: held by a load while it applies the term, by gold while it builds it."""


RUN = "edu:run:"
"""Followed by a run id: held by the command that executes the run itself, for as long as it lives."""


@contextmanager
def session_lock(connection: Connection, name: str) -> Iterator[None]:
    """Hold a lock for the time of the block; waits for whoever holds it. The server frees it with the session."""
    connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [name])
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def is_held(connection: Connection, name: str) -> bool:
    """Whether a living session holds the lock."""
    row = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [name]).fetchone()
    free = bool(row and row[0])
    if free:
        connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [name])
    return not free
