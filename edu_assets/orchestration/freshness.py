"""How long a source may be silent: from one declaration, the contract's `freshness_days`.

Belongs here: pure functions over the school calendar. Does not belong here: when a slice arrived
(raw_rules.py asks the load log).

Three readers. Dagster's freshness policy knows one window and the last materialisation of any partition,
so its window exceeds the longest closure and it never cries in a holiday. dbt's source freshness counts the same
days as the check (gold/generate.py), over all terms at once. The check per term is the authority and the one that
alerts.
"""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta

import dagster as dg

from edu_assets.network import Network
from edu_assets.school_calendar import Term

ASKED_AT_HOUR = 7
"""When a day's sources are asked for, in the network's zone: after the night's exports, before the school day."""


def longest_closure(network: Network) -> int:
    """The longest run of days on which no school is in session; the summer is one."""
    days = [day for day, in_session in network.counting_days.items() if in_session]
    return max(((later - earlier).days - 1 for earlier, later in itertools.pairwise(days)), default=0)


def freshness_policy(network: Network, freshness_days: int) -> dg.FreshnessPolicy:
    """The policy of an asset whose source may be silent for `freshness_days` while school is in session."""
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(days=longest_closure(network) + freshness_days + 1))


def days_silent(network: Network, last_arrival: date, today: date) -> int:
    """Days from the last arrival to today that count (Network.counting_days)."""
    return sum(last_arrival < day <= today for day in network.counting_days)


def is_late(network: Network, freshness_days: int, last_arrival: date, today: date) -> bool:
    """Whether silence is an error today: only on a school day, only after `freshness_days` that count.

    Where nothing has arrived yet, the first day of instruction stands for the last arrival.
    """
    if not network.counting_days.get(today, False):
        return False
    return days_silent(network, last_arrival, today) > freshness_days


def asked_about(now: datetime) -> datetime:
    """The moment that decides whether a source is late: before the hour it is yesterday's."""
    return now if now.hour >= ASKED_AT_HOUR else (now - timedelta(days=1)).replace(hour=ASKED_AT_HOUR)


def last_day_in_session(network: Network, day: date) -> date | None:
    """The day itself where any school is in session, else the last one before it; None before the first."""
    return max((each for each, in_session in network.counting_days.items() if in_session and each <= day), default=None)


def current_terms(network: Network, today: date) -> list[Term]:
    """The terms whose administrative interval holds the day; several where terms overlap."""
    return [term for term in network.calendar.ordered_terms() if term.administrative.contains(today)]
