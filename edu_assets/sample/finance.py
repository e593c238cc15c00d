"""What the business office writes: fees, what families pay of them, aid, and the books of the schools.

Belongs here: price lists, invoices, payments, awards, ledger and budgets. Does not belong here: who is a pupil
(population.py), what a household can afford (traits.py).

The schools are public and charge no tuition. Households of small means get aid, pay late, and now and then not at
all. The books name nobody: they follow the number of pupils.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from random import Random

from edu_assets.sample.population import Membership, Student
from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.world import Cell, TableFile, World
from edu_assets.school_calendar import Term

CURRENCY = "USD"
SYSTEM = "finance"


@dataclass(frozen=True)
class Plan:
    """A fee. amount: of a whole year. share: of the pupils whom it concerns; from_grade: the lowest one (KG is 0)."""

    code: str
    title: str
    category: str
    amount: float
    share: float
    from_grade: int


PLANS = (
    Plan("MEAL", "School meals", "meals", 540.0, 0.55, 0),
    Plan("BUS", "School bus", "transport", 360.0, 0.35, 0),
    Plan("ACT", "Clubs and activities", "activities", 180.0, 0.3, 3),
    Plan("MAT", "Learning materials", "materials", 96.0, 1.0, 6),
)
PRICE_RISE = 0.03  # a year

INVOICED_AFTER = 9  # days from the term's first
DUE_AFTER = 30
VOID = 0.007
AID_NEEDED_BELOW = -0.7  # means
FULL_AID_BELOW = -1.2
APPLIES_FOR_AID = 0.85
HALF_AID, SIBLING_AID, STAFF_AID = 0.5, 0.1, 0.25
STAFF_HOUSEHOLDS = 0.02

PAYS_AFTER, PAYS_SPREAD, LATER_BY_MEANS = 17, 8, 11  # days from the invoice
SLOW_LOGIT, SLOW_BY_MEANS, SLOW_DAYS = -2.9, 0.9, (35, 120)  # who is reminded, and how much later pays
TWO_PARTS = 0.12
NEVER_PAID_LOGIT, NEVER_PAID_BY_MEANS = -3.9, 1.1
WRITTEN_OFF, WRITTEN_OFF_AFTER = 0.35, 150
REFUND, REFUND_OF_LEAVERS = 0.005, 0.7
METHODS = ("card", "card", "card", "bank_transfer", "bank_transfer", "cash", "check")

FISCAL_YEAR_BEGINS = 7  # month
GENERAL, SPECIAL, FOOD = "100", "200", "600"

# Fund, function, object, amount a pupil and year, whether it stops in summer. Revenue has its source as function.
EXPENDITURE = (
    (GENERAL, "1000", "100", 5900.0, False),
    (GENERAL, "1000", "200", 2050.0, False),
    (GENERAL, "1000", "600", 310.0, True),
    (SPECIAL, "1000", "100", 720.0, True),
    (GENERAL, "2100", "100", 640.0, False),
    (SPECIAL, "2200", "300", 190.0, True),
    (GENERAL, "2400", "100", 780.0, False),
    (GENERAL, "2600", "400", 690.0, False),
    (GENERAL, "2600", "600", 330.0, False),
    (GENERAL, "2700", "500", 540.0, True),
    (FOOD, "3100", "600", 410.0, True),
)
REVENUE = (
    (GENERAL, "1100", None, 5300.0, False),
    (GENERAL, "3100", None, 5900.0, False),
    (SPECIAL, "4500", None, 930.0, True),
    (FOOD, "1600", None, 210.0, True),
    (FOOD, "4500", None, 220.0, True),
)
SUMMER = (7, 8)
UTILITIES = ("2600", "600")
HEATING = {12: 1.5, 1: 1.7, 2: 1.5, 6: 0.7, 7: 0.6, 8: 0.7}
COSTS_RISE = 0.035  # a year
SCHOOLS_DIFFER, MONTHS_DIFFER, BUDGETS_DIFFER = 0.06, 0.05, 0.03
TAKEN_BACK = 0.012
AMENDED = ("1000", SPECIAL, 1.08)  # function, fund, by how much; in the second year, from its second term on

FEE_PLANS = ("FeePlanID", "SchoolID", "Title", "Category", "AcademicYear", "Amount", "Currency", "Installments")
FEE_INVOICES = (
    *("InvoiceID", "SchoolID", "StudentNumber", "FeePlanID", "InvoicedOn", "DueOn", "Amount", "Currency", "Status"),
)
FEE_PAYMENTS = (
    *("PaymentID", "SchoolID", "InvoiceID", "PayerNumber", "PaidOn", "Amount", "Currency", "Kind", "Method"),
)
FINANCIAL_AID = ("AidID", "SchoolID", "StudentNumber", "InvoiceID", "AwardedOn", "Kind", "Amount", "Currency")
LEDGER_ENTRIES = (
    *("EntryID", "SchoolID", "FiscalYear", "FiscalPeriod", "PostedOn", "AccountType", "Fund", "Function", "Object"),
    *("Amount", "Currency"),
)
BUDGETS = ("SchoolID", "FiscalYear", "AccountType", "Fund", "Function", "Version", "Amount", "Currency")

Event = tuple[date, str | None, Sequence[Cell]]


def tables(world: World) -> Iterator[TableFile]:
    """Every table of the finance system."""
    fees, books = _Fees(world), _Books(world)
    yield from world.standing(SYSTEM, "fee_plans", FEE_PLANS, fees.plans)
    yield from world.dated(SYSTEM, "fee_invoices", FEE_INVOICES, fees.invoice_events())
    yield from world.dated(SYSTEM, "financial_aid", FINANCIAL_AID, fees.aid_events())
    yield from world.dated(SYSTEM, "fee_payments", FEE_PAYMENTS, fees.payment_events())
    yield from world.dated(SYSTEM, "ledger_entries", LEDGER_ENTRIES, books.entries())
    yield from world.standing(SYSTEM, "budgets", BUDGETS, books.budgets)


# -- fees ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Invoice:
    """suffix: what the numbers of the invoice and of all that belongs to it end with. aid: ground and amount."""

    suffix: str
    member: Membership
    plan: Plan
    day: date
    term: Term
    amount: float
    void: bool
    aid: tuple[str, float] | None

    @property
    def number(self) -> str:
        return f"INV-{self.suffix}"

    @property
    def student(self) -> Student:
        return self.member.student

    @property
    def owed(self) -> float:
        return 0.0 if self.void else round(self.amount - (self.aid[1] if self.aid else 0.0), 2)


class _Fees:
    def __init__(self, world: World) -> None:
        self.world = world
        households: dict[int, int] = {}
        for student in world.population.students:
            if student.guardian:
                households[student.guardian.index] = households.get(student.guardian.index, 0) + 1
        self.children = households

    @cached_property
    def invoices(self) -> list[_Invoice]:
        return [
            invoice
            for year, term in self.world.terms
            for school in self.world.network.schools
            for invoice in self._invoices(year, term, school.school_id)
        ]

    def plans(self, year: SchoolYear, _day: date) -> Iterator[Sequence[Cell]]:
        for school in self.world.network.schools:
            for plan in PLANS:
                price = self._installment(plan, year) * len(year.terms)
                number = _plan_number(plan, year, school.school_id)
                yield (
                    *(number, school.school_id, plan.title, plan.category, year.label, price, CURRENCY),
                    len(year.terms),
                )

    def invoice_events(self) -> Iterator[Event]:
        for invoice in self.invoices:
            school_id, due = invoice.member.school_id, invoice.day + timedelta(DUE_AFTER)
            plan = f"{invoice.plan.code}-{school_id}-{invoice.member.year}"
            status = "void" if invoice.void else "issued"
            student = self.world.number_on(invoice.student, invoice.day)
            yield (
                invoice.day,
                school_id,
                (
                    *(invoice.number, school_id, student, plan, invoice.day, due, invoice.amount),
                    *(CURRENCY, status),
                ),
            )

    def aid_events(self) -> Iterator[Event]:
        for invoice in self.invoices:
            if invoice.aid is None or invoice.void:
                continue
            kind, amount = invoice.aid
            school_id = invoice.member.school_id
            day = invoice.day + timedelta(self._random("awarded", invoice.suffix).randrange(15))
            aid, student = f"AID-{invoice.suffix}", self.world.number_on(invoice.student, day)
            yield day, school_id, (aid, school_id, student, invoice.number, day, kind, amount, CURRENCY)

    def payment_events(self) -> Iterator[Event]:
        """What was paid of each invoice as far as the calendar reaches."""
        for invoice in self.invoices:
            school_id = invoice.member.school_id
            payer = self.world.guardian_number(invoice.student)
            for place, (day, amount, kind, method) in enumerate(self._payments(invoice), start=1):
                if self.world.term_of(day + timedelta(1), school_id) is not None:  # the day on which it can be sent
                    number = f"PAY-{invoice.suffix}-{place}"
                    by = None if kind == "write_off" else payer
                    yield (
                        day,
                        school_id,
                        (number, school_id, invoice.number, by, day, amount, CURRENCY, kind, method),
                    )

    def _random(self, *about: object) -> Random:
        return self.world.random(SYSTEM, *about)

    def _installment(self, plan: Plan, year: SchoolYear) -> float:
        place = self.world.population.years.index(year)
        return round(plan.amount * (1 + PRICE_RISE * place) / len(year.terms), 2)

    def _invoices(self, year: SchoolYear, term: Term, school_id: str) -> Iterator[_Invoice]:
        day = year.intervals[school_id, term.term].start + timedelta(INVOICED_AFTER)
        place = 0
        for plan in PLANS:
            amount = self._installment(plan, year)
            for member in self.world.members(year, school_id, day):
                if not self._concerns(plan, member):
                    continue
                place += 1
                suffix = f"{school_id}-{year.label}-{term.term}-{place:04d}"
                void = self._random("void", member.student.index, plan.code, term.key).random() < VOID
                yield _Invoice(suffix, member, plan, day, term, amount, void, self._aid(plan, member, amount))

    def _concerns(self, plan: Plan, member: Membership) -> bool:
        grade = 0 if member.grade == "KG" else int(member.grade)
        chosen = self._random("plan", plan.code, member.student.index, member.year).random() < plan.share
        return chosen and grade >= plan.from_grade

    def _aid(self, plan: Plan, member: Membership, amount: float) -> tuple[str, float] | None:
        """Ground and amount of what is taken off: by need first, which is decided once a year."""
        student = member.student
        means = self.world.traits_of(student).means
        household = student.guardian.index if student.guardian else f"student{student.index}"
        if means < AID_NEEDED_BELOW and self._random("aid", household, member.year).random() < APPLIES_FOR_AID:
            return "need", round(amount * (1 if means < FULL_AID_BELOW else HALF_AID), 2)
        if self._random("staff", household).random() < STAFF_HOUSEHOLDS:
            return "staff", round(amount * STAFF_AID, 2)
        if student.guardian and self.children[student.guardian.index] > 1 and plan.category == "activities":
            return "sibling", round(amount * SIBLING_AID, 2)
        return None

    def _payments(self, invoice: _Invoice) -> list[tuple[date, float, str, str | None]]:
        """Day, amount, kind and method of all that is booked of an invoice, in order."""
        if invoice.owed <= 0:
            return []
        student, plan, term = invoice.student, invoice.plan, invoice.term
        means = self.world.traits_of(student).means
        random = self._random("pays", student.index, plan.code, term.key)
        if random.random() < _chance(NEVER_PAID_LOGIT, NEVER_PAID_BY_MEANS, means):
            if random.random() < WRITTEN_OFF:
                given_up = invoice.day + timedelta(WRITTEN_OFF_AFTER + random.randrange(40))
                return [(given_up, invoice.owed, "write_off", None)]
            return []
        delay = random.gauss(PAYS_AFTER - LATER_BY_MEANS * means, PAYS_SPREAD)
        first = invoice.day + timedelta(max(1, round(delay)))
        if random.random() < _chance(SLOW_LOGIT, SLOW_BY_MEANS, means):
            first += timedelta(random.randint(*SLOW_DAYS))
        method = random.choice(METHODS)
        paid = [(first, invoice.owed, "payment", method)]
        if random.random() < TWO_PARTS:
            half = round(invoice.owed / 2, 2)
            second = first + timedelta(random.randint(14, 45))
            paid = [
                (first, half, "payment", method),
                (second, round(invoice.owed - half, 2), "payment", method),
            ]
        return paid + self._refund(invoice, paid[-1][0], method)

    def _refund(self, invoice: _Invoice, paid_on: date, method: str) -> list[tuple[date, float, str, str | None]]:
        """Half goes back to who leaves in the term, and now and then to another."""
        random = self._random("refund", invoice.student.index, invoice.plan.code, invoice.term.key)
        leaves = invoice.member.exit < invoice.member.planned_exit and invoice.term.administrative.contains(
            invoice.member.exit
        )
        if random.random() >= (REFUND_OF_LEAVERS if leaves else REFUND):
            return []
        since = max(paid_on, invoice.member.exit) if leaves else paid_on
        return [(since + timedelta(random.randint(5, 25)), round(invoice.owed / 2, 2), "refund", method)]


def _chance(logit: float, by_means: float, means: float) -> float:
    """A chance that is the smaller, the greater the means of a household are."""
    return 1 / (1 + math.exp(by_means * means - logit))


def _plan_number(plan: Plan, year: SchoolYear, school_id: str) -> str:
    return f"{plan.code}-{school_id}-{year.label}"


# -- books --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Line:
    """A line of the books: what it comes to in a year, for each pupil."""

    side: str
    fund: str
    function: str
    object: str | None
    a_pupil: float
    stops_in_summer: bool

    def of_year(self, month: int) -> float:
        """The share of the year's amount that falls into a month."""
        if self.stops_in_summer:
            return 0.0 if month in SUMMER else 1 / (12 - len(SUMMER))
        if (self.function, self.object) == UTILITIES:
            return HEATING.get(month, 1.0) / sum(HEATING.get(each, 1.0) for each in range(1, 13))
        return 1 / 12


