"""The state of an item while it is being recorded: its plan, and the outcomes of its documents so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from pleo_export.accounting.errors import AccountingError, KeptAsDraft, OutcomeUnknown
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import Document
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.entry import FailureText
from pleo_export.store.attached_files import AttachedFile
from pleo_export.store.postings import Posting
from pleo_export.workflow.recording.preparation import PreparedItem
from pleo_export.workflow.recording.receipts import NO_RECEIPTS, AttachmentOutcome, PreparedReceipts
from pleo_export.workflow.recording.recovery import Decision


@dataclass(frozen=True)
class ItemPlan:
    """What to do with an item: its posting record, the decision, and those of its documents that exist already, by
    reference."""

    item: PreparedItem
    posting: Posting | None
    decision: Decision
    found: Mapping[str, DocumentRef]
    warnings: tuple[str, ...] = ()

    @property
    def entry_id(self) -> str:
        """The id of the item's accounting entry."""
        return self.item.entry_id

    @property
    def support(self) -> str:
        """Whom a failure names where only support can help."""
        return self.item.settings.support_contact

    @property
    def documents(self) -> Sequence[Document]:
        """All documents of the item, the main one first."""
        return self.item.booking.documents

    @property
    def interrupted(self) -> bool:
        """Whether an earlier try to record it left its intent and nothing else."""
        return self.posting is not None and not self.posting.document_id

    def missing(self, documents: Iterable[Document]) -> list[Document]:
        """Return those of the documents that do not exist yet."""
        return [each for each in documents if each.reference not in self.found]


class InDoubt(OutcomeUnknown):
    """It is not known yet whether a document exists. `wait`: how long until a search can tell; None: the item is not
    tried again, and `told` is its result."""

    def __init__(self, told: FailureText, failure: ItemFailure, wait: timedelta | None) -> None:
        super().__init__(told)
        self.failure = failure
        self.wait = wait


@dataclass
class ItemProgress:
    """An item that is being recorded: its files, the intent written in this call, and the outcomes of its documents.
    `posting_error`: why one that exists is still a draft. `retry_files`: how long to wait before its files are
    attached again; `files_in_doubt`: what was sent of them may still arrive. `attached`: those that its main document
    has for certain."""

    plan: ItemPlan
    files: PreparedReceipts = NO_RECEIPTS
    intent: Posting | None = None
    outcomes: dict[str, DocumentOutcome] = field(default_factory=dict)
    posting_error: AccountingError | None = None
    attachment_error: ItemRejected | None = None
    retry_files: timedelta | None = None
    files_in_doubt: bool = False
    attached: tuple[AttachedFile, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.outcomes.update(self.plan.found)
        self.warnings = (*self.plan.warnings, *self.warnings)

    @property
    def booked(self) -> bool:
        """Whether the main document exists."""
        return isinstance(self.outcomes.get(self.plan.item.main.reference), DocumentRef)

    @property
    def main(self) -> DocumentOutcome:
        """The outcome of the main document. Raises KeyError before it has one."""
        return self.outcomes[self.plan.item.main.reference]

    @property
    def documents(self) -> list[DocumentRef]:
        """Those that exist, the main one first."""
        held = (self.outcomes.get(each.reference) for each in self.plan.documents)
        return [each for each in held if isinstance(each, DocumentRef)]

    @property
    def first_fault(self) -> AccountingError | None:
        """The first error of the documents in their order, else why one is not posted; None if all are in order."""
        asked = (self.outcomes.get(each.reference) for each in self.plan.documents)
        return next((each for each in asked if isinstance(each, AccountingError)), self.posting_error)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do: documents, posting and files."""
        return self.first_fault is None and self.attachment_error is None and self.retry_files is None

    def learn_files(self, attached: AttachmentOutcome) -> None:
        """Note what became of the files."""
        self.attachment_error, self.retry_files = attached.attachment_error, attached.retry
        self.files_in_doubt, self.attached = attached.in_doubt, attached.attached
        self.warnings = (*self.warnings, *attached.warnings)

    def learn(self, reference: str, outcome: DocumentOutcome) -> None:
        """Note the outcome of a document. One that is kept as a draft exists, and the item fails for its cause."""
        if isinstance(outcome, KeptAsDraft):
            self.outcomes[reference], self.posting_error = outcome.document, outcome
        else:
            self.outcomes[reference] = outcome


def name_of(document: DocumentRef) -> str:
    """Return the document's name as the bookkeeper finds it in the accounting system."""
    name = document.number or document.id
    return f"draft {name}" if document.state is DocumentState.DRAFT else name
