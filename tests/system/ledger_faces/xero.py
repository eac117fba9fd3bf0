"""Xero's simulator as tests look into it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from ledger_simulators.xero.books import XeroKind
from ledger_simulators.xero.ledger import XeroLedger
from ledger_simulators.xero.wire import Json
from local.ledgers.xero import PROFILE
from pleo_export.accounting.port import DocumentState
from tests.system.fake_network import Answer, Request
from tests.system.held_documents import Held
from tests.system.ledger_faces.face import LedgerFace, reference_in, role_of

Rows = list[tuple[XeroKind, Json]]
_DRAFT = ("DRAFT", "SUBMITTED")
_TEXTS = ("Reference", "Narration", "InvoiceNumber", "CreditNoteNumber")
_REFUSAL = "The organisation is being restored from a backup."


def documents(ledger: XeroLedger) -> Sequence[Held]:
    """Return all documents of ours. A payment of several bills is several payments of Xero's."""
    return [_held(ledger, id_, rows) for id_, rows in _documents(ledger).items()]


def _documents(ledger: XeroLedger) -> dict[str, Rows]:
    """Return the rows of each document, by the id that Pleo is told."""
    together: dict[tuple[str, ...], Rows] = defaultdict(list)
    for kind, row in ledger.books.all_documents():
        if reference := reference_in(*(row.get(name) for name in _TEXTS)):
            alone = () if kind.endpoint == "Payments" else (str(row[kind.id]),)
            together[reference, str(row["Status"] in kind.void), *alone].append((kind, row))
    return {_id(rows): rows for rows in together.values()}


def _id(rows: Rows) -> str:
    mark = "mj-" if rows[0][0].endpoint == "ManualJournals" else ""
    return mark + ",".join(sorted(str(row[kind.id]) for kind, row in rows))


def _held(ledger: XeroLedger, id_: str, rows: Rows) -> Held:
    kind, row = rows[0]
    reference = reference_in(*(row.get(name) for name in _TEXTS))
    lines = [line for kind, row in rows for line in ledger.postings(kind, row)]
    totals = [Decimal(row.get("Total") or row.get("Amount") or 0) for _, row in rows]
    sums = {int(sum(totals) * 100), *(abs(int(each.foreign * 100)) for each in lines)}
    return Held(
        id=id_,
        reference=reference,
        role=role_of(reference),
        state=_state(kind, row),
        on=row["Date"],
        accounts=tuple(each.account for each in lines),
        sums=frozenset(sums),
        balances=sum((each.amount for each in lines), Decimal(0)) == 0,
        contents=tuple((each.name, each.content) for each in ledger.files(row[kind.id])),
    )


def _state(kind: XeroKind, row: Json) -> DocumentState:
    if row["Status"] in kind.void:
        return DocumentState.VOID
    return DocumentState.DRAFT if row["Status"] in _DRAFT else DocumentState.POSTED


def void(ledger: XeroLedger, id_: str) -> None:
    """A person voids a document; a draft is deleted, which Xero shows all the same."""
    for kind, row in _documents(ledger)[id_]:
        if row["Status"] not in kind.void:
            posted = row["Status"] not in _DRAFT and kind.endpoint in ("ManualJournals", "Invoices", "CreditNotes")
            ledger.set_status(kind, row, "VOIDED" if posted else "DELETED")


def refused(_: Request) -> Answer:
    """Refuse a write for a reason of Xero's own."""
    content = {
        "ErrorNumber": 10,
        "Type": "ValidationException",
        "Message": "A validation exception occurred",
        "Elements": [{"ValidationErrors": [{"Message": _REFUSAL}]}],
    }
    return Answer(400, [("Content-Type", "application/json")], json.dumps(content).encode())


FACE = LedgerFace(PROFILE, documents, void, void, refused, shows_deleted_drafts=True)
