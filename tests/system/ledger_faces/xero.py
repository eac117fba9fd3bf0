"""Xero's simulator as tests look into it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ledger_simulators.xero.books import XeroKind
from ledger_simulators.xero.ledger import XeroLedger
from ledger_simulators.xero.wire import Json
from local.ledgers.xero import PROFILE
from pleo_export.accounting.port import DocumentState
from tests.system.fake_network import Answer, Request
from tests.system.held_documents import Held
from tests.system.ledger_faces.face import LedgerFace, reference_in, role_of

_DRAFT = ("DRAFT", "SUBMITTED")
_REFUSAL = "The organisation is being restored from a backup."


def documents(ledger: XeroLedger) -> Sequence[Held]:
    """Return all documents of ours."""
    found = [(reference_of(row), kind, row) for kind, row in ledger.books.all_documents()]
    return [_held(ledger, reference, kind, row) for reference, kind, row in found if reference]


def reference_of(row: Json) -> str:
    """Return the reference that a document carries; empty if it is not ours."""
    lines = row.get("LineItems") or row.get("JournalLines") or []
    texts = [row.get(name) for name in ("Reference", "Narration", "InvoiceNumber", "CreditNoteNumber", "Url")]
    return reference_in(*texts, *(line.get("Description") for line in lines))


def _held(ledger: XeroLedger, reference: str, kind: XeroKind, row: Json) -> Held:
    lines = ledger.postings(kind, row)
    gross = {abs(int(each.foreign * 100)) for each in lines}
    state = DocumentState.POSTED
    if row["Status"] in kind.void:
        state = DocumentState.VOID
    elif row["Status"] in _DRAFT:
        state = DocumentState.DRAFT
    return Held(
        id=row[kind.id],
        reference=reference,
        role=role_of(reference),
        state=state,
        on=row["Date"],
        accounts=tuple(each.account for each in lines),
        sums=frozenset(gross | {abs(int(row[name] * 100)) for name in ("Total", "Amount") if name in row}),
        balances=sum((each.amount for each in lines), Decimal(0)) == 0,
        contents=tuple((each.name, each.content) for each in ledger.files(row[kind.id])),
    )


def void(ledger: XeroLedger, id_: str) -> None:
    """A person voids a document."""
    kind, row = _by_id(ledger, id_)
    if row["Status"] not in kind.void:
        void_as = (
            "DELETED" if row["Status"] in _DRAFT or "VOIDED" not in kind.void or "BankAccount" in row else "VOIDED"
        )
        ledger.set_status(kind, row, void_as)


def refused(request: Request) -> Answer:
    """Refuse a write for a reason of Xero's own."""
    content = {
        "ErrorNumber": 10,
        "Type": "ValidationException",
        "Message": "A validation exception occurred",
        "Elements": [{"ValidationErrors": [{"Message": _REFUSAL}]}],
    }
    return Answer(400, [("Content-Type", "application/json")], json.dumps(content).encode())


def takes(expense: Mapping[str, Any]) -> bool:
    """Xero has an account for each currency of the sample."""
    return True


def _by_id(ledger: XeroLedger, id_: str) -> tuple[XeroKind, Json]:
    return next((kind, row) for kind, row in ledger.books.all_documents() if row[kind.id] == id_)


FACE = LedgerFace(PROFILE, documents, void, void, refused, takes)
