"""One small month with every type of expense, told so that the books must come back to zero where they should.

Amelia's pocket spend is reimbursed to the penny, her cash is spent, her private purchase is paid back; the invoice is
paid, the payment comes back and is sent again. What is left on each account follows from that: `LEFT_OVER`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from pleo_simulator.expenses import Expense, Line, export_item

Json = dict[str, Any]

FIRST_DAY = date(2026, 5, 4)

EVERY_TYPE: tuple[Expense, ...] = (
    Expense("topup", "wallet_topup", (Line(500_000),)),
    Expense("paper", "card_purchase", (Line(6_366, "6100", "GB20", ("LON",)),), supplier="Ryman", user="Tom Okafor"),
    Expense(
        "split",
        "card_purchase",
        (Line(7_200, "6300", "GB20"), Line(4_800, "6100", "GB0", ("P-100",))),
        supplier="John Lewis",
        user="Priya Nair",
        receipts=("split.pdf", "split-2.png"),
    ),
    Expense("software", "card_purchase", (Line(10_000, "6500", "RC20"),), currency="EUR", supplier="Adobe"),
    Expense("card-invoice", "card_invoice", (Line(24_200, "6400", "ES21"),), currency="EUR", supplier="Iberia"),
    Expense("fee", "fee", (Line(3_900, "6900"),), supplier="Pleo"),
    Expense("interest", "fee", (Line(999, "6900"),), sub_type="interest", supplier="Pleo"),
    Expense("refund", "refund", (Line(3_000, "6100", "GB20"),), supplier="Ryman"),
    Expense("chargeback", "chargeback", (Line(2_000, "6100", "GB20"),), supplier="John Lewis"),
    Expense("cashback", "cashback", (Line(1_500, "4900"),), supplier="Pleo"),
    Expense("rent", "invoice", (Line(130_000, "6400", "GB20"),), supplier="WeWork", invoice="RENT-05"),
    Expense(
        "rent-paid",
        "invoice_payment",
        (Line(130_000),),
        sub_type="invoice_payment_sent",
        supplier="WeWork",
        invoice="RENT-05",
    ),
    Expense(
        "rent-back",
        "invoice_payment",
        (Line(130_000),),
        sub_type="invoice_payment_returned",
        supplier="WeWork",
        invoice="RENT-05",
    ),
    Expense(
        "rent-again",
        "invoice_payment",
        (Line(130_000),),
        sub_type="invoice_payment_sent",
        supplier="WeWork",
        invoice="RENT-05",
    ),
    Expense("taxi", "out_of_pocket", (Line(2_400, "6200"),), user="Amelia Hartley", receipts=("taxi.jpg",)),
    Expense("drive", "mileage", (Line(4_500, "6210", "GB20", tax_amount=233),), user="Amelia Hartley"),
    Expense("day-out", "per_diem", (Line(6_000, "6200"),), user="Amelia Hartley"),
    Expense(
        "repaid",
        "direct_reimbursement",
        (
            Line(
                8_400,
            ),
        ),
        sub_type="reimbursement_to_employee",
        user="Amelia Hartley",
        reconciles=("taxi", "day-out"),
    ),
    Expense(
        "bounced",
        "direct_reimbursement",
        (
            Line(
                8_400,
            ),
        ),
        sub_type="reimbursement_to_employee_refund",
        user="Amelia Hartley",
        reconciles=("taxi", "day-out"),
    ),
    Expense(
        "repaid-again",
        "direct_reimbursement",
        (
            Line(
                8_400,
            ),
        ),
        sub_type="reimbursement_to_employee",
        user="Amelia Hartley",
        reconciles=("taxi", "day-out"),
    ),
    Expense(
        "payroll",
        "external_reimbursement",
        (
            Line(
                4_500,
            ),
        ),
        sub_type="reimbursement_to_employee",
        user="Amelia Hartley",
        reconciles=("drive",),
    ),
    Expense(
        "cash",
        "atm_withdrawal",
        (
            Line(
                8_000,
            ),
        ),
        user="Amelia Hartley",
    ),
    Expense("cash-spent", "out_of_pocket", (Line(8_000, "6300"),), user="Amelia Hartley"),
    Expense(
        "private",
        "personal_spend",
        (
            Line(
                4_000,
            ),
        ),
        user="Amelia Hartley",
    ),
    Expense(
        "private-back",
        "direct_reimbursement",
        (
            Line(
                4_000,
            ),
        ),
        sub_type="reimbursement_to_company",
        user="Amelia Hartley",
    ),
    Expense("unload", "wallet_unload", (Line(100_000),)),
)

# Minor units, + debit. The wallets as Pleo shows them; what is owed to employees and suppliers is settled; the clearing
# account waits for the bank's side, the external reimbursement for payroll's.
LEFT_OVER: Mapping[str, int] = {
    "1900": 500_000
    - 6_366
    - 12_000
    - 3_900
    - 999
    + 3_000
    + 2_000
    + 1_500
    - 130_000
    - 8_400
    - 8_000
    - 4_000
    + 4_000
    - 100_000,
    "1901": -10_000 - 24_200,  # in EUR
    "1950": -500_000 + 100_000,
    "2100": 0,
    "2250": 0,
    "2251": -4_500,
}


def every_type(company_id: str, method: str) -> list[Json]:
    """The month as raw export items, under one bookkeeping method: `journal` or `accounts_payable`."""
    return [
        export_item(company_id, replace(expense, method=method), FIRST_DAY + timedelta(days=number))
        for number, expense in enumerate(EVERY_TYPE)
    ]


def keys(company_id: str, method: str) -> Mapping[str, str]:
    """By the id of each of the month's expenses, its key."""
    items = every_type(company_id, method)
    return {item["accountingEntryId"]: expense.key for expense, item in zip(EVERY_TYPE, items, strict=True)}
