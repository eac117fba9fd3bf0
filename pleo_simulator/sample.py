"""Sample data: three companies, and any number of expenses of any type from a seed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from itertools import cycle, islice
from random import Random
from typing import Any

from pleo_simulator.demo import FISCAL_YEAR, TODAY, demo_items
from pleo_simulator.expenses import INVOICE_TYPES, TYPES, Expense, Line, export_item
from pleo_simulator.oauth import Client
from pleo_simulator.pleo_state import Company
from pleo_simulator.sample_catalogue import PEOPLE, SUPPLIERS, TAX_CODES
from pleo_simulator.service import PleoService

__all__ = [
    "API_KEYS",
    "HAVN",
    "LUMBRE",
    "NORTHGATE",
    "OAUTH_CLIENT",
    "demo_company",
    "demo_items",
    "load_sample",
    "sample_items",
]

Json = dict[str, Any]

NORTHGATE = "11111111-1111-4111-8111-111111111111"
HAVN = "22222222-2222-4222-8222-222222222222"
LUMBRE = "33333333-3333-4333-8333-333333333333"

REGISTRATION_NUMBERS = {NORTHGATE: "07142369", HAVN: "41732905", LUMBRE: "B86501234"}
API_KEYS = {NORTHGATE: "plp_northgate", HAVN: "plp_havn", LUMBRE: "plp_lumbre"}
OAUTH_CLIENT = Client("pleo-export", "local-client-secret", ("http://127.0.0.1:8082/oauth/callback",), NORTHGATE)

_SUB_TYPES: dict[str, tuple[str | None, ...]] = {
    "external_reimbursement": ("reimbursement_to_employee",),
    "direct_reimbursement": (
        "reimbursement_to_employee",
        "reimbursement_to_employee_refund",
        "reimbursement_to_company",
    ),
    "invoice_payment": ("invoice_payment_sent", "invoice_payment_returned"),
    "fee": (None, "interest"),
}
_OWN_ACCOUNT = {"mileage": "6210", "per_diem": "6200", "cashback": "4900", "fee": "6900"}
_NO_CATEGORY = frozenset(
    {
        "external_reimbursement",
        "direct_reimbursement",
        "invoice_payment",
        "atm_withdrawal",
        "wallet_topup",
        "wallet_unload",
        "personal_spend",
    }
)
_NO_TAX = _NO_CATEGORY | {"fee", "cashback", "per_diem", "mileage"}
_NO_SUPPLIER = frozenset(
    {
        "mileage",
        "per_diem",
        "wallet_topup",
        "wallet_unload",
        "atm_withdrawal",
        "direct_reimbursement",
        "external_reimbursement",
    }
)
_NO_USER = frozenset({"wallet_topup", "wallet_unload", "fee", "cashback"})


def sample_items(
    company_id: str, count: int, seed: int, types: Collection[str] = TYPES, today: date = TODAY
) -> Iterator[Json]:
    """`count` raw export items, taking turns through `types` and their subtypes; all of them add up. The same arguments
    give the same items. Dates lie between 1 January 2026 and `today`."""
    random = Random(seed)  # noqa: S311 - sample data
    variants = [(each, sub_type) for each in types for sub_type in _SUB_TYPES.get(each, (None,))]
    first = FISCAL_YEAR[0]
    for number, (expense_type, sub_type) in enumerate(islice(cycle(variants), count)):
        expense = _expense(random, f"sample-{seed}-{number}", expense_type, sub_type)
        yield export_item(company_id, expense, first + timedelta(days=random.randint(0, max(0, (today - first).days))))


def demo_company(company_id: str = NORTHGATE, today: date = TODAY) -> Company:
    """The company of the demo, with its forty expenses (`demo_items`)."""
    return _company(company_id, "Northgate Studio Ltd", "GBP", demo_items(company_id, today))


def load_sample(service: PleoService, today: date | None = None) -> None:
    """Three companies with an API key each, and an OAuth client for the first. `today` is the clock's by default."""
    today = today or service.clock.now().date()
    service.state.put_company(demo_company(today=today))
    service.state.put_company(_company(HAVN, "Havn Design ApS", "EUR", sample_items(HAVN, 60, seed=2, today=today)))
    service.state.put_company(
        _company(LUMBRE, "Estudio Lumbre S.L.", "EUR", sample_items(LUMBRE, 60, seed=3, today=today))
    )
    for company_id, key in API_KEYS.items():
        service.credentials.add_key(key, company_id)
    service.oauth.register(OAUTH_CLIENT)


def _company(company_id: str, name: str, currency: str, items: Iterator[Json] | list[Json]) -> Company:
    return Company(
        company_id,
        name,
        currency,
        expenses={item["accountingEntryId"]: item for item in items},
        registration_number=REGISTRATION_NUMBERS.get(company_id),
    )


def _expense(random: Random, key: str, expense_type: str, sub_type: str | None) -> Expense:
    supplier = None if expense_type in _NO_SUPPLIER else random.choice(list(SUPPLIERS.values()))
    user = None if expense_type in _NO_USER else random.choice(list(PEOPLE))
    account = None
    if expense_type not in _NO_CATEGORY:
        account = _OWN_ACCOUNT.get(expense_type) or (supplier.account if supplier else "6400")
    splits = random.choice((1, 1, 1, 2, 3)) if account and expense_type not in _NO_TAX else 1
    receipt = f"{key}.{random.choice(('pdf', 'jpg', 'png'))}"
    return Expense(
        key=key,
        type=expense_type,
        lines=tuple(_line(random, expense_type, account) for _ in range(splits)),
        currency=random.choice(("GBP", "EUR")),
        sub_type=sub_type,
        supplier=supplier.name if supplier else None,
        user=user,
        note=random.choice((None, "Client visit", "For the autumn campaign", "Team lunch", "Renewal")),
        receipts=(receipt,) if account and expense_type not in _NO_USER and random.random() < 0.7 else (),
        paid_in=("USD", 5, 4) if expense_type == "card_purchase" and random.random() < 0.2 else None,
        service_days=30 if expense_type in INVOICE_TYPES else 0,
    )


def _line(random: Random, expense_type: str, account: str | None) -> Line:
    tax = None if expense_type in _NO_TAX else random.choice((None, *TAX_CODES))
    tags = tuple(
        tag for tag in (random.choice(("LON", "CPH", "MAD", "")), random.choice(("P-100", "P-200", ""))) if tag
    )
    return Line(random.randint(100, 90_000), account, tax, tags if account else ())
