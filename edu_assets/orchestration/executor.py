"""Where the steps of a run are executed: in the run's own process, or on Celery workers.

Belongs here: the one setting EDU_BROKER and all that follows from it for both ends, who asks and who works.
Does not belong here: the worker itself (worker.py), how many runs there are at once (instance.py).

Celery distributes steps, not runs: Dagster's CeleryRunLauncher takes a killed worker for a running one for ever,
since Celery's word of it stays "started", and ignores the message when Redis delivers it again; a step that is
delivered again ends in the same run. What is executed in the process of a command (`edu pipeline`,
`edu backfill`) stays there.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import dagster as dg

from edu_assets.errors import EduError, Exit
from edu_assets.settings import BROKER, Settings

LOST_SECONDS = 30
"""A worker that says nothing for so long is lost, and its step goes to another. By the clocks of the workers'
machines, which must agree to a few seconds."""

CELERY = {
    "broker_transport_options": {
        "visibility_timeout": LOST_SECONDS,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        # what a worker that is killed while it hands on lost steps would leave behind; by default five minutes
        "unacked_mutex_expire": LOST_SECONDS,
        "max_retries": 3,
        "interval_start": 0,
        "interval_step": 0.2,
        "interval_max": 0.5,
    },
    "broker_connection_retry_on_startup": True,
    "worker_prefetch_multiplier": 1,
}
"""Celery's settings, the same for who asks and who works."""

ANSWER_SECONDS = 5
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class BrokerUnusable(EduError):
    """Redis does not answer, or may not be used as EDU_BROKER says; the message holds no password."""

    exit_code = Exit.UNREACHABLE


def executor(settings: Settings) -> dg.ExecutorDefinition:
    """The executor of every job. The broker's address, which holds a password, stays in the environment."""
    if settings.broker is None:
        # A run is one process: gold is one dbt build, and a process a step would pay start-up for each.
        return dg.in_process_executor
    from dagster_celery import celery_executor  # whoever has no broker need not wait for it

    address = {"env": BROKER}
    return celery_executor.configured({"broker": address, "backend": address, "config_source": CELERY}, name="celery")


def require_broker(settings: Settings) -> str:
    """The broker's address, once it has answered. Raises BrokerUnusable with what to do."""
    import redis

    if settings.broker is None:
        raise BrokerUnusable(f"{BROKER} names no broker, so steps run in the process of their run and need no worker")
    address = settings.broker.get_secret_value()
    try:
        known = urlsplit(address)
        where = f"{known.hostname}:{known.port or 6379}"
    except ValueError as error:
        raise BrokerUnusable(f"{BROKER} is no address: {error}") from None
    if known.scheme not in ("redis", "rediss"):
        raise BrokerUnusable(f"{BROKER} must begin with redis:// or rediss://")
    if known.scheme == "redis" and known.hostname not in LOOPBACK:
        raise BrokerUnusable(
            f"{BROKER} names {where} without TLS: whoever writes to the broker decides what workers run, so off this "
            "machine it is rediss://:PASSWORD@HOST:PORT/0?ssl_cert_reqs=required"
        )
    try:
        with redis.Redis.from_url(
            address, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS
        ) as asked:
            asked.ping()
    except (redis.RedisError, ValueError) as error:
        raise BrokerUnusable(f"Redis at {where} ({BROKER}) cannot be used: {error}") from error
    return address
