"""Approving drafts of bills and credit notes, as a person does in Xero."""

from __future__ import annotations

from collections.abc import Sequence

from pleo_export.accounting.errors import AccountingError, KeptAsDraft, OutcomeUnknown, PossibleDuplicate
from pleo_export.accounting.port import DocumentOutcome, DocumentRef
from pleo_export.accounting.xero.documents import XeroDocuments
from pleo_export.accounting.xero.duplicates import repeated_drafts
from pleo_export.accounting.xero.error_table import refusal
from pleo_export.accounting.xero.kinds import XeroEndpoint
from pleo_export.accounting.xero.rest import Record, XeroRest, messages_of
from pleo_export.accounting.xero.title import TITLE
from pleo_export.failures.connection import LEDGER_IN_DOUBT
from pleo_export.failures.ledger import KEPT_AS_DRAFT, POSSIBLE_DUPLICATE


class XeroApproval:
    """Approves the drafts of one organisation."""

    def __init__(self, rest: XeroRest, documents: XeroDocuments) -> None:
        self._rest = rest
        self._documents = documents

    def approve(
        self, endpoint: XeroEndpoint, drafts: Sequence[DocumentRef], *, first: bool
    ) -> dict[str, DocumentOutcome]:
        """Approve drafts of one kind in one call, but those that repeat another document. Raises AccountingError only
        if `first`: nothing was approved before."""
        outcomes: dict[str, DocumentOutcome] = {}
        try:
            others = repeated_drafts(self._rest, endpoint, drafts)
            for each in drafts:
                if each.reference in others:
                    told = POSSIBLE_DUPLICATE.told(ledger=TITLE, draft=each.id, other=others[each.reference])
                    cause = PossibleDuplicate(told)
                    outcomes[each.reference] = KeptAsDraft(told, document=each, cause=cause)
            waiting = [each for each in drafts if each.reference not in others]
            elements = [{endpoint.id: each.id, "Status": "AUTHORISED"} for each in waiting]
            rows = self._rest.update(endpoint.name, elements) if elements else []
        except OutcomeUnknown as unknown:
            return outcomes | {each.reference: unknown for each in waiting}
        except AccountingError as error:
            if first:
                raise
            return {each.reference: error for each in drafts}
        for draft, row in zip(waiting, rows, strict=True):
            outcomes[draft.reference] = self._approved(endpoint, draft, row)
        return outcomes

    def _approved(self, endpoint: XeroEndpoint, draft: DocumentRef, row: Record) -> DocumentOutcome:
        messages = messages_of(row)
        if messages or row.get("StatusAttributeString") == "ERROR":
            cause = refusal(messages, draft.date)
            told = KEPT_AS_DRAFT.told(ledger=TITLE, draft=draft.id, words=cause.message)
            return KeptAsDraft(told, document=draft, cause=cause)
        if row.get(endpoint.id) != draft.id:
            return OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE))
        return self._documents.ref(endpoint, [row], draft.reference)
