"""Finance systems: what families are billed and pay, aid, and the books of the schools.

Belongs here: declarations alone. Amounts are signed as the contract says; nothing is netted. Who owes or pays what
tells of a household, so that every amount beside a person is sensitive; the books name nobody.
"""

from edu_assets.contracts.base import Column, ColumnType, PersonalData, System, TermByDate
from edu_assets.contracts.sheets import (
    STANDING,
    YEAR_LONG,
    amount,
    currency,
    day,
    number,
    school,
    sensitive,
    sheet,
    student,
)

FINANCE = System(name="finance", title="Finance and billing")

_OFFICE = "business-office"


def _fiscal_year() -> Column:
    return Column(header="FiscalYear", required=True, pattern=r"[0-9]{4}(-[0-9]{2})?", description="the fiscal year")


FEE_PLANS = sheet(
    FINANCE,
    "fee_plans",
    f"what a school charges for: the price list that invoices refer to. {STANDING}",
    (
        number("FeePlanID", "the plan", required=True),
        school(),
        Column(header="Title", required=True, description="what it is called"),
        Column(header="Category", required=True, description="e.g. tuition, meals, transport, in the system's code"),
        Column(header="AcademicYear", required=True, description="year that it is for"),
        amount("Amount", "price of the whole plan", required=True),
        currency(),
        Column(header="Installments", type=ColumnType.INTEGER, description="number of invoices that it is split into"),
    ),
    ("fee_plan_id",),
    scope=("school_id",),
    school="school_id",
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("fee_plan",),
)

FEE_INVOICES = sheet(
    FINANCE,
    "fee_invoices",
    "invoice to a family for one fee of a student. It is of the term of its day; a sheet states a school's invoices of "
    "a term whole",
    (
        number("InvoiceID", "the invoice", required=True),
        school(),
        student(),
        number("FeePlanID", "the plan that it bills", required=True),
        day("InvoicedOn", "day of the invoice", required=True, personal=PersonalData.INDIRECT),
        day("DueOn", "day by which it is to be paid", required=True, personal=PersonalData.INDIRECT),
        amount("Amount", "amount billed, before aid", required=True, personal=PersonalData.SENSITIVE),
        currency(),
        sensitive("Status", "whether it stands", required=True, allowed=("issued", "void")),
    ),
    ("invoice_id",),
    term=TermByDate(column="invoiced_on", school="school_id"),
    scope=("school_id",),
    school="school_id",
    person=("student_number",),
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("fee_invoice",),
)

FEE_PAYMENTS = sheet(
    FINANCE,
    "fee_payments",
    "what was paid, paid back or given up of an invoice. It is of the term of its own day, which may be later than the "
    "invoice's: cash of July is July's",
    (
        number("PaymentID", "the payment", required=True),
        school(),
        number("InvoiceID", "the invoice that it is for", required=True),
        number("PayerNumber", "number of the guardian or organisation that paid", personal=PersonalData.DIRECT),
        day("PaidOn", "day on which it was received or booked", required=True, personal=PersonalData.INDIRECT),
        amount("Amount", "amount, never negative; its kind says which way", required=True, personal="sensitive"),
        currency(),
        sensitive("Kind", "what it is", required=True, allowed=("payment", "refund", "write_off")),
        sensitive("Method", "how it was paid, in the system's code"),
    ),
    ("payment_id",),
    term=TermByDate(column="paid_on", school="school_id"),
    scope=("school_id",),
    school="school_id",
    person=("payer_number",),
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("fee_payment",),
)

FINANCIAL_AID = sheet(
    FINANCE,
    "financial_aid",
    "aid that takes something off a student's fees. It is of the term of the day on which it was awarded",
    (
        number("AidID", "the award", required=True),
        school(),
        student(),
        number("InvoiceID", "the invoice that it lowers; empty: none in particular"),
        day("AwardedOn", "day of the award", required=True, personal=PersonalData.SENSITIVE),
        sensitive("Kind", "ground of the award, in the system's code", required=True),
        amount("Amount", "amount awarded", required=True, personal=PersonalData.SENSITIVE),
        currency(),
    ),
    ("aid_id",),
    term=TermByDate(column="awarded_on", school="school_id"),
    scope=("school_id",),
    school="school_id",
    person=("student_number",),
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("financial_aid",),
)

LEDGER_ENTRIES = sheet(
    FINANCE,
    "ledger_entries",
    "entry of the books of a school (NCES Financial Accounting: fund, function, object). It is of the term of the day "
    "on which it was posted; a sheet states a school's fiscal period whole",
    (
        number("EntryID", "the entry", required=True),
        school(),
        _fiscal_year(),
        Column(header="FiscalPeriod", type=ColumnType.INTEGER, required=True, description="period of the year, from 1"),
        day("PostedOn", "day on which it was posted", required=True),
        Column(
            header="AccountType",
            required=True,
            allowed=("revenue", "expenditure"),
            description="which side of the books it is on",
        ),
        Column(header="Fund", required=True, description="fund code"),
        Column(header="Function", required=True, description="function code; of revenue its source code"),
        Column(header="Object", description="object code"),
        amount("Amount", "amount; negative takes an earlier entry back", required=True),
        currency(),
    ),
    ("entry_id",),
    term=TermByDate(column="posted_on"),
    scope=("school_id", "fiscal_year", "fiscal_period"),
    school="school_id",
    owner=_OFFICE,
    freshness_days=45,
    conforms_to=("ledger_entry",),
)

BUDGETS = sheet(
    FINANCE,
    "budgets",
    f"what a school may spend or is to take in for a function in a fiscal year. {STANDING}",
    (
        school(),
        _fiscal_year(),
        Column(
            header="AccountType",
            required=True,
            allowed=("revenue", "expenditure"),
            description="which side of the books it is on",
        ),
        Column(header="Fund", required=True, description="fund code"),
        Column(header="Function", required=True, description="function code; of revenue its source code"),
        Column(header="Version", required=True, allowed=("adopted", "amended"), description="which decision it is"),
        amount("Amount", "amount of the whole fiscal year", required=True),
        currency(),
    ),
    ("school_id", "fiscal_year", "account_type", "fund", "function", "version"),
    scope=("school_id", "fiscal_year"),
    school="school_id",
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("budget_line",),
)
