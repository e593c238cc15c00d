"""Fees and books worked out again from the exported sheets, from the definitions in words.

Everything is of the term of its own day. A fiscal year runs from July to June, by months. What families owe is looked
at after the last day on which a payment can be of the term. A fee that is paid back was not owed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_sheets import Sheets
from edu_assets_tests.sample.reading import Row

CENT = Decimal("0.01")
FEES = {
    "meals": "food_service",
    "transport": "transportation",
    "activities": "student_activities",
    "materials": "instruction",
}
BOOKS = {
    ("revenue", "1100"): "local_taxes",
    ("revenue", "1600"): "food_service",
    ("revenue", "3100"): "state_aid",
    ("revenue", "4500"): "federal_aid",
    ("expenditure", "1000"): "instruction",
    ("expenditure", "2100"): "student_support",
    ("expenditure", "2200"): "instructional_staff_support",
    ("expenditure", "2400"): "school_administration",
    ("expenditure", "2600"): "operations_and_maintenance",
    ("expenditure", "2700"): "transportation",
    ("expenditure", "3100"): "food_service",
}
LINE = ("SchoolID", "FiscalYear", "AccountType", "Fund", "Function")
KINDS = {"payment": "collected", "refund": "refunded", "write_off": "written_off"}
PARTS = (
    *("billed", "aid", "collected", "refunded", "written_off", "revenue", "expenditure", "budgeted_revenue"),
    "budgeted_expenditure",
)
OVERDUE = (("days_over_90", 90), ("days_61_to_90", 60), ("days_31_to_60", 30), ("days_1_to_30", 0))

Place = tuple[str, str, str, str, int, str]


class Finance:
    """Fees, books and budgets by term, from a network's landing zone."""

    def __init__(self, base: Recomputed) -> None:
        self.base = base
        self.sheets = Sheets(base)
        self.plans = self.sheets.standing("fee_plans")
        self.budgets = self.sheets.standing("budgets")
        self.invoices = self.sheets.dated("fee_invoices", "InvoicedOn", "SchoolID")
        self.payments = self.sheets.dated("fee_payments", "PaidOn", "SchoolID")
        self.aid = self.sheets.dated("financial_aid", "AwardedOn", "SchoolID")
        self.entries = self._entries()
        self.order = [term.key for term in base.terms]

    def _entries(self) -> dict[str, list[Row]]:
        """The books are the network's: their days have its terms, whatever the school's own dates."""
        network_wide = self.sheets.dated("ledger_entries", "PostedOn", "SchoolID", "FiscalYear", "FiscalPeriod")
        found: dict[str, list[Row]] = {term: [] for term in network_wide}
        for row in (row for rows in network_wide.values() for row in rows):
            found[self.sheets.term_of(date.fromisoformat(row["PostedOn"]))].append(row)
        return found

    # -- what a fee is for ----------------------------------------------------------------------

    @cached_property
    def billed_for(self) -> dict[str, dict[str, str]]:
        """Term → its invoices with their category."""
        found = {}
        for term, rows in self.invoices.items():
            plans = {row["FeePlanID"]: FEES[row["Category"]] for row in self.plans[term]}
            found[term] = {row["InvoiceID"]: plans.get(row["FeePlanID"], "unknown") for row in rows}
        return found

    @cached_property
    def ever_billed_for(self) -> dict[str, str]:
        return {number: category for invoices in self.billed_for.values() for number, category in invoices.items()}

    # -- facts ----------------------------------------------------------------------------------

    def invoice_rows(self) -> dict[tuple, dict]:
        """(term, number, student, school) → the rest of an invoice."""
        return {
            (term, row["InvoiceID"], row["StudentNumber"], row["SchoolID"]): {
                "category": self.billed_for[term][row["InvoiceID"]],
                "invoice_date": date.fromisoformat(row["InvoicedOn"]),
                "due_date": date.fromisoformat(row["DueOn"]),
                **fiscal(row["InvoicedOn"]),
                "amount": Decimal(row["Amount"]),
                "currency": row["Currency"],
                "is_void": row["Status"] == "void",
            }
            for term, rows in self.invoices.items()
            for row in rows
        }

    def payment_rows(self) -> dict[tuple, dict]:
        """(term, number, school) → the rest of a payment."""
        return {
            (term, row["PaymentID"], row["SchoolID"]): {
                "is_invoice_of_term": row["InvoiceID"] in self.billed_for[term],
                "category": self.billed_for[term].get(row["InvoiceID"], "unknown"),
                "payment_date": date.fromisoformat(row["PaidOn"]),
                **fiscal(row["PaidOn"]),
                "payment_kind": row["Kind"],
                "amount": Decimal(row["Amount"]),
                "currency": row["Currency"],
            }
            for term, rows in self.payments.items()
            for row in rows
        }

    def aid_rows(self) -> dict[tuple, dict]:
        """(term, number, student, school) → the rest of an award."""
        return {
            (term, row["AidID"], row["StudentNumber"], row["SchoolID"]): {
                "is_invoice_of_term": row["InvoiceID"] in self.billed_for[term],
                "category": self.billed_for[term].get(row["InvoiceID"], "unknown"),
                "award_date": date.fromisoformat(row["AwardedOn"]),
                **fiscal(row["AwardedOn"]),
                "aid_kind": row["Kind"],
                "amount": Decimal(row["Amount"]),
                "currency": row["Currency"],
            }
            for term, rows in self.aid.items()
            for row in rows
        }

    def entry_rows(self) -> dict[tuple, dict]:
        """(term, number, school) → the rest of an entry."""
        return {
            (term, row["EntryID"], row["SchoolID"]): {
                "fiscal_year": row["FiscalYear"],
                "fiscal_period": int(row["FiscalPeriod"]),
                "posting_date": date.fromisoformat(row["PostedOn"]),
                "account_type": row["AccountType"],
                "fund_code": row["Fund"],
                "function_code": row["Function"],
                "object_code": row["Object"] or None,
                "category": BOOKS[row["AccountType"], row["Function"]],
                "amount": Decimal(row["Amount"]),
                "currency": row["Currency"],
            }
            for term, rows in self.entries.items()
            for row in rows
        }

    def budget_rows(self) -> dict[tuple, dict]:
        """(term, school, fiscal year, account type, fund, function, version) → the rest of a line."""
        found = {}
        for term, rows in self.budgets.items():
            amended = {tuple(row[name] for name in LINE) for row in rows if row["Version"] == "amended"}
            for row in rows:
                line = tuple(row[name] for name in LINE)
                found[term, *line, row["Version"]] = {
                    "category": BOOKS[row["AccountType"], row["Function"]],
                    "amount": Decimal(row["Amount"]),
                    "currency": row["Currency"],
                    "is_in_force": row["Version"] == "amended" or line not in amended,
                }
        return found

    # -- marts ----------------------------------------------------------------------------------

    @cached_property
    def revenue_expenditure(self) -> dict[Place, dict]:
        """(term, school, category, fiscal year, period, currency) → the mart."""
        sums: dict[Place, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(PARTS, Decimal()))
        for place, part, amount in (*self._fees(), *self._books(), *self._planned()):
            sums[place][part] += amount
        return {place: parts | self._membership(place[0], place[1]) for place, parts in sums.items()}

    def _membership(self, term: str, school: str) -> dict[str, int]:
        days = [day.day for day in self.base.days[term] if day.school == school]
        return {"school_days_membership": len(days), "school_days_in_session": len(set(days))}

    def _fees(self) -> Iterator[tuple[Place, str, Decimal]]:
        for (term, _, _, school), row in self.invoice_rows().items():
            if not row["is_void"]:
                yield _place(term, school, row), "billed", row["amount"]
        for (term, _, school), row in self.payment_rows().items():
            yield _place(term, school, row), KINDS[row["payment_kind"]], row["amount"]
        for (term, _, _, school), row in self.aid_rows().items():
            yield _place(term, school, row), "aid", row["amount"]

    def _books(self) -> Iterator[tuple[Place, str, Decimal]]:
        for (term, _, school), row in self.entry_rows().items():
            yield _place(term, school, row), row["account_type"], row["amount"]

    def _planned(self) -> Iterator[tuple[Place, str, Decimal]]:
        for (term, school, fiscal_year, side, *_), row in self.budget_rows().items():
            if not row["is_in_force"]:
                continue
            for period, ends in enumerate(_month_ends(fiscal_year), start=1):
                if self.sheets.term_of(ends) == term:
                    of_months = [_cents(row["amount"] * months / 12) for months in (period - 1, period)]
                    placed = row | {"fiscal_year": fiscal_year, "fiscal_period": period}
                    yield _place(term, school, placed), f"budgeted_{side}", of_months[1] - of_months[0]

    def per_pupil(self) -> dict[Place, dict]:
        found = {}
        for place, row in self.revenue_expenditure.items():
            pupils = Decimal(row["school_days_membership"]) / row["school_days_in_session"]
            found[place] = {
                "revenue_variance": row["revenue"] - row["budgeted_revenue"],
                "expenditure_variance": row["expenditure"] - row["budgeted_expenditure"],
                "average_daily_membership": _rounded(pupils),
                "billed_per_pupil": _rounded(row["billed"] / pupils),
                "aid_per_pupil": _rounded(row["aid"] / pupils),
                "collected_net_per_pupil": _rounded((row["collected"] - row["refunded"]) / pupils),
                "revenue_per_pupil": _rounded(row["revenue"] / pupils),
                "expenditure_per_pupil": _rounded(row["expenditure"] / pupils),
            }
        return found

    def collection(self) -> dict[Place, dict]:
        """As the mart, but each payment and award under what its invoice was for, of whichever term."""
        names = ("aid", "collected", "collected_of_earlier_invoices", "refunded", "written_off")
        sums: dict[Place, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(names, Decimal()))
        numbers = {row["PaymentID"]: row["InvoiceID"] for rows in self.payments.values() for row in rows}
        awards = {row["AidID"]: row["InvoiceID"] for rows in self.aid.values() for row in rows}
        for (term, number, school), row in self.payment_rows().items():
            place = _place(term, school, row | {"category": self.ever_billed_for[numbers[number]]})
            sums[place][KINDS[row["payment_kind"]]] += row["amount"]
            if row["payment_kind"] == "payment" and not row["is_invoice_of_term"]:
                sums[place]["collected_of_earlier_invoices"] += row["amount"]
        for (term, number, _, school), row in self.aid_rows().items():
            sums[_place(term, school, row | {"category": self.ever_billed_for[awards[number]]})]["aid"] += row["amount"]
        return sums

    def aging(self) -> dict[tuple, dict]:
        """(as-of term, school, category, currency, band) → what is owed."""
        found: dict[tuple, dict] = defaultdict(
            lambda: {"invoices_open": 0, "outstanding": Decimal(), "overpaid": Decimal()}
        )
        for as_of in range(len(self.order)):
            until = self.order[: as_of + 1]
            settled = self._settled(until)
            for row in (row for term in until for row in self.invoices[term]):
                billed = Decimal() if row["Status"] == "void" else Decimal(row["Amount"])
                owed = billed - settled[row["InvoiceID"]]
                if owed == 0:
                    continue
                late = (self._last_day(until[-1], row["SchoolID"]) - date.fromisoformat(row["DueOn"])).days
                band = next((name for name, more_than in OVERDUE if late > more_than), "not_overdue")
                category = self.ever_billed_for[row["InvoiceID"]]
                place = found[until[-1], row["SchoolID"], category, row["Currency"], band]
                place["invoices_open"] += owed > 0
                place["outstanding" if owed > 0 else "overpaid"] += abs(owed)
        return found

    def _settled(self, terms: list[str]) -> dict[str, Decimal]:
        """Invoice → what was paid, given up and awarded of it in these terms."""
        settled: dict[str, Decimal] = defaultdict(Decimal)
        for term in terms:
            for row in self.payments[term]:
                if row["Kind"] != "refund":
                    settled[row["InvoiceID"]] += Decimal(row["Amount"])
            for row in self.aid[term]:
                settled[row["InvoiceID"]] += Decimal(row["Amount"])
        return settled

    def _last_day(self, key: str, school: str) -> date:
        """The last day of which the term has payments of the school: the next day is of another term."""
        term = next(term for term in self.base.terms if term.key == key)
        last = term.administrative.end - timedelta(1)
        while self.sheets.calendar.term_of_date(last + timedelta(1), self.base.schools[school].calendar) == term:
            last += timedelta(1)
        return last


def _place(term: str, school: str, row: dict) -> Place:
    return term, school, row["category"], row["fiscal_year"], row["fiscal_period"], row["currency"]


def fiscal(text: str) -> dict[str, str | int]:
    """Fiscal year and period of a day: July is the first month."""
    day = date.fromisoformat(text)
    begins = day.year if day.month >= 7 else day.year - 1
    months = [*range(7, 13), *range(1, 7)]
    return {"fiscal_year": f"{begins}-{(begins + 1) % 100:02d}", "fiscal_period": months.index(day.month) + 1}


def _month_ends(fiscal_year: str) -> list[date]:
    begins = int(fiscal_year[:4])
    firsts = [date(begins, month, 1) for month in range(8, 13)] + [date(begins + 1, month, 1) for month in range(1, 8)]
    return [first - timedelta(1) for first in firsts]


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
