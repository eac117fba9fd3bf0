"""The demo: half a year of one company's expenses, four of which nobody could book."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from pleo_simulator.expenses import Expense, Line, export_item

Json = dict[str, Any]

FISCAL_YEAR = (date(2026, 1, 1), date(2026, 12, 31))
TODAY = date(2026, 6, 30)

AMELIA, TOM, PRIYA, JONAS, MARTA = "Amelia Hartley", "Tom Okafor", "Priya Nair", "Jonas Lindqvist", "Marta Ruiz"

CANNOT_BE_BOOKED = {
    "amazon-no-category": "missing_configuration",
    "snappy-gifts": "account_unknown",
    "hotel-alhambra": "validation_failure",
    "trainline": "tag_unknown",
}
"""Key of the expense -> the failure that an integration must report for it."""

DEMO: tuple[Expense, ...] = (
    Expense("topup-gbp", "wallet_topup", (Line(500_000),)),
    Expense("topup-eur", "wallet_topup", (Line(300_000),), "EUR"),
    Expense(
        "ryman-paper",
        "card_purchase",
        (Line(6366, "6100", "GB20", ("LON",)),),
        supplier="Ryman",
        user=AMELIA,
        note="Printer ink and paper",
        receipts=("ryman-63.66.pdf",),
    ),
    Expense(
        "pret-breakfast",
        "card_purchase",
        (Line(1845, "6300", "GB20", ("LON",)),),
        supplier="Pret A Manger",
        user=AMELIA,
        note="Breakfast with the Harbour team",
        attendees=("Amelia Hartley", "Sofia Berg (Harbour)"),
        receipts=("pret-18.45.jpg",),
    ),
    Expense(
        "figma-january",
        "card_purchase",
        (Line(14_400, "6500", "RC20", ("CPH", "P-100")),),
        "EUR",
        supplier="Figma",
        user=JONAS,
        note="Figma, 8 seats",
        receipts=("figma-144.00.pdf",),
        service_days=30,
    ),
    Expense(
        "taxi",
        "out_of_pocket",
        (Line(2400, "6200", tags=("LON",)),),
        supplier="London Black Cabs",
        user=TOM,
        note="To the Harbour workshop",
        receipts=("taxi-24.00.jpg",),
    ),
    Expense(
        "parking",
        "out_of_pocket",
        (Line(1250, "6200", "GB20", ("LON",)),),
        supplier="NCP Car Parks",
        user=TOM,
        receipts=("parking-12.50.png",),
    ),
    Expense(
        "john-lewis-split",
        "card_purchase",
        (
            Line(7200, "6300", "GB20", ("LON",)),
            Line(12_000, "6100", "GB20", ("LON", "P-100")),
            Line(4800, "6100", "GB0", ("LON",)),
        ),
        supplier="John Lewis",
        user=AMELIA,
        note="Launch evening: catering, lights, books",
        receipts=("john-lewis-240.00.pdf",),
    ),
    Expense(
        "delta-flight",
        "card_purchase",
        (Line(8640, "6200", tags=("LON", "P-200")),),
        supplier="Delta Air Lines",
        user=TOM,
        note="Seat upgrade",
        paid_in=("USD", 5, 4),
        receipts=("delta-108.00-usd.pdf",),
    ),
    Expense("fx-fee", "fee", (Line(216, "6900"),), supplier="Pleo", note="Foreign exchange fee"),
    Expense(
        "reimburse-tom",
        "direct_reimbursement",
        (Line(3650),),
        sub_type="reimbursement_to_employee",
        user=TOM,
        reconciles=("taxi", "parking"),
    ),
    Expense(
        "iberia",
        "card_purchase",
        (Line(24_200, "6200", "ES21", ("MAD",)),),
        "EUR",
        supplier="Iberia",
        user=MARTA,
        note="Madrid to Copenhagen",
        receipts=("iberia-242.00.pdf",),
    ),
    Expense(
        "casa-lucio",
        "card_purchase",
        (Line(5808, "6300", "ES21", ("MAD", "P-200")),),
        "EUR",
        supplier="Casa Lucio",
        user=MARTA,
        note="Lunch with the Lumen project",
        attendees=("Marta Ruiz", "Jonas Lindqvist"),
        receipts=("casa-lucio-58.08.jpg",),
    ),
    Expense("cash-tom", "atm_withdrawal", (Line(10_000),), user=TOM, note="Cash for the trade fair"),
    Expense(
        "ryman-return",
        "refund",
        (Line(3000, "6100", "GB20", ("LON",)),),
        supplier="Ryman",
        user=AMELIA,
        note="Returned ink",
        receipts=("ryman-return-30.00.pdf",),
    ),
    Expense("cashback-q1", "cashback", (Line(1500, "4900"),), supplier="Pleo", note="Cashback, first quarter"),
    Expense(
        "slack",
        "card_purchase",
        (Line(8750, "6500", "RC20", ("LON", "P-100")),),
        supplier="Slack",
        user=PRIYA,
        receipts=("slack-87.50.pdf",),
    ),
    Expense(
        "lner",
        "card_purchase",
        (Line(13_420, "6200", "GB0", ("LON",)),),
        supplier="LNER",
        user=PRIYA,
        note="London to Edinburgh, return",
        receipts=("lner-134.20.pdf",),
    ),
    Expense(
        "costa",
        "out_of_pocket",
        (Line(840, "6300", "GB20", ("LON",)),),
        supplier="Costa Coffee",
        user=PRIYA,
        receipts=("costa-8.40.jpg",),
    ),
    Expense(
        "ikea-desk-lamp",
        "out_of_pocket",
        (Line(6500, "6100", "GB20", ("LON",)),),
        supplier="IKEA",
        user=PRIYA,
        note="Desk lamp for the studio",
        receipts=("ikea-65.00.jpg", "ikea-guarantee.pdf"),
    ),
    Expense(
        "amazon-no-category",
        "card_purchase",
        (Line(4599, None, "GB20", ("LON",)),),
        supplier="Amazon Marketplace",
        user=JONAS,
        note="Cables",
        receipts=("amazon-45.99.pdf",),
    ),
    Expense(
        "amazon-stands",
        "card_purchase",
        (Line(3999, "6100", "GB20", ("LON",)),),
        supplier="Amazon Marketplace",
        user=JONAS,
        note="Two laptop stands",
        receipts=("amazon-39.99.png",),
    ),
    Expense(
        "wework",
        "card_purchase",
        (Line(48_000, "6400", "GB20", ("LON",)),),
        supplier="WeWork",
        user=AMELIA,
        note="Meeting rooms for a month",
        receipts=("wework-480.00.pdf",),
        service_days=30,
    ),
    Expense("pleo-subscription", "fee", (Line(3900, "6900"),), supplier="Pleo", receipts=("pleo-39.00.pdf",)),
    Expense(
        "snappy-gifts",
        "card_purchase",
        (Line(7500, "6999", "GB20", ("LON",)),),
        supplier="Snappy Gifts",
        user=AMELIA,
        note="Leaving present",
        receipts=("snappy-75.00.jpg",),
    ),
    Expense(
        "iberia-return",
        "refund",
        (Line(4200, "6200", "ES21", ("MAD",)),),
        "EUR",
        supplier="Iberia",
        user=MARTA,
        note="Unused luggage",
    ),
    Expense(
        "dsb",
        "card_purchase",
        (Line(5400, "6200", tags=("CPH",)),),
        "EUR",
        supplier="DSB",
        user=JONAS,
        receipts=("dsb-54.00.pdf",),
    ),
    Expense(
        "hotel-alhambra",
        "card_purchase",
        (Line(21_000, "6200", "ES21", ("MAD",), wrong_by=37),),
        "EUR",
        supplier="Hotel Alhambra",
        user=MARTA,
        note="Two nights in Granada",
        receipts=("hotel-alhambra-210.00.pdf",),
    ),
    Expense(
        "mileage-reading",
        "mileage",
        (Line(4500, "6210", "GB20", ("LON",), tax_amount=233),),
        user=TOM,
        note="Reading and back, 100 miles",
    ),
    Expense("per-diem-madrid", "per_diem", (Line(6000, "6200", tags=("MAD",)),), user=TOM, note="Two days in Madrid"),
    Expense(
        "trainline",
        "card_purchase",
        (Line(6210, "6200", "GB0", ("XXX",)),),
        supplier="Trainline",
        user=PRIYA,
        receipts=("trainline-62.10.pdf",),
    ),
    Expense(
        "reimburse-priya",
        "direct_reimbursement",
        (Line(7340),),
        sub_type="reimbursement_to_employee",
        user=PRIYA,
        reconciles=("costa", "ikea-desk-lamp"),
    ),
    Expense("cashback-eur", "cashback", (Line(620, "4900"),), "EUR", supplier="Pleo", note="Cashback on EUR cards"),
    Expense(
        "adobe",
        "card_purchase",
        (Line(6620, "6500", "RC20", ("MAD",)),),
        "EUR",
        supplier="Adobe",
        user=MARTA,
        receipts=("adobe-66.20.pdf",),
    ),
    Expense(
        "booking-edinburgh",
        "card_purchase",
        (Line(38_900, "6200", tags=("LON", "P-200")),),
        supplier="Booking.com",
        user=PRIYA,
        note="Three nights in Edinburgh",
        receipts=("booking-389.00.pdf", "booking-confirmation.png"),
    ),
    Expense(
        "delta-dispute",
        "chargeback",
        (Line(8640, "6200", tags=("LON", "P-200")),),
        supplier="Delta Air Lines",
        user=TOM,
        note="Charged twice",
        paid_in=("USD", 5, 4),
    ),
    Expense(
        "tom-groceries", "personal_spend", (Line(4000),), supplier="Amazon Marketplace", user=TOM, note="Wrong card"
    ),
    Expense(
        "notion-split",
        "card_purchase",
        (
            Line(333, "6500", "GB20", ("LON",)),
            Line(333, "6500", "GB20", ("CPH",)),
            Line(334, "6500", "GB20", ("MAD",)),
        ),
        supplier="Notion",
        user=PRIYA,
        note="One seat for each office",
        receipts=("notion-10.00.pdf",),
    ),
    Expense("interest", "fee", (Line(999, "6900"),), sub_type="interest", note="Overdraft interest"),
    Expense("unload-gbp", "wallet_unload", (Line(50_000),), note="Back to the bank"),
)


def demo_items(company_id: str, today: date = TODAY) -> list[Json]:
    """Forty raw export items, oldest first, spread from 1 January 2026 to `today` (at most the end of that year).

    GBP and EUR wallets, thirteen types, split lines, every tax type. Exactly the four of CANNOT_BE_BOOKED must fail."""
    first, last = FISCAL_YEAR
    span = max(0, (min(today, last) - first).days)
    return [
        export_item(company_id, expense, first + timedelta(days=span * number // (len(DEMO) - 1)))
        for number, expense in enumerate(DEMO)
    ]
