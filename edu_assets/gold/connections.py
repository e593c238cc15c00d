"""dbt's connections to PostgreSQL: one a thread for a whole command, where dbt opens one for every node.

Belongs here: how a connection goes from one node to the next. Does not belong here: what dbt does with it
(commands.py). It imports dbt, which takes seconds: import it only where dbt is run.
"""

from __future__ import annotations

import psycopg2
from dbt.adapters.contracts.connection import Connection, ConnectionState
from dbt.adapters.postgres.connections import PostgresConnectionManager


class KeptConnections(PostgresConnectionManager):
    """Hands a thread's connection to its next node as if it were new, but for what it remembers of catalogs.

    A new one has to be let in, and reads all that it asks for from the catalogs once more: more than the statements
    themselves take in a small network.
    """

    def release(self) -> None:
        connection = self.get_if_exists()
        if connection is None or connection.state != ConnectionState.OPEN or not _is_of_a_node(connection):
            super().release()
            return
        try:
            connection.handle.rollback()
            connection.transaction_open = False
            connection.handle.autocommit = True
            with connection.handle.cursor() as cursor:
                cursor.execute("discard all")  # temporary tables, locks of the session, settings
            connection.handle.autocommit = False
        except psycopg2.Error:
            super().release()  # it was cut off: the next node opens its own


def _is_of_a_node(connection: Connection) -> bool:
    """Connections are named by the node that has them, e.g. `model.edu_assets.dim_student`, or by what dbt asks."""
    return "." in (connection.name or "")
