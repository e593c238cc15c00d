"""How long a source may be silent: from one declaration, the contract's `freshness_days`.

Belongs here: pure functions over the school calendar. Does not belong here: when a slice arrived
(raw_checks.py asks the load log).

Two readers. Dagster's freshness policy knows one window and the last materialisation of any partition,
so its window exceeds the longest closure and it never cries in a holiday. The check per term knows the
calendar; it is the authority and the one that alerts.
"""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import dagster as dg

from edu_assets.network import Network
from edu_assets.school_calendar import Term


def longest_closure(network: Network) -> int:
    """The longest run of days between two school days of the network's calendar; the summer is one."""
    calendar = network.calendar
    days = sorted({day for term in calendar.ordered_terms() for day in calendar.school_days(term)})
    return max(((later - earlier).days - 1 for earlier, later in itertools.pairwise(days)), default=0)


def freshness_policy(network: Network, freshness_days: int) -> dg.FreshnessPolicy:
    """The policy of an asset whose source may be silent for `freshness_days` while school is in session."""
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(days=longest_closure(network) + freshness_days + 1))


def days_in_session(network: Network, first: date, last: date) -> set[date]:
    """The days from `first` to `last`, both included, on which any school of the network is in session."""
    days: set[date] = set()
    for term in network.calendar.ordered_terms():
        for school in (None, *(school.calendar for school in network.schools)):
            interval = network.calendar.instructional(term, school)
            if interval.start <= last and interval.end > first:
                days.update(network.calendar.school_days(term, school))
    return {day for day in days if first <= day <= last}


def days_silent(network: Network, last_arrival: date, today: date) -> int:
    """Days from the last arrival to today. A weekend counts; a closure does not, nor a weekend beside it.

    What came on Friday is three days old on Monday, and one day old on the Monday after a week of
    holidays.
    """
    in_session = days_in_session(network, last_arrival, today)
    silent = 0
    pause: list[date] = []
    for offset in range(1, (today - last_arrival).days + 1):
        day = last_arrival + timedelta(offset)
        if day not in in_session:
            pause.append(day)
            continue
        is_closure = any(closed.weekday() in network.calendar.school_weekdays for closed in pause)
        silent += 1 if is_closure else 1 + len(pause)
        pause = []
    return silent


def is_late(network: Network, freshness_days: int, last_arrival: date, today: date) -> bool:
    """Whether silence is an error today: only on a school day, only after `freshness_days` that count.

    Where nothing has arrived yet, the first day of instruction stands for the last arrival.
    """
    if not days_in_session(network, today, today):
        return False
    return days_silent(network, last_arrival, today) > freshness_days


def current_terms(network: Network, today: date) -> list[Term]:
    """The terms whose administrative interval holds the day; several where terms overlap."""
    return [term for term in network.calendar.ordered_terms() if term.administrative.contains(today)]
