"""Canonical entities of finance: what families are billed and pay, aid, and the books of the schools.

Terms are those of Ed-Fi and of NCES Financial Accounting. Amounts are of the currency of their row; nothing is netted
or converted. Who pays is in no entity: no figure needs it.
"""

from edu_assets.contracts.base import Entity, EntityColumn, PersonalData

_SCHOOL = EntityColumn(name="school_id", type="text")
_STUDENT = EntityColumn(name="student_id", type="text", personal=PersonalData.DIRECT)
_CURRENCY = EntityColumn(name="currency", type="text", description="ISO 4217 code")
_SYSTEM = EntityColumn(name="system", type="text", description="whose codes the row uses")
_PLAN = EntityColumn(name="fee_plan_id", type="text", description="feed and the system's plan")
_INVOICE = EntityColumn(name="fee_invoice_id", type="text", description="feed and the system's invoice")
_FISCAL_YEAR = EntityColumn(name="fiscal_year", type="text", description="as the books name it")
_ACCOUNT_TYPE = EntityColumn(name="account_type", type="text", description="revenue or expenditure")
_FUND = EntityColumn(name="fund_code", type="text", description="in the source's code")
_FUNCTION = EntityColumn(
    name="function_code", type="text", description="in the source's code; of revenue where it comes from"
)


def _day(name: str, description: str, personal: PersonalData = PersonalData.INDIRECT) -> EntityColumn:
    return EntityColumn(name=name, type="date", description=description, personal=personal)


def _of_household(name: str, kind: str, description: str) -> EntityColumn:
    return EntityColumn(name=name, type=kind, description=description, personal=PersonalData.SENSITIVE)


FEE_PLAN = Entity(
    name="fee_plan",
    definition="what a school charges for in an academic year: the price list that invoices refer to",
    columns=(
        _PLAN,
        _SCHOOL,
        EntityColumn(name="fee_plan_title", type="text"),
        EntityColumn(name="fee_category", type="text", description="in the source's code"),
        EntityColumn(name="academic_year", type="text"),
        EntityColumn(name="amount", type="numeric", description="price of the whole plan"),
        _CURRENCY,
        EntityColumn(name="installments", type="integer", description="number of invoices that it is split into"),
        _SYSTEM,
    ),
)

FEE_INVOICE = Entity(
    name="fee_invoice",
    definition="an invoice to a family for one fee of a student",
    columns=(
        _INVOICE,
        _SCHOOL,
        _STUDENT,
        _PLAN,
        _day("invoice_date", "day of the invoice"),
        _day("due_date", "last day on which it is paid in time"),
        _of_household("amount", "numeric", "amount billed, before aid"),
        _CURRENCY,
        _of_household("is_void", "boolean", "whether it was taken back as a whole"),
    ),
)

FEE_PAYMENT = Entity(
    name="fee_payment",
    definition="what was paid, paid back or given up of an invoice",
    columns=(
        EntityColumn(name="fee_payment_id", type="text", description="feed and the system's payment"),
        _SCHOOL,
        _INVOICE,
        _day("payment_date", "day on which it was received or booked"),
        _of_household("amount", "numeric", "never negative; payment_kind says which way"),
        _CURRENCY,
        _of_household("payment_kind", "text", "payment, refund or write_off"),
    ),
)

FINANCIAL_AID = Entity(
    name="financial_aid",
    definition="Ed-Fi FinancialAid, of fees: an award that takes something off what a student owes",
    columns=(
        EntityColumn(name="financial_aid_id", type="text", description="feed and the system's award"),
        _SCHOOL,
        _STUDENT,
        EntityColumn(
            name="fee_invoice_id",
            type="text",
            description="feed and the invoice that it lowers; null: none in particular",
        ),
        _day("award_date", "day of the award", PersonalData.SENSITIVE),
        _of_household("aid_kind", "text", "ground of the award, in the source's code"),
        _of_household("amount", "numeric", "amount awarded"),
        _CURRENCY,
    ),
)

LEDGER_ENTRY = Entity(
    name="ledger_entry",
    definition="Ed-Fi LocalActual by entry; NCES Financial Accounting: fund, function, object",
    columns=(
        EntityColumn(name="ledger_entry_id", type="text", description="feed and the system's entry"),
        _SCHOOL,
        _FISCAL_YEAR,
        EntityColumn(name="fiscal_period", type="integer", description="period of the fiscal year, from 1"),
        EntityColumn(name="posting_date", type="date"),
        _ACCOUNT_TYPE,
        _FUND,
        _FUNCTION,
        EntityColumn(name="object_code", type="text", description="in the source's code"),
        EntityColumn(name="amount", type="numeric", description="negative takes an earlier entry back"),
        _CURRENCY,
        _SYSTEM,
    ),
)

BUDGET_LINE = Entity(
    name="budget_line",
    definition="Ed-Fi LocalBudget: what a school may spend or is to take in for a function in a fiscal year",
    columns=(
        _SCHOOL,
        _FISCAL_YEAR,
        _ACCOUNT_TYPE,
        _FUND,
        _FUNCTION,
        EntityColumn(name="budget_version", type="text", description="adopted or amended"),
        EntityColumn(name="amount", type="numeric", description="of the whole fiscal year"),
        _CURRENCY,
        _SYSTEM,
    ),
)