LINES = (
    *(_Line("revenue", *line) for line in REVENUE),
    *(_Line("expenditure", *line) for line in EXPENDITURE),
)


class _Books:
    def __init__(self, world: World) -> None:
        self.world = world

    def entries(self) -> Iterator[Event]:
        for year in self.world.population.years:
            for month in self._months(year):
                for school in self.world.network.schools:
                    for place, (line, amount) in enumerate(self._month(year, month, school.school_id), start=1):
                        period = (month.month - FISCAL_YEAR_BEGINS) % 12 + 1
                        number = f"GL-{school.school_id}-{month:%Y%m}-{place:03d}"
                        yield (
                            month,
                            None,
                            (
                                *(number, school.school_id, _fiscal_year(month), period, month, line.side, line.fund),
                                *(line.function, line.object, amount, CURRENCY),
                            ),
                        )

    def budgets(self, year: SchoolYear, day: date) -> Iterator[Sequence[Cell]]:
        function, fund, factor = AMENDED
        amends = year is self.world.population.years[-1] and self.world.term_of(day) != year.terms[0]
        fiscal_year = _fiscal_year(year.terms[0].administrative.start)
        for school in self.world.network.schools:
            for (side, of_fund, of_function), amount in self._planned(year, school.school_id).items():
                about = (school.school_id, fiscal_year, side, of_fund, of_function)
                yield (*about, "adopted", amount, CURRENCY)
                if amends and side == "expenditure" and (of_function, of_fund) == (function, fund):
                    yield (*about, "amended", round(amount * factor, -2), CURRENCY)

    def _months(self, year: SchoolYear) -> list[date]:
        """The last weekday of each month of a year's terms, on which the month is posted; the books close early
        enough to be sent within the calendar."""
        first, end = year.terms[0].administrative.start, year.terms[-1].administrative.end
        if year is self.world.population.years[-1]:
            end -= timedelta(1)
        days = [first + timedelta(n) for n in range((end - first).days)]
        last = {(day.year, day.month): day for day in days if day.weekday() < 5}
        return list(last.values())

    def _month(self, year: SchoolYear, month: date, school_id: str) -> Iterator[tuple[_Line, float]]:
        for line in LINES:
            random = self.world.random(SYSTEM, "ledger", school_id, month, *_account(line), line.object)
            differs = 1 + random.gauss(0, MONTHS_DIFFER)
            amount = round(self._of_year(line, year, school_id) * line.of_year(month.month) * differs, 2)
            if amount <= 0:
                continue
            yield line, amount
            if random.random() < TAKEN_BACK:
                yield line, -round(amount * random.uniform(0.02, 0.1), 2)

    def _of_year(self, line: _Line, year: SchoolYear, school_id: str) -> float:
        """What a line truly comes to in a year: by pupils, prices, and how a school keeps house."""
        place = self.world.population.years.index(year)
        habit = self.world.random(SYSTEM, "habit", school_id, *_account(line)).gauss(0, SCHOOLS_DIFFER)
        pupils = len(self.world.members(year, school_id, year.terms[0].count_date or year.days[school_id][30]))
        return line.a_pupil * pupils * (1 + COSTS_RISE) ** place * (1 + habit)

    def _planned(self, year: SchoolYear, school_id: str) -> dict[tuple[str, str, str], float]:
        planned: dict[tuple[str, str, str], float] = {}
        for line in LINES:
            account = _account(line)
            random = self.world.random(SYSTEM, "budget", school_id, year.label, *account, line.object)
            amount = self._of_year(line, year, school_id) * (1 + random.gauss(0, BUDGETS_DIFFER))
            planned[account] = planned.get(account, 0.0) + amount
        return {account: round(amount, -2) for account, amount in planned.items()}


def _account(line: _Line) -> tuple[str, str, str]:
    return line.side, line.fund, line.function


def _fiscal_year(day: date) -> str:
    begins = day.year if day.month >= FISCAL_YEAR_BEGINS else day.year - 1
    return f"{begins}-{(begins + 1) % 100:02d}"
