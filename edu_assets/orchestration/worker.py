"""A Celery worker: a process that executes steps of runs which other processes have asked for.

Belongs here: what becomes of a step whose worker is lost. Does not belong here: the broker (executor.py).

A step is taken from Redis when it ends, not when it begins. While a worker lives it keeps telling Redis so, and a
step may take hours; when it was killed, or its machine is gone, Redis hands the step to another worker after
LOST_SECONDS, in the same run. Repeating a step is harmless: the term's advisory lock goes with the connection of
the process that held it, a load is a transaction, and gold is swapped in whole.

A worker executes one step at a time and keeps Dagster, dbt and the parsed project warm for the next.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import celery
import dagster as dg
from celery import bootsteps
from celery.exceptions import Ignore
from dagster._core.storage.tags import MAX_RETRIES_TAG
from dagster._grpc.types import ExecuteStepArgs
from dagster._serdes import unpack_value
from dagster_celery.executor import CeleryExecutor
from dagster_celery.make_app import make_app
from dagster_celery.tasks import create_task

from edu_assets.errors import EduError
from edu_assets.orchestration.executor import CELERY, LOST_SECONDS, require_broker
from edu_assets.orchestration.instance import environment
from edu_assets.warehouse import Warehouse

MOST_LOST = 1
"""How many workers a step may take with it before it is given up: a step that fills the memory kills every one."""


class WorkersLost(EduError):
    """A step has taken too many workers with it."""


def work(warehouse: Warehouse) -> None:
    """Execute steps until SIGTERM or Ctrl-C, which let the step in hand end. Raises BrokerUnusable."""
    address = require_broker(warehouse.settings)
    os.environ.update(environment(warehouse))
    executor = CeleryExecutor.for_cli(broker=address, backend=address, config_source=CELERY)
    app = make_app(executor.app_args())
    create_task(app, base=Step)
    app.steps["consumer"].add(StillWorking)
    app.worker_main(["worker", "--concurrency=1", f"--hostname=edu-{os.getpid()}@%h", "--loglevel=INFO"])


class Step(celery.Task):
    """dagster-celery's task, which executes one step of a run."""

    abstract = True
    acks_late = True
    reject_on_worker_lost = True
    resultrepr_maxsize = 40  # the result is every event of the step

    def before_start(self, task_id: str, args: Any, kwargs: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Pass over the step of a run that has ended meanwhile; give up one that takes its workers with it."""
        asked = unpack_value(kwargs["execute_step_args_packed"], as_type=ExecuteStepArgs)
        assert asked.instance_ref is not None
        assert asked.step_keys_to_execute is not None
        [step_key] = asked.step_keys_to_execute
        with dg.DagsterInstance.from_ref(asked.instance_ref) as instance:
            run = instance.get_run_by_id(asked.run_id)
            if run is None or run.is_finished:
                raise Ignore
            begun = instance.all_logs(
                run.run_id, of_type={dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_RESTARTED}
            )
            ended = asked.known_state.get_retry_state().get_attempt_count(step_key) if asked.known_state else 0
            lost = sum(entry.step_key == step_key for entry in begun) - ended
            if lost > MOST_LOST:
                instance.add_run_tags(run.run_id, {MAX_RETRIES_TAG: "0"})
                raise WorkersLost(
                    f"step {step_key} was begun {lost} times and each time its worker was killed; it is not begun "
                    "again. The usual reason is memory: look at the system's log of the workers' machines."
                )


class StillWorking(bootsteps.StartStopStep):
    """Tells Redis that the steps in hand are still being worked on.

    Redis knows of a message only when it was handed out, and would hand out again what takes longer than
    LOST_SECONDS, to a second worker beside the first.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, consumer: Any) -> None:
        self._timer = consumer.timer.call_repeatedly(LOST_SECONDS / 6, self._tell, (consumer.task_consumer.channel,))

    def stop(self, consumer: Any) -> None:  # noqa: ARG002
        self._timer.cancel()

    def _tell(self, channel: Any) -> None:
        in_hand = list(channel.qos._delivered)
        if in_hand:
            with channel.conn_or_acquire() as client:
                client.zadd(channel.unacked_index_key, dict.fromkeys(in_hand, time.time()), xx=True)
