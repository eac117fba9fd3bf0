"""The documents that Tryton holds, as the port names them: bills are invoices, everything else is a move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime

from pleo_export.accounting.errors import PossibleDuplicate
from pleo_export.accounting.matching import settlement
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.accounting.tryton.rest import Record, TrytonRest
from pleo_export.accounting.tryton.settings import TrytonSettings
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.failures.ledger import RECORDED_TWICE

MOVE, INVOICE = "account.move", "account.invoice"
FIELDS = {
    MOVE: ("description", "number", "state", "date", "origin", "lines.description"),
    INVOICE: (
        *("description", "number", "state", "accounting_date", "invoice_date"),
        *("total_amount", "origin_invoices"),
    ),
}
_STATES = {
    "draft": DocumentState.DRAFT,
    "validated": DocumentState.DRAFT,
    "posted": DocumentState.POSTED,
    "paid": DocumentState.POSTED,
    "cancelled": DocumentState.VOID,
}


def model_of(kind: DocumentKind) -> str:
    """Return the Tryton model that holds documents of this kind."""
    return INVOICE if kind in (DocumentKind.BILL, DocumentKind.CREDIT_NOTE) else MOVE


class TrytonDocuments:
    """Reads documents. Every method that calls Tryton raises AccountingError."""

    def __init__(self, settings: TrytonSettings, rest: TrytonRest) -> None:
        self._tryton = rest
        self._of_company = ["company", "=", settings.company]
        self._link = f"{str(settings.web_url or settings.url).rstrip('/')}/#{settings.database}/model/"

    def find_many(self, references: Collection[str]) -> Mapping[str, DocumentOutcome]:
        """Find the document of each reference that has one, void ones included: two calls."""
        wanted = list(references)
        found: dict[str, list[DocumentRef]] = defaultdict(list)
        for document in [*self._moves(wanted), *self._invoices(wanted)]:
            found[document.reference].append(document)
        return {reference: _one_document(documents) for reference, documents in found.items()}

    def read(self, model: str, ids: Mapping[str, int]) -> Mapping[str, DocumentRef]:
        """Read documents by id, and return them by reference; those that are gone are left out."""
        rows = self._tryton.search_read(model, [["id", "in", list(ids.values())]], FIELDS[model])
        found = {row["id"]: row for row in rows}
        return {
            reference: self.document(model, found[id_], reference) for reference, id_ in ids.items() if id_ in found
        }

    def document(self, model: str, row: Record, reference: str | None = None, *, void: bool = False) -> DocumentRef:
        """Return a record as the port names it. `reference`: ours, where it is known; a person may have changed it in
        Tryton."""
        if model == MOVE:
            texts = [line["description"] for line in row["lines"]]
            kind = DocumentKind.PAYMENT if any(settlement(text) for text in texts) else DocumentKind.JOURNAL_ENTRY
            on = row["date"]
        else:
            kind = DocumentKind.CREDIT_NOTE if row["total_amount"] < 0 else DocumentKind.BILL
            on = row["accounting_date"] or row["invoice_date"] or _today()  # as Tryton dates a bill without a date
        state = DocumentState.VOID if void else _STATES[row["state"]]
        return self.ref(reference or row["description"], kind, row["id"], row["number"], state, on)

    def ref(
        self, reference: str, kind: DocumentKind, id_: int, number: str | None, state: DocumentState, on: date
    ) -> DocumentRef:
        """Return the document of this id, with the link that opens it in Tryton's web client."""
        return DocumentRef(reference, kind, str(id_), number, state, on, f"{self._link}{model_of(kind)}/{id_}")

    def move_rows(self, references: Sequence[str], fields: Sequence[str]) -> list[tuple[Record, bool]]:
        """Read the moves of these references, and whether each is void; not those that only cancel another one."""
        cancellation = ["origin.description", "in", references, MOVE]
        domain = [self._of_company, ["OR", ["description", "in", references], cancellation]]
        rows = self._tryton.search_read(MOVE, domain, fields, [["id", "ASC"]])
        void = _cancelled(rows)
        return [(row, row["id"] in void) for row in rows if not _cancels(row)]

    def invoice_rows(self, references: Sequence[str], fields: Sequence[str]) -> list[Record]:
        """Read the invoices of these references. Leave out those that Tryton's "Credit" made of ours: they are copies
        with the same description."""
        domain = [self._of_company, ["type", "=", "in"], ["description", "in", references]]
        rows = self._tryton.search_read(INVOICE, domain, fields, [["id", "ASC"]])
        return [row for row in rows if not row["origin_invoices"]]

    def _moves(self, references: Sequence[str]) -> list[DocumentRef]:
        return [self.document(MOVE, row, void=void) for row, void in self.move_rows(references, FIELDS[MOVE])]

    def _invoices(self, references: Sequence[str]) -> list[DocumentRef]:
        return [self.document(INVOICE, row) for row in self.invoice_rows(references, FIELDS[INVOICE])]


def _today() -> date:
    return datetime.now(UTC).date()


def _one_document(documents: Sequence[DocumentRef]) -> DocumentOutcome:
    """Return a live one rather than a void one; of two live ones a person decides."""
    live = [document for document in documents if document.state is not DocumentState.VOID]
    if len(live) > 1:
        names = " and ".join(document.number or f"draft {document.id}" for document in live)
        return PossibleDuplicate(RECORDED_TWICE.told(ledger=TITLE, names=names))
    return live[0] if live else documents[-1]


def _cancels(row: Record) -> int | None:
    """Return the move that this one cancels. Tryton's "Cancel" makes a reversed copy with the same description."""
    model, _, id_ = (row["origin"] or "").partition(",")
    return int(id_) if model == MOVE else None


def _cancelled(rows: Sequence[Record]) -> frozenset[int]:
    """Return the cancelled moves: a posted one is void once its cancellation is posted, a draft at once."""
    states = {row["id"]: row["state"] for row in rows}
    return frozenset(
        origin
        for row in rows
        if (origin := _cancels(row)) and (row["state"] == "posted" or states.get(origin) == "draft")
    )
