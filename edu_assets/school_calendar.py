"""Academic years, terms and school days: how a date becomes a partition.

Belongs here: the declaration of a network's calendar (read from its network file) and pure
functions over it. Does not belong here: anything that reads a database or a file; the warehouse
publishes what this module computes as `etl.term`, `etl.school_term` and `etl.school_day`.

Every interval inside the platform is half-open, `[start, end)`. The network file is written by
people, who say the first and the last day; both are inclusive there and turned round once, here.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

TERM_KEY_SEPARATOR = "|"


class DeclarationError(ValueError):
    """A network file or a contract says something that cannot be true; the message names the mend."""


def term_key(academic_year: str, term: str) -> str:
    """The partition key of a term, e.g. `2025-26|T1`."""
    return f"{academic_year}{TERM_KEY_SEPARATOR}{term}"


class Interval(BaseModel):
    """Half-open interval of calendar days, `[start, end)`."""

    model_config = ConfigDict(frozen=True)

    start: date
    end: date

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Interval:
        if self.end <= self.start:
            raise ValueError(f"interval ends on {self.end} before it starts on {self.start}")
        return self

    def contains(self, day: date) -> bool:
        return self.start <= day < self.end

    def days(self) -> list[date]:
        return [self.start + timedelta(n) for n in range((self.end - self.start).days)]


class Closure(BaseModel):
    """A run of days without school; both days inclusive."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_day: date
    last_day: date
    reason: str

    def contains(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


class TermDates(BaseModel):
    """One term of one academic year as the network file states it; days inclusive.

    `starts` opens the administrative interval, which lasts until the next term starts, so that the
    administrative intervals tile the calendar by construction. `first_day` and `last_day` bound
    instruction.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_day: date
    last_day: date
    starts: date | None = None

    def instructional(self) -> Interval:
        return Interval(start=self.first_day, end=self.last_day + timedelta(1))


class AcademicYear(BaseModel):
    """One academic year: its terms by label, the authority's count date, the last administrative day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    terms: dict[str, TermDates]
    count_date: date | None = None
    last_day: date | None = None


def _as_text(value: object) -> str:
    return str(value)


YearLabel = Annotated[str, BeforeValidator(_as_text)]


class SchoolDates(BaseModel):
    """How one school's calendar differs from the network's: own term dates and own closures."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    terms: dict[str, TermDates] = Field(default_factory=dict)
    closures: tuple[Closure, ...] = ()


class Term(BaseModel):
    """A term of the network with its two intervals; `ordinal` orders terms over all years from 0."""

    model_config = ConfigDict(frozen=True)

    academic_year: str
    term: str
    ordinal: int
    instructional: Interval
    administrative: Interval
    count_date: date | None

    @property
    def key(self) -> str:
        return term_key(self.academic_year, self.term)


class SchoolCalendar(BaseModel):
    """The calendar of a network.

    `tiles` is false where terms overlap (two presentations of a module that run side by side): then
    a term's administrative interval is its instructional one and no date can be put into a term.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    terms: tuple[str, ...]
    years: dict[YearLabel, AcademicYear]
    closures: tuple[Closure, ...] = ()
    school_weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    tiles: bool = True

    @model_validator(mode="after")
    def _is_whole(self) -> SchoolCalendar:
        for year, declared in self.years.items():
            unknown = set(declared.terms) - set(self.terms)
            if unknown:
                raise ValueError(f"year {year} names terms {sorted(unknown)} that `terms` does not list")
        ordered = self.ordered_terms()
        starts = [term.administrative.start for term in ordered]
        if starts != sorted(starts):
            raise ValueError("terms must be listed in the order in which they start")
        return self

    def ordered_terms(self) -> list[Term]:
        """Every term of every year in calendar order, with its intervals."""
        flat = [
            (year, label, declared.terms[label], declared)
            for year, declared in self.years.items()
            for label in self.terms
            if label in declared.terms
        ]
        flat.sort(key=lambda entry: entry[2].starts or entry[2].first_day)
        return [
            Term(
                academic_year=year,
                term=label,
                ordinal=ordinal,
                instructional=dates.instructional(),
                administrative=self._administrative(flat, ordinal),
                count_date=declared.count_date,
            )
            for ordinal, (year, label, dates, declared) in enumerate(flat)
        ]

    def _administrative(self, flat: list[tuple[str, str, TermDates, AcademicYear]], ordinal: int) -> Interval:
        _, _, dates, declared = flat[ordinal]
        if not self.tiles:
            return dates.instructional()
        start = dates.starts or dates.first_day
        if ordinal + 1 < len(flat):
            following = flat[ordinal + 1][2]
            return Interval(start=start, end=following.starts or following.first_day)
        last_day = declared.last_day or dates.last_day
        return Interval(start=start, end=last_day + timedelta(1))

    def term(self, key: str) -> Term:
        """The term of a partition key. Raises DeclarationError naming the known keys."""
        for term in self.ordered_terms():
            if term.key == key:
                return term
        known = ", ".join(term.key for term in self.ordered_terms())
        raise DeclarationError(
            f"no term {key!r} in this network's calendar; it has {known}. "
            "Add the year to `calendar.years` in the network file."
        )

    def instructional(self, term: Term, school: SchoolDates | None) -> Interval:
        """The instructional interval of a term at one school (None: the network's)."""
        own = school.terms.get(term.key) if school else None
        return own.instructional() if own else term.instructional

    def term_of_date(self, day: date, school: SchoolDates | None = None) -> Term | None:
        """The term of a day: the school's instructional interval, else the administrative one.

        None where no term covers the day. Raises DeclarationError where terms overlap.
        """
        if not self.tiles:
            raise DeclarationError(
                "terms of this network overlap, so a date does not name one: use the term rule column, via or delivery"
            )
        terms = self.ordered_terms()
        for term in terms:
            if self.instructional(term, school).contains(day):
                return term
        for term in terms:
            if term.administrative.contains(day):
                return term
        return None

    def school_days(self, term: Term, school: SchoolDates | None = None) -> list[date]:
        """The days in session of a school in a term: school weekdays outside every closure."""
        closures = self.closures + (school.closures if school else ())
        return [
            day
            for day in self.instructional(term, school).days()
            if day.weekday() in self.school_weekdays and not any(closure.contains(day) for closure in closures)
        ]
