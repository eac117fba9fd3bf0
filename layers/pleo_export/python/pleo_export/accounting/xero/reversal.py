"""Undoing documents: in Xero a document becomes void itself, on its own day, and keeps its place in the history."""

from __future__ import annotations

from pleo_export.accounting.errors import AccountingError, Rejected
from pleo_export.accounting.port import DocumentRef
from pleo_export.accounting.xero.documents import XeroDocuments
from pleo_export.accounting.xero.error_table import refusal
from pleo_export.accounting.xero.kinds import VOID, XeroEndpoint, undoing
from pleo_export.accounting.xero.rest import Record, XeroRefused, XeroRest
from pleo_export.observability import logger

_NOTE = "Reversed by pleo-export: {reference}"


class XeroReversal:
    """Undoes documents. Every method raises AccountingError."""

    def __init__(self, rest: XeroRest, documents: XeroDocuments) -> None:
        self._rest = rest
        self._documents = documents

    def reverse(self, document: DocumentRef) -> None:
        """Make a document void, or delete a draft; nothing is done where that has happened. Raises PeriodClosed,
        Rejected for what is reconciled or paid, or another AccountingError."""
        for endpoint, rows in self._documents.rows([document.reference]).get(document.reference, ()):
            if self._documents.ref(endpoint, rows, document.reference).id != document.id:
                continue
            for row in rows:
                if row.get("Status") not in VOID:
                    self._undo(endpoint, row, document)

    def _undo(self, endpoint: XeroEndpoint, row: Record, document: DocumentRef) -> None:
        id_ = str(row[endpoint.id])
        draft = row.get("Status") in ("DRAFT", "SUBMITTED")
        try:
            self._rest.change(endpoint.name, id_, undoing(endpoint, row))
        except XeroRefused as refused:
            if not refused.messages:
                raise Rejected(refused.told, status=refused.status, code=refused.code) from None
            raise refusal(refused.messages, document.date) from None
        if not draft:
            self._note(endpoint, id_, document.reference)

    def _note(self, endpoint: XeroEndpoint, id_: str, reference: str) -> None:
        """Say in the history who did it. Xero's own line is there without it."""
        try:
            self._rest.note(endpoint.name, id_, _NOTE.format(reference=reference))
        except AccountingError as error:
            logger.warning("a document was reversed without a note", extra={"error": type(error).__name__})
