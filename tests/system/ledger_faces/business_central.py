"""Business Central's simulator as tests look into it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ledger_simulators.business_central.general_ledger import GeneralLedger, Posting
from ledger_simulators.business_central.ledger import BusinessCentralLedger
from ledger_simulators.business_central.purchases import TABLES, Purchases
from local.ledgers.business_central import PROFILE
from pleo_export.accounting.port import DocumentState
from pleo_export.accounting.short_key import short_key
from tests.system.fake_network import Answer, Request
from tests.system.held_documents import Held
from tests.system.ledger_faces.face import LedgerFace, reference_in, role_of

Row = dict[str, Any]
KEYS = {"purchaseInvoices": "shipToContact", "purchaseCreditMemos": "buyFromAddressLine2"}
_REFUSAL = "The company is being copied."


def documents(ledger: BusinessCentralLedger) -> Sequence[Held]:
    """Return all documents of ours: entries of the general ledger, lines of journals, bills."""
    return [*_posted(ledger), *_drafts(ledger), *_bills(ledger)]


def _posted(ledger: BusinessCentralLedger) -> Iterable[Held]:
    """A person's Reverse Transaction enters a document once more, with the other sign, under the same number."""
    for number, entries in _by_number(ledger.store.rows("generalLedgerEntries")).items():
        reference = reference_in(*(each["description"] for each in entries))
        if reference and short_key(reference) == number:
            amounts = [(each["accountNumber"], each["debitAmount"] - each["creditAmount"]) for each in entries]
            gone = all(sum(amount for other, amount in amounts if other == account) == 0 for account, _ in amounts)
            state = DocumentState.VOID if gone else DocumentState.POSTED
            files = _files(ledger, entries)
            yield _held(number, reference, state, entries[0]["postingDate"], amounts, files)


def _drafts(ledger: BusinessCentralLedger) -> Iterable[Held]:
    general = GeneralLedger(ledger)
    lines = [*ledger.store.rows("journalLines"), *ledger.store.rows("vendorPayments")]
    for number, same in _by_number(lines).items():
        reference = reference_in(*(each["description"] for each in same))
        if reference and short_key(reference) == number:
            postings = [each for line in same for each in general.preview(general.batch(line["journalId"]), line)]
            on = same[0]["postingDate"]
            yield _held(number, reference, DocumentState.DRAFT, on, _amounts(postings), _files(ledger, same))


def _bills(ledger: BusinessCentralLedger) -> Iterable[Held]:
    purchases = Purchases(ledger, GeneralLedger(ledger))
    for table, key in KEYS.items():
        for row in ledger.store.rows(table):
            reference = row[key]
            if reference_in(reference) != reference or not reference:
                continue
            state = DocumentState.DRAFT if row["status"] == "Draft" else DocumentState.POSTED
            if row["status"] in ("Canceled", "Corrective"):
                state = DocumentState.VOID
            amounts = _amounts(purchases.preview(table, row))
            held = _held(row["id"], reference, state, row["postingDate"], amounts, _files(ledger, [row]))
            rate = purchases.rate(row)
            yield held if rate == 1 else _in_its_currency(held, rate)


def _held(
    id_: str,
    reference: str,
    state: DocumentState,
    on: str,
    amounts: Sequence[tuple[str, Decimal]],
    files: tuple[tuple[str, bytes], ...],
) -> Held:
    gross = sum((amount for _, amount in amounts if amount > 0), Decimal(0))
    return Held(
        id=id_,
        reference=reference,
        role=role_of(reference),
        state=state,
        on=date.fromisoformat(on),
        accounts=tuple(account for account, _ in amounts),
        sums=frozenset({int(gross * 100), *(abs(int(amount * 100)) for _, amount in amounts)}),
        balances=sum((amount for _, amount in amounts), Decimal(0)) == 0,
        contents=files,
    )


def _in_its_currency(held: Held, rate: Decimal) -> Held:
    """Return the bill with its amounts in the currency of its supplier."""
    sums = frozenset(int((each / rate).to_integral_value()) for each in held.sums)
    return Held(**{**vars(held), "sums": sums})


def _by_number(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["documentNumber"], []).append(row)
    return found


def _amounts(postings: Iterable[Posting]) -> list[tuple[str, Decimal]]:
    return [(each.account, each.amount) for each in postings if each.amount]


def _files(ledger: BusinessCentralLedger, rows: Iterable[Row]) -> tuple[tuple[str, bytes], ...]:
    parents = {row["id"] for row in rows}
    files = ledger.store.rows("attachments")
    there = (each for each in files if each["parentId"] in parents and each["_content"])  # which comes after the name
    return tuple((each["fileName"], each["_content"]) for each in there)


def void(ledger: BusinessCentralLedger, id_: str) -> None:
    """A person reverses entries, or cancels a posted bill. A draft can only be deleted."""
    held = next((each for each in _posted(ledger) if each.id == id_), None)
    if held is not None and held.state is DocumentState.POSTED:
        GeneralLedger(ledger).reverse(id_)
    for table in TABLES:
        row = ledger.store.get(table, id_)
        if row is not None and row["status"] != "Draft":
            ledger.store.update(table, row, status="Canceled", _remaining=Decimal(0))


def delete(ledger: BusinessCentralLedger, id_: str) -> None:
    """A person deletes a draft, and undoes what is posted."""
    general = GeneralLedger(ledger)
    for line in [*ledger.store.rows("journalLines"), *ledger.store.rows("vendorPayments")]:
        if line["documentNumber"] == id_:
            general.delete_line(line)
    for table in TABLES:
        row = ledger.store.get(table, id_)
        if row is not None and row["status"] == "Draft":
            Purchases(ledger, general).delete(table, row)
    void(ledger, id_)


def refused(_: Request) -> Answer:
    """Refuse a write for a reason of Business Central's own."""
    error = {"error": {"code": "Application_DialogException", "message": f"{_REFUSAL}  CorrelationId:  1b6e1b1f."}}
    return Answer(400, [("Content-Type", "application/json")], json.dumps(error).encode())


def takes(expense: Mapping[str, Any]) -> bool:
    """Entries and payments of vendors are in the company's own currency only; refunds to the wallet are not settled."""
    in_pounds = expense["amount"]["inWalletCurrency"]["currency"] == "GBP"
    by_vendor = (expense["bookkeeping"] or {}).get("method") == "accounts_payable"
    return bool(in_pounds) and not (by_vendor and expense["type"] == "refund")


FACE = LedgerFace(PROFILE, documents, void, delete, refused, takes)
