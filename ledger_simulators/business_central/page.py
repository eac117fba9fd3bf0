"""The page of the ledger: what a bookkeeper would look up in Business Central, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ledger_simulators.business_central.ledger import BusinessCentralLedger
from ledger_simulators.business_central.store import Row

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def ledger_page(ledger: BusinessCentralLedger) -> Response:
    """Return the page: balances, entries, journals with their lines, purchase documents."""
    store = ledger.store
    files = {row["parentId"] for row in store.rows("attachments")}
    entries = [
        {**row, "file": row["id"] in files, "dimensions": _dimensions(ledger, row["id"])}
        for row in store.rows("generalLedgerEntries")
    ]
    journals = [
        {"code": batch["code"], "name": batch["displayName"], "lines": lines}
        for table, below in (("journals", "journalLines"), ("vendorPaymentJournals", "vendorPayments"))
        for batch in store.rows(table)
        if (lines := store.select(below, journalId=batch["id"]))
    ]
    text = _TEMPLATES.get_template("ledger.html").render(
        company=ledger.company["name"],
        currency=ledger.setup["localCurrencyCode"],
        balances=_balances(ledger),
        entries=entries,
        journals=journals,
        invoices=[*store.rows("purchaseInvoices"), *store.rows("purchaseCreditMemos")],
    )
    return Response(text, headers=_HEADERS, content_type="text/html; charset=utf-8")


def _dimensions(ledger: BusinessCentralLedger, parent: str) -> str:
    rows = ledger.store.select("dimensionSetLines", parentId=parent)
    return ", ".join(f"{row['code']} {row['valueCode']}" for row in rows)


def _balances(ledger: BusinessCentralLedger) -> list[Mapping[str, Any]]:
    sums: dict[str, Decimal] = {}
    for entry in ledger.store.rows("generalLedgerEntries"):
        amount = entry["debitAmount"] - entry["creditAmount"]
        sums[entry["accountNumber"]] = sums.get(entry["accountNumber"], Decimal(0)) + amount
    names: dict[str, Row] = {row["number"]: row for row in ledger.store.rows("accounts")}
    return [
        {"number": number, "name": names[number]["displayName"], "balance": balance}
        for number, balance in sorted(sums.items())
    ]
