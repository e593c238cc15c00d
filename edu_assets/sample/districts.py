"""How the systems of the two sample LEAs export: identifiers, line ends, quoting, dates.

Belongs here: what differs between the vendors. Does not belong here: what is exported (oneroster.py,
attendance.py). Whether end dates are inclusive stands in the network file, which the loader reads.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from edu_assets.network import Network, School
from edu_assets.school_calendar import DeclarationError

BOM = "\ufeff"


def _readable_guid(kind: str, key: str) -> str:
    return f"{kind}.{key}"


@cache
def _uuid(kind: str, key: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"https://sis.south.example.org/{kind}/{key}"))


def _iso(day: date) -> str:
    return day.isoformat()


def _us(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


@dataclass(frozen=True)
class District:
    """One LEA, its two feeds and the habits of their systems.

    guid: sourcedId of (kind, key) in the LEA's student information system.
    district_courses: courses belong to the district rather than to each school.
    sends_passwords: whether users carry an initial password.
    mixed_deltas: delta packages repeat orgs and academicSessions in bulk mode.
    attendance_files: whether the attendance office sends a file a month or a term.
    half_days: how half and whole days are written in AbsenceValue, by halves missed.
    last_school_sends: of what the attendance of the district's last school is known in the last days of all, of which
    its office sends no daily file any more (periods.py).
    """

    lea_id: str
    short_name: str
    sis_feed: str
    attendance_feed: str
    guid: Callable[[str, str], str]
    line_end: str
    quote_all: bool
    district_courses: bool
    sends_passwords: bool
    mixed_deltas: bool
    attendance_files: Literal["month", "term"]
    attendance_bom: str
    attendance_date: Callable[[date], str]
    half_days: tuple[str, str, str]
    last_school_sends: Literal["periods", "taps"]

    def csv(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        """RFC 4180 text in this district's dialect."""
        text = io.StringIO()
        quoting: Literal[0, 1] = csv.QUOTE_ALL if self.quote_all else csv.QUOTE_MINIMAL
        writer = csv.writer(text, lineterminator=self.line_end, quoting=quoting)
        writer.writerow(header)
        writer.writerows(rows)
        return text.getvalue()

    def schools(self, network: Network) -> list[School]:
        return [school for school in network.schools if school.lea_id == self.lea_id]


NORTH = District(
    lea_id="010",
    short_name="north",
    sis_feed="north_sis",
    attendance_feed="north_attendance",
    guid=_readable_guid,
    line_end="\n",
    quote_all=False,
    district_courses=True,
    sends_passwords=False,
    mixed_deltas=False,
    attendance_files="month",
    attendance_bom="",
    attendance_date=_iso,
    half_days=("0", "0.5", "1"),
    last_school_sends="taps",
)

SOUTH = District(
    lea_id="020",
    short_name="south",
    sis_feed="south_sis",
    attendance_feed="south_attendance",
    guid=_uuid,
    line_end="\r\n",
    quote_all=True,
    district_courses=False,
    sends_passwords=True,
    mixed_deltas=True,
    attendance_files="term",
    attendance_bom=BOM,
    attendance_date=_us,
    half_days=("0.00", "0.50", "1.00"),
    last_school_sends="periods",
)


def districts(network: Network) -> tuple[District, ...]:
    """The sample's districts. Raises DeclarationError where the network file lacks what they need."""
    known = (NORTH, SOUTH)
    feeds = {feed for district in known for feed in (district.sis_feed, district.attendance_feed)}
    leas = {school.lea_id for school in network.schools}
    missing = sorted(feeds - set(network.feeds)) + sorted(
        f"LEA {district.lea_id}" for district in known if district.lea_id not in leas
    )
    if missing or leas - {district.lea_id for district in known}:
        raise DeclarationError(
            f"network {network.name!r} cannot be simulated: the sample writes for the LEAs and feeds of "
            f"networks/sample.yaml{', and these are missing: ' + ', '.join(missing) if missing else ''}"
        )
    return known
