"""The network file `networks/<name>.yaml`: one school network, its calendar, schools and feeds.

Belongs here: the declaration and its reading. Does not belong here: secrets and machine settings
(settings.py), the look of a source table (contracts/).
"""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from edu_assets.landing import Landing, S3Landing, SftpLanding
from edu_assets.school_calendar import DeclarationError, SchoolCalendar, SchoolDates

if TYPE_CHECKING:
    from edu_assets.contracts.base import Contract

MOST_TOLD = 10
"""Faults of a network file that an error lists: what is wrong with one school is often wrong with hundreds."""


class EndDates(StrEnum):
    """What an end date of a feed means. OneRoster says exclusive; exports differ."""

    EXCLUSIVE = "exclusive"
    INCLUSIVE = "inclusive"


class DailyAttendance(BaseModel):
    """Of what a student's day is made where no daily file states the school's day: the names of a method for
    `periods` and of one for `taps` in the seed rule_daily_attendance. None: no day is made of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    periods: str | None = None
    taps: str | None = None


SchoolId = Annotated[str, Field(min_length=1)]
"""An empty one would be that of every row which names no school."""


class School(BaseModel):
    """A school of the network. `school_id` is the identifier that every feed's rows resolve to
    (OneRoster `orgs.identifier`, else its sourcedId); `also` are others by which systems name it, e.g. the integer of
    an Ed-Fi ODS, which has no leading zeros. `capacity` is seats by grade. Its own `daily_attendance` takes the place
    of the network's as a whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    school_id: SchoolId
    also: tuple[SchoolId, ...] = ()
    name: str
    lea_id: str
    lea_name: str
    calendar: SchoolDates = Field(default_factory=SchoolDates)
    capacity: dict[str, int] = Field(default_factory=dict)
    daily_attendance: DailyAttendance | None = None


class Feed(BaseModel):
    """A system instance: one space of source keys, whoever sends.

    `landing` is the folder in which its files arrive, relative to the network's landing zone, or to
    the project where it starts with a dot; or a remote place (landing.py).

    `effective_dates` says what files do not say themselves: the effective date of all that lies in a
    folder of the landing place, by the folder's path below it (`.` is the place itself). It gives the
    order in which drops are loaded, and an older drop that arrives late waits for a person.

    `attendance` says what silence means where a system sends events of attendance: `exceptions`, that all others were
    there (Ed-Fi: negative attendance); `every_day`, that nothing is known.

    `tables` names those of its system's tables that it sends; None: all. Others of its files are refused, and what
    no feed sends has no asset and no check, and is not expected.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: str
    landing: Landing
    tables: tuple[str, ...] | None = None
    end_dates: EndDates = EndDates.EXCLUSIVE
    attendance: Literal["every_day", "exceptions"] = "every_day"
    hold_share: float = Field(default=0.2, gt=0, le=1)
    effective_dates: dict[str, date] = Field(default_factory=dict)

    def effective_date(self, below: PurePath) -> date | None:
        """The declared date of a file, by its path below the landing place: the nearest folder above it speaks."""
        folders = (str(folder) for folder in below.parents)
        return next((self.effective_dates[folder] for folder in folders if folder in self.effective_dates), None)

    def sends(self, contract: Contract) -> bool:
        """Whether a table of its system is one of those that it sends."""
        return contract.system == self.system and (self.tables is None or contract.table in self.tables)

    @property
    def folder(self) -> str | None:
        """The landing folder as declared; None where the files arrive at a remote place."""
        return self.landing if isinstance(self.landing, str) else None

    @property
    def remote(self) -> S3Landing | SftpLanding | None:
        return None if isinstance(self.landing, str) else self.landing


class Network(BaseModel):
    """One school network: its own database, its own Dagster storage, this file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")
    title: str
    timezone: str
    authority: str = "federal"
    also_reported: tuple[str, ...] = ()
    exit_day: Literal["enrolled", "not_enrolled"] = "not_enrolled"
    daily_attendance: DailyAttendance = DailyAttendance()
    calendar: SchoolCalendar
    schools: tuple[School, ...]
    feeds: dict[str, Feed]
    sample: dict[str, int] | None = None

    @field_validator("schools")
    @classmethod
    def _schools_are_distinct(cls, schools: tuple[School, ...]) -> tuple[School, ...]:
        ids = [school.school_id for school in schools]
        twice = sorted({school_id for school_id in ids if ids.count(school_id) > 1})
        if twice:
            raise ValueError(f"school_id {twice} is declared more than once")
        named: dict[str, str] = dict(zip(ids, ids, strict=True))
        for school in schools:
            for name in school.also:
                if name in named:
                    raise ValueError(
                        f"school {school.school_id} is also {name!r}, which names school {named[name]} already: a name "
                        "is of one school and stands once"
                    )
                named[name] = school.school_id
        return schools

    @model_validator(mode="after")
    def _own_dates_name_known_terms(self) -> Network:
        known = {term.key for term in self.calendar.ordered_terms()}
        for school in self.schools:
            unknown = set(school.calendar.terms) - known
            if unknown:
                raise ValueError(f"school {school.school_id} has dates for unknown terms {sorted(unknown)}")
        return self

    @cached_property
    def counting_days(self) -> dict[date, bool]:
        """The days by which a silent source gets later, in order, and whether any school is in session on them.

        These are the days in session and the weekends between two of them. A closure does not count, nor a weekend
        beside it: what came on Friday is three days old on Monday, but one on the Monday after a week of holidays.
        """
        calendar = self.calendar
        in_session = {
            day
            for term in calendar.ordered_terms()
            for school in (None, *(school.calendar for school in self.schools))
            for day in calendar.school_days(term, school)
        }
        counting: dict[date, bool] = {}
        ordered = sorted(in_session)
        for day, after in itertools.pairwise([*ordered, *ordered[-1:]]):
            counting[day] = True
            pause = [day + timedelta(n) for n in range(1, (after - day).days)]
            if not any(closed.weekday() in calendar.school_weekdays for closed in pause):
                counting |= dict.fromkeys(pause, False)
        return counting

    @property
    def authorities(self) -> tuple[str, ...]:
        """Authorities by whose rules figures are told: the network's own first, then those beside it."""
        return tuple(dict.fromkeys((self.authority, *self.also_reported)))

    @property
    def attendance_methods(self) -> list[tuple[str, str, str]]:
        """(school_id, `periods` or `taps`, method) of every way in which a school's days are made."""
        return [
            (school.school_id, made_of, method)
            for school in self.schools
            for made_of, method in (school.daily_attendance or self.daily_attendance)
            if method
        ]


def load_network(path: Path) -> Network:
    """Read a network file. Raises DeclarationError naming the file, the place and the rule."""
    if not path.is_file():
        raise DeclarationError(f"no network file {path}; see networks/sample.yaml for one to copy")
    try:
        declared = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise DeclarationError(f"{path} is not YAML: {error}") from error
    try:
        return Network.model_validate(declared)
    except ValidationError as error:
        problems = [
            f"{'.'.join(str(part) for part in problem['loc']) or 'file'}: {problem['msg']}"
            for problem in error.errors(include_input=False)
        ]
        rest = len(problems) - MOST_TOLD
        more = f"; and {rest} more like these" if rest > 0 else ""
        raise DeclarationError(f"{path}: {'; '.join(problems[:MOST_TOLD])}{more}") from error
