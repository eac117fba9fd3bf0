"""The ledger as a page for people: what is on the accounts, and every document with its lines."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ledger_simulators.xero.ledger import TEXTS, XeroLedger
from pleo_simulator.clock import Clock

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)
_TITLES = {
    "BankTransactions": "Bank transaction",
    "ManualJournals": "Manual journal",
    "Invoices": "Bill",
    "CreditNotes": "Credit note",
    "Payments": "Payment",
}


def ledger_page(ledger: XeroLedger, clock: Clock) -> str:
    """Return the page, as of the clock's day."""
    with ledger.books.lock:
        names = {each.get("Code"): each["Name"] for each in ledger.books.accounts}
        balances = [
            {"code": code, "name": names.get(code, ""), "amount": _amount(Decimal(amount) / 100)}
            for code, amount in sorted(ledger.balances().items())
            if amount
        ]
        documents = [_document(ledger, kind, row) for kind, row in ledger.books.all_documents()]
        documents.sort(key=lambda each: str(each["date"]), reverse=True)
        organisation = ledger.books.organisation
        locks = [organisation[name] for name in ("PeriodLockDate", "EndOfYearLockDate") if organisation.get(name)]
        return _TEMPLATES.get_template("ledger.html").render(
            organisation=organisation["Name"],
            today=clock.now().date(),
            locked=max(locks, default=None),
            calls=ledger.limits.calls,
            balances=balances,
            documents=documents,
        )


def _document(ledger: XeroLedger, kind: Any, row: dict[str, Any]) -> dict[str, Any]:
    lines = [
        {"account": each.account, "amount": _amount(each.foreign or each.amount)} for each in ledger.postings(kind, row)
    ]
    owed = row.get("Invoice") or row.get("CreditNote") or row
    return {
        "kind": _TITLES[kind.endpoint],
        "date": row["Date"],
        "status": row["Status"],
        "contact": (owed.get("Contact") or {}).get("Name", ""),
        "text": next((str(row[name]) for name in TEXTS if row.get(name)), ""),
        "currency": owed.get("CurrencyCode") or ledger.books.own_currency,
        "lines": lines,
        "files": [each.name for each in ledger.files(row[kind.id])],
    }


def _amount(amount: Decimal) -> str:
    return f"{amount:,.2f}"
