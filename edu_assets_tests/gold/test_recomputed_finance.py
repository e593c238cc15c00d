"""Finance in gold against the same worked out from the exported sheets, to the row, for two networks."""

from __future__ import annotations

import hashlib
from decimal import Decimal

import pytest

from edu_assets.sample import write_exports
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_finance import Finance
from edu_assets_tests.gold.test_recomputed import SCHOOL, STUDENT, _compare
from edu_assets_tests.testbed import Platform

PLACE = "term_key, school_id, category, fiscal_year, fiscal_period, currency"


def recompute(platform: Platform) -> Finance:
    network, landing = platform.settings.network, platform.settings.landing
    return Finance(Recomputed(network, landing, write_exports(landing, network)))


@pytest.fixture(scope="module")
def recomputed(seeded: Platform) -> Finance:
    return recompute(seeded)


def _keyed(entity: str, rows: dict[tuple, dict]) -> dict[tuple, dict]:
    def key(number: str) -> str:
        return hashlib.md5(f"{entity}|finance:{number}".encode(), usedforsecurity=False).hexdigest()

    return {(term, key(number), *where): row for (term, number, *where), row in rows.items()}


def test_invoices_are_those_of_the_sheets(seeded: Platform, recomputed: Finance) -> None:
    expected = _keyed("fee_invoice", recomputed.invoice_rows())
    source = f"gold.fct_fee_invoice {STUDENT} {SCHOOL}"
    _compare(seeded, "term_key, fee_invoice_key, student_id, school_id", source, expected)


def test_payments_are_those_of_the_sheets(seeded: Platform, recomputed: Finance) -> None:
    expected = _keyed("fee_payment", recomputed.payment_rows())
    _compare(seeded, "term_key, fee_payment_key, school_id", f"gold.fct_fee_payment {SCHOOL}", expected)


def test_aid_is_that_of_the_sheets(seeded: Platform, recomputed: Finance) -> None:
    expected = _keyed("financial_aid", recomputed.aid_rows())
    source = f"gold.fct_financial_aid {STUDENT} {SCHOOL}"
    _compare(seeded, "term_key, financial_aid_key, student_id, school_id", source, expected)


def test_the_books_are_those_of_the_sheets(seeded: Platform, recomputed: Finance) -> None:
    expected = _keyed("ledger_entry", recomputed.entry_rows())
    _compare(seeded, "term_key, ledger_entry_key, school_id", f"gold.fct_ledger_entry {SCHOOL}", expected)


def test_budgets_are_those_of_the_sheets(seeded: Platform, recomputed: Finance) -> None:
    key = "term_key, school_id, fiscal_year, account_type, fund_code, function_code, budget_version"
    _compare(seeded, key, f"gold.fct_budget {SCHOOL}", recomputed.budget_rows())


def test_revenue_and_expenditure_are_made_of_fees_books_and_budgets(seeded: Platform, recomputed: Finance) -> None:
    _compare(seeded, PLACE, f"gold.mart_revenue_expenditure {SCHOOL}", recomputed.revenue_expenditure)


def test_amounts_per_pupil_are_over_average_daily_membership(seeded: Platform, recomputed: Finance) -> None:
    _compare(seeded, PLACE, f"gold.mart_revenue_expenditure_per_pupil {SCHOOL}", recomputed.per_pupil())


def test_collection_is_under_what_was_billed_in_whichever_term(seeded: Platform, recomputed: Finance) -> None:
    _compare(seeded, PLACE, f"gold.mart_fee_collection {SCHOOL}", recomputed.collection())


def test_aging_is_what_is_owed_as_of_the_end_of_each_term(seeded: Platform, recomputed: Finance) -> None:
    key = "as_of_term_key, school_id, category, currency, aging_band"
    _compare(seeded, key, f"gold.mart_fee_aging {SCHOOL}", recomputed.aging())


def test_the_sample_has_finance_worth_comparing(recomputed: Finance) -> None:
    payments = recomputed.payment_rows().values()
    assert {row["payment_kind"] for row in payments} == {"payment", "refund", "write_off"}
    assert any(row["is_invoice_of_term"] for row in payments)
    assert any(not row["is_invoice_of_term"] for row in payments)
    assert any(row["is_void"] for row in recomputed.invoice_rows().values())
    assert any(row["amount"] < 0 for row in recomputed.entry_rows().values())
    budgets = recomputed.budget_rows().values()
    assert any(not row["is_in_force"] for row in budgets)
    mart = recomputed.revenue_expenditure.values()
    assert any(row["expenditure"] and row["billed"] and row["aid"] for row in mart)
    assert len({band for *_, band in recomputed.aging()}) > 2


def test_the_periods_of_a_budget_add_up_to_its_year(recomputed: Finance) -> None:
    """In the first year, whose budget nobody amends."""
    planned = sum(
        row["budgeted_expenditure"]
        for (_, _, _, fiscal_year, *_), row in recomputed.revenue_expenditure.items()
        if fiscal_year == "2024-25"
    )
    lines = {key[1:]: row["amount"] for key, row in recomputed.budget_rows().items() if key[2] == "2024-25"}
    assert planned == sum((amount for line, amount in lines.items() if line[2] == "expenditure"), Decimal()) > 0
