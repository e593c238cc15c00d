"""Dates become terms: tiling, school intervals, closures."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edu_assets.school_calendar import (
    AcademicYear,
    Closure,
    DeclarationError,
    SchoolCalendar,
    SchoolDates,
    TermDates,
)

CALENDAR = SchoolCalendar(
    terms=("T1", "T2"),
    years={
        "2024-25": AcademicYear(
            terms={
                "T1": TermDates(starts=date(2024, 7, 1), first_day=date(2024, 8, 26), last_day=date(2025, 1, 10)),
                "T2": TermDates(starts=date(2025, 1, 13), first_day=date(2025, 1, 13), last_day=date(2025, 6, 13)),
            }
        ),
        "2025-26": AcademicYear(
            last_day=date(2026, 6, 30),
            terms={
                "T1": TermDates(starts=date(2025, 7, 1), first_day=date(2025, 8, 25), last_day=date(2026, 1, 9)),
                "T2": TermDates(starts=date(2026, 1, 12), first_day=date(2026, 1, 12), last_day=date(2026, 6, 12)),
            },
        ),
    },
    closures=(Closure(first_day=date(2024, 12, 23), last_day=date(2025, 1, 3), reason="winter"),),
)
FIRST, LAST = date(2024, 7, 1), date(2026, 6, 30)


@given(st.dates(FIRST, LAST))
def test_every_day_of_the_calendar_has_exactly_one_term(day: date) -> None:
    covering = [term for term in CALENDAR.ordered_terms() if term.administrative.contains(day)]
    assert len(covering) == 1
    assert CALENDAR.term_of_date(day) == covering[0]


@pytest.mark.parametrize("day", [FIRST - timedelta(1), LAST + timedelta(1)])
def test_a_day_outside_the_calendar_has_no_term(day: date) -> None:
    assert CALENDAR.term_of_date(day) is None


def test_a_school_that_starts_a_term_early_has_those_days_in_its_own_term() -> None:
    early = SchoolDates(
        terms={
            "2024-25|T1": TermDates(first_day=date(2024, 8, 26), last_day=date(2024, 12, 20)),
            "2024-25|T2": TermDates(first_day=date(2025, 1, 6), last_day=date(2025, 6, 13)),
        }
    )
    day = date(2025, 1, 7)
    assert CALENDAR.term_of_date(day).key == "2024-25|T1"
    assert CALENDAR.term_of_date(day, early).key == "2024-25|T2"


def test_school_days_leave_out_weekends_and_closures() -> None:
    days = CALENDAR.school_days(CALENDAR.term("2024-25|T1"))
    assert date(2024, 8, 26) in days
    assert date(2025, 1, 10) in days
    assert not any(day.weekday() > 4 for day in days)
    assert date(2024, 12, 24) not in days


def test_overlapping_terms_refuse_a_date() -> None:
    overlapping = SchoolCalendar(
        tiles=False,
        terms=("B", "J"),
        years={
            "2013": AcademicYear(
                terms={
                    "B": TermDates(first_day=date(2013, 2, 1), last_day=date(2013, 11, 30)),
                    "J": TermDates(first_day=date(2013, 10, 1), last_day=date(2014, 6, 30)),
                }
            )
        },
    )
    with pytest.raises(DeclarationError, match="overlap"):
        overlapping.term_of_date(date(2013, 10, 15))


def test_an_unknown_term_names_the_known_ones() -> None:
    with pytest.raises(DeclarationError, match=r"2024-25\|T1, 2024-25\|T2"):
        CALENDAR.term("2031-32|T1")
