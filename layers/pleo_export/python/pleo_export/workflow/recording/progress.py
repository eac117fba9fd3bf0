"""What is known of the items of a chunk while they are being recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from pleo_export.accounting.errors import AccountingError, KeptAsDraft, OutcomeUnknown
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import Document
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.store.postings import Posting
from pleo_export.workflow.recording.preparation import PreparedItem
from pleo_export.workflow.recording.receipts import NO_RECEIPTS, PreparedReceipts
from pleo_export.workflow.recording.recovery import Decision


@dataclass(frozen=True)
class ItemPlan:
    """A candidate, its posting record, the decision, and which of its documents exist already, by reference."""

    item: PreparedItem
    posting: Posting | None
    decision: Decision
    found: Mapping[str, DocumentRef]
    warnings: tuple[str, ...] = ()

    @property
    def entry_id(self) -> str:
        return self.item.entry_id

    @property
    def documents(self) -> Sequence[Document]:
        return self.item.booking.documents

    @property
    def interrupted(self) -> bool:
        """An earlier try to record it left its intent and nothing else."""
        return self.posting is not None and not self.posting.document_id

    def missing(self, documents: Iterable[Document]) -> list[Document]:
        return [each for each in documents if each.reference not in self.found]


class InDoubt(OutcomeUnknown):
    """It is not known yet whether a document exists. `wait`: how long until a search can tell; None: the item is not
    tried again, and `message` is its result."""

    def __init__(self, message: str, failure: ItemFailure, wait: timedelta | None) -> None:
        super().__init__(message)
        self.failure = failure
        self.wait = wait


@dataclass
class ItemProgress:
    """A case under way: its files, our intent to create something, and what became of each of its documents.
    `unposted`: why one that is there is still a draft. `retry_files`: in how long to attach its files again."""

    plan: ItemPlan
    files: PreparedReceipts = NO_RECEIPTS
    intent: Posting | None = None
    outcomes: dict[str, DocumentOutcome] = field(default_factory=dict)
    posting_error: AccountingError | None = None
    attachment_error: ItemRejected | None = None
    retry_files: timedelta | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.outcomes.update(self.plan.found)
        self.warnings = (*self.plan.warnings, *self.warnings)

    @property
    def booked(self) -> bool:
        return isinstance(self.outcomes.get(self.plan.item.main.reference), DocumentRef)

    @property
    def main(self) -> DocumentOutcome:
        return self.outcomes[self.plan.item.main.reference]

    @property
    def documents(self) -> list[DocumentRef]:
        """Those that exist, the main one first."""
        held = (self.outcomes.get(each.reference) for each in self.plan.documents)
        return [each for each in held if isinstance(each, DocumentRef)]

    @property
    def first_fault(self) -> AccountingError | None:
        """Of the documents in their order."""
        asked = (self.outcomes.get(each.reference) for each in self.plan.documents)
        return next((each for each in asked if isinstance(each, AccountingError)), self.posting_error)

    @property
    def finished(self) -> bool:
        return self.first_fault is None and self.attachment_error is None and self.retry_files is None

    def learn(self, reference: str, outcome: DocumentOutcome) -> None:
        """Note the outcome of a document. One that is kept as a draft exists, and the item fails for its cause."""
        if isinstance(outcome, KeptAsDraft):
            self.outcomes[reference], self.posting_error = outcome.document, outcome
        else:
            self.outcomes[reference] = outcome


def name_of(document: DocumentRef) -> str:
    """As the bookkeeper finds it in the accounting system."""
    name = document.number or document.id
    return f"draft {name}" if document.state is DocumentState.DRAFT else name
