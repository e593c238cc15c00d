"""Whether the process of a run is still there.

Belongs here: what run monitoring asks of a run. Does not belong here: what follows from the answer (instance.py).

A code server reports the death of a run's process that it has started. Where it died too (a machine that went
down, a container that was killed), and where a command like `edu backfill` was killed, Dagster's default launcher
tells run monitoring nothing, and the run would hold its term and its place in the queue.
"""

from typing import TYPE_CHECKING

import grpc
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

from edu_assets.settings import Settings
from edu_assets.warehouse import Role, Warehouse, locks

if TYPE_CHECKING:
    from dagster import DagsterRun

EXECUTED_BY = "edu/executed_by"
"""Tag of a run that a command executes in its own process, holding the lock of the run meanwhile."""

HERE = CheckRunHealthResult(WorkerStatus.RUNNING)


class WatchedRunLauncher(DefaultRunLauncher):
    """dagster.yaml's `run_launcher`: the default one, with an answer to whether a run's process is gone.

    What is executed in other ways, e.g. by `dagster job execute`, is not judged.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: "DagsterRun") -> CheckRunHealthResult:
        return self._of_command(run.run_id) if EXECUTED_BY in run.tags else self._of_code_server(run.run_id)

    def _of_command(self, run_id: str) -> CheckRunHealthResult:
        with Warehouse.of(Settings()).connect(Role.ETL, autocommit=True, application_name="edu monitor") as connection:
            if locks.is_held(connection, locks.RUN + run_id):
                return HERE
        return CheckRunHealthResult(WorkerStatus.FAILED, "the command that executed the run was killed")

    def _of_code_server(self, run_id: str) -> CheckRunHealthResult:
        """Gone where nothing listens any more where the run came from; one that is slow to answer is there."""
        client = self._get_grpc_client_for_termination(run_id)
        if client is None:
            return HERE
        try:
            client.ping("")
        except DagsterUserCodeUnreachableError as error:
            if isinstance(error.__cause__, grpc.RpcError) and error.__cause__.code() is grpc.StatusCode.UNAVAILABLE:
                return CheckRunHealthResult(WorkerStatus.FAILED, "the code server that had started the run is gone")
        return HERE
