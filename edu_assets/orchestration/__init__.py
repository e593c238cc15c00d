"""Dagster: every raw table and gold model as an asset, by term, checked, and what sets it going.

Belongs here and in `edu_assets.definitions`: everything that knows Dagster. Does not belong here: how a
file is loaded (raw_zone/), how gold is built (gold/); both work without Dagster, which is imported
nowhere else. One concept a module:

    partitions      academic year × term
    freshness       how long silence may last, by the school calendar
    raw_assets      one asset a contract           raw_checks   their checks
    gold_assets     one asset a dbt model, dbt tests as its checks
    jobs            arrivals, gold, checks         outbox       what the load log asks of Dagster
    sensors         files, outbox                  schedules    once a day
    instance        dagster.yaml and the storage   backfill     terms in this warm process
    executor        where steps run: the one setting EDU_BROKER
    worker          a Celery worker                launcher     whether a run's process is still there
    retention       which runs are forgotten
    pipeline        from nothing to checked marts  ui           code server, webserver and daemon

This file imports nothing, so that `edu pipeline` with nothing to do never pays for Dagster's import.
"""
