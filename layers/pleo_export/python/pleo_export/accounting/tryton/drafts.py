"""Drafts of new documents in Tryton: what is checked before they are sent, and why one was refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from pleo_export.accounting.errors import AccountingError, InternalFault, PeriodClosed, Rejected
from pleo_export.accounting.port import DocumentOutcome, DocumentState
from pleo_export.accounting.tryton.documents import TrytonDocuments
from pleo_export.accounting.tryton.periods import TrytonPeriods
from pleo_export.accounting.tryton.posting import TrytonPosting
from pleo_export.accounting.tryton.rest import Record
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.bookkeeping.documents import Document
from pleo_export.failures.ledger import NOT_BALANCED
from pleo_export.observability import logger

AnyDocument = TypeVar("AnyDocument", bound=Document)


class TrytonDrafts:
    """Creates drafts, each with its own outcome."""

    def __init__(self, documents: TrytonDocuments, periods: TrytonPeriods, posting: TrytonPosting) -> None:
        self._documents = documents
        self._periods = periods
        self._posting = posting

    def create(
        self, model: str, documents: Sequence[AnyDocument], values: Callable[[AnyDocument, int], Record]
    ) -> tuple[dict[str, int], dict[str, DocumentOutcome]]:
        """Create a draft of each document, from the `values` of the document in the period of the given id. Return the
        ids of the drafts, and the errors of the other documents: what was not sent, and what Tryton refused. Raises
        AccountingError only if nothing was created."""
        records, outcomes = self.records(documents, values)
        created, refused = self._posting.create(model, records)
        return created, {**outcomes, **self._with_closed_periods(refused, documents)}

    def records(
        self, documents: Sequence[AnyDocument], values: Callable[[AnyDocument, int], Record]
    ) -> tuple[dict[str, Record], dict[str, AccountingError]]:
        """Return what to send for each document, and the errors of those that are not sent. Writes nothing."""
        records: dict[str, Record] = {}
        outcomes: dict[str, AccountingError] = {}
        for document in documents:
            try:
                _require_balance(document)
                records[document.reference] = values(document, self._periods.open_period(document.posting_date))
            except AccountingError as error:
                outcomes[document.reference] = error
            except Exception as fault:  # unforeseen, so the other documents must not fail with it
                logger.error("a document could not be prepared", extra={"error": type(fault).__name__})
                outcomes[document.reference] = InternalFault(fault)
        return records, outcomes

    def refs(self, created: Mapping[str, int], documents: Iterable[Document]) -> dict[str, DocumentOutcome]:
        """Return the drafts as the port names them, by reference, without reading them back."""
        return {
            each.reference: self._documents.ref(
                each.reference, each.kind, created[each.reference], None, DocumentState.DRAFT, each.posting_date
            )
            for each in documents
            if each.reference in created
        }

    def _with_closed_periods(
        self, refused: Mapping[str, AccountingError], documents: Iterable[Document]
    ) -> dict[str, DocumentOutcome]:
        """Name the refusals that a closed period explains. Tryton says so in words only, so the periods are read once
        more."""
        explained: dict[str, DocumentOutcome] = dict(refused)
        if not any(type(error) is Rejected for error in refused.values()):
            return explained
        self._periods.forget()
        dates = {document.reference: document.posting_date for document in documents}
        for reference, error in refused.items():
            if type(error) is Rejected:
                try:
                    self._periods.open_period(dates[reference])
                except PeriodClosed as closed:
                    explained[reference] = closed
        return explained


def _require_balance(document: Document) -> None:
    if not document.lines or sum(line.amount for line in document.lines) != 0:
        raise Rejected(NOT_BALANCED.told(ledger=TITLE))
